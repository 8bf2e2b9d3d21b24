# SPDX-License-Identifier: MIT
# VFIO_DEVICE_FEATURE_TPH_ST with failing allocations and user copies (kernels with fault injection only).
all=($(engines))

test_every_place_that_can_fail() {
	local kind
	insert tph_root_port
	for kind in failslab fail_page_alloc fail_usercopy; do inject $kind; done
	echo unsafe >/sys/module/vfio_pci/parameters/tph_st
	bind_vfio "${all[0]}"
	steer_ops faults "${all[0]}"
}
