# SPDX-License-Identifier: MIT
# NICs behind an IOMMU that translates (kernel argument iommu=nopt): each page of 4 KiB that a NIC may reach is a range
# of its own in the fabric. All other boots have iommu=pt, where a few ranges are the whole memory.

test_nics_are_translated() {
	local bdf
	for bdf in $NICS; do
		[[ $(cat "/sys/bus/pci/devices/$bdf/iommu_group/type") = DMA* ]]
	done
}

test_a_gibibyte_in_pages_of_4k() {
	many_pages "$nic_ext" "$nic_8bit" 1024
	many_pages "$nic_8bit" "$nic_ext" 64
	rc_ops write "$nic_ext" "$nic_8bit"
}
