# SPDX-License-Identifier: MIT
# tphbuf topo and list against the rig's switch.

topo() { tphbuf topo "$endpoint" "$@"; }

test_route_under_the_switch_is_direct() {
	expect_text '^route +direct: they meet at' topo "$nic_ext"
	expect_text '"state":[[:space:]]*"direct"' topo --json "$nic_8bit"
}

test_8bit_tag_is_delivered_from_the_8bit_nic() {
	expect_text '^8-bit tag +.*delivered' topo "$nic_8bit"
	expect_text '^16-bit tag +.*dropped' topo "$nic_8bit"
}

test_nic_by_address_and_by_name() {
	local bdf
	bdf=$(nics | sed -n 2p)
	equal "by address" "$(topo "$bdf")" "$(topo "$nic_8bit")"
}

# The reported route matches the kernel's decision.
test_registration_agrees() {
	expect_text 'lkey' tphbuf register "$endpoint" --bar 2 --length 64K --ibdev "$nic_8bit"
}

test_bad_input() {
	expect_fail 2 'pair of functions' tphbuf topo "$endpoint"
	expect_fail 1 'no RDMA device mlx5_9' tphbuf topo "$endpoint" mlx5_9
	expect_fail 1 'no such PCI function' tphbuf topo "$endpoint" 0000:ff:1f.7
}

test_unprivileged_user_gets_a_reason() {
	expect_text 'CAP_SYS_ADMIN' setpriv --reuid 65534 --regid 65534 --clear-groups tphbuf topo "$endpoint" "$nic_8bit"
	expect_text 'CAP_SYS_ADMIN' setpriv --reuid 65534 --regid 65534 --clear-groups tphbuf list
}

test_list_names_the_devices() {
	expect_text "$endpoint +vfio-pci" tphbuf list
	expect_text "mlx5_core +- +$nic_ext" tphbuf list
}
