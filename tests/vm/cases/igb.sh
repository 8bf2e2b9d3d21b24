# SPDX-License-Identifier: MIT
# QEMU's igb, a device with virtual functions and without TPH, bound to vfio-pci. While the physical function
# belongs to vfio-pci, a virtual function opens only with the token that the physical function was given.
. /opt/tphbuf/tests/ktap.sh

# The physical functions: beside the NIC below one switch, and alone below a root port.
pf_beside() { pci_by_id 0x8086 0x10c9 | while read -r bdf; do [ "$(upper_bus "$bdf")" != 0000:00 ] && echo "$bdf"; done; }
pf_alone() { pci_by_id 0x8086 0x10c9 | while read -r bdf; do [ "$(upper_bus "$bdf")" = 0000:00 ] && echo "$bdf"; done; }
upper_bus() { basename "$(dirname "$(readlink -f "/sys/bus/pci/devices/$1")")" | cut -c1-7; } # of its port

fresh_pf() { # BDF: bound again, so that it has no virtual functions and nobody knows its token
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

with_vf() { # TEST PF OTHER
	local vf
	fresh_pf "$2"
	vfs "$2" 2
	vf=$(vf_of "$2")
	vf_token "$1" "$2" "$vf" "$3"
	vfs "$2" 0
	[ ! -e "/sys/bus/pci/devices/$vf" ]
}

test_tokens() { with_vf tokens "$(pf_alone)" "$endpoint"; }
test_vf_behaves_like_any_device() { with_vf buffers "$(pf_beside)" "$nic_ext"; }

on_pf() { fresh_pf "$(pf_alone)"; selftest "$1" "$(pf_alone)" "${@:2}"; } # PROGRAM [OPTION...]
test_selftest_dma_buf() { on_pf vfio_pci_dma_buf_test; }
test_selftest_dma_buf_tph() { on_pf vfio_pci_dma_buf_tph_test -t device_without_tph; }
test_selftest_sriov_uapi() { on_pf vfio_pci_sriov_uapi_test; }
