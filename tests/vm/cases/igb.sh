# SPDX-License-Identifier: MIT
# QEMU's igb, a device with virtual functions and without TPH, bound to vfio-pci. While the physical function
# is bound to vfio-pci, a virtual function opens only with the token set through the physical
# function. igb_tokens.sh and the kernel's selftest below test these rules; the cases here use an
# open VF.
. /opt/tphbuf/tests/ktap.sh

# The physical functions: alone below a root port, and beside the NIC below one switch.
port_bus() { basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$1")")" | cut -c1-7; }
pf_alone() { pf_on_bus yes 0000:00; }
pf_beside() { pf_on_bus no 0000:00; }
# pf_on_bus yes|no BUS: functions whose port is on this bus, or is not
pf_on_bus() {
	local bdf on
	for bdf in $(pci_by_id 0x8086 0x10c9); do
		on=no
		[ "$(port_bus "$bdf")" != "$2" ] || on=yes
		if [ "$on" = "$1" ]; then echo "$bdf"; fi
	done
}

fresh_pf() { # BDF: bound again, so that it has no virtual functions and a random token
	echo 1 >/sys/module/vfio_pci/parameters/enable_sriov
	bind_vfio "$1"
}

vfs() { echo "$2" >"/sys/bus/pci/devices/$1/sriov_numvfs"; } # BDF NUMBER

# The first virtual function, which the kernel binds to vfio-pci because its physical function is.
vf_of() {
	local bdf
	bdf=$(basename "$(readlink "/sys/bus/pci/devices/$1/virtfn0")")
	equal "driver of the VF" "$(basename "$(readlink "/sys/bus/pci/devices/$bdf/driver")")" vfio-pci >&2
	echo "$bdf"
}

test_vf_behaves_like_any_device() {
	local pf vf
	pf=$(pf_beside)
	fresh_pf "$pf"
	vfs "$pf" 2
	vf=$(vf_of "$pf")
	# Its IDs read as ones, and it has no switch of its memory.
	expect_fail '[134]' 'ok +memory .* is a VF' tphbuf doctor "$vf" --no-open
	vf_buffers "$pf" "$vf" "$nic_ext"
	vfs "$pf" 0
	[ ! -e "/sys/bus/pci/devices/$vf" ]
}

on_pf() { fresh_pf "$(pf_alone)"; selftest "$1" "$(pf_alone)" "${@:2}"; } # PROGRAM [OPTION...]
test_selftest_dma_buf() { on_pf vfio_pci_dma_buf_test; }
test_selftest_dma_buf_tph() { on_pf vfio_pci_dma_buf_tph_test -t device_without_tph; }
test_selftest_sriov_uapi() { on_pf vfio_pci_sriov_uapi_test; }
