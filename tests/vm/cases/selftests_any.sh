# SPDX-License-Identifier: MIT
# The vfio selftests that Linux 7.3 has for any device, on the endpoint and on the NIC. Left out: MSI, which
# neither has (both have MSI-X), and huge pages of 1 GiB.
. /opt/tphbuf/tests/ktap.sh

device_test() { selftest vfio_pci_device_test "$1" -V msi; }

dma_mapping_test() {
	local mode without=()
	for mode in vfio_type1_iommu vfio_type1v2_iommu iommufd_compat_type1 iommufd_compat_type1v2 iommufd; do
		without+=(-V "${mode}_anonymous_hugetlb_1gb")
	done
	echo 8 >/proc/sys/vm/nr_hugepages
	selftest vfio_dma_mapping_test "$1" "${without[@]}"
	echo 0 >/proc/sys/vm/nr_hugepages
}

# on_nic TEST: with the last NIC bound to vfio-pci meanwhile
on_nic() {
	local bdf=${NICS##*$'\n'} rc=0
	bind_vfio "$bdf"
	(set -e; "$1" "$bdf") || rc=$?
	unbind "$bdf"
	echo "$bdf" >/sys/bus/pci/drivers_probe
	return $rc
}

test_device_endpoint() { device_test "$endpoint"; }
test_device_nic() { on_nic device_test; }
test_dma_mapping_endpoint() { dma_mapping_test "$endpoint"; }
test_dma_mapping_nic() { on_nic dma_mapping_test; }
test_mmio_mapping_endpoint() { selftest vfio_dma_mapping_mmio_test "$endpoint"; }
test_mmio_mapping_nic() { on_nic mmio_mapping_test; }
mmio_mapping_test() { selftest vfio_dma_mapping_mmio_test "$1"; }
test_iommufd_setup() { selftest vfio_iommufd_setup_test "$endpoint"; }
