# SPDX-License-Identifier: MIT
# Drivers are unloaded and loaded, and all works again.

reload() {
	rmmod ib_umad mlx5_ib mlx5_core
	load_mlx5
	local bdf
	for bdf in $(nics); do
		wait_for 10 has_ib "$bdf"
		wait_for 10 port_active "$(ib_of "$bdf")"
	done
}

test_mlx5_reload() {
	local i
	for i in 1 2 3; do reload; done
	bar_ops untagged "$endpoint" "$nic_ext" "$nic_8bit" ext
	bar_ops sizes "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

test_vfio_reload() {
	unbind "$endpoint"
	rmmod vfio-pci vfio-pci-core
	load_vfio
	bind_vfio "$endpoint"
	bar_ops two_tags "$endpoint" "$nic_ext" "$nic_8bit" ext
}
