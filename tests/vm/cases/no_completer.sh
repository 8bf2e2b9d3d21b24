# SPDX-License-Identifier: MIT
# The endpoint claims no TPH completer support.

test_tag_is_refused() {
	expect_fail 4 'completer' tphbuf tag "$endpoint" --bar 2 --length 64K --set st=1,ph=1
}

test_untagged_traffic_works() { bar_ops untagged "$endpoint" "$nic_ext" "$nic_8bit" ext; }

test_doctor_and_topo_tell() {
	expect_fail 4 'unsupported +completer .*not a TPH completer' tphbuf doctor "$endpoint"
	expect_text '^8-bit tag +dropped: .*not a completer' tphbuf topo "$endpoint" "$nic_8bit"
	expect_text 'equal +65536 bytes' tphbuf selftest "$endpoint" "$nic_8bit" --bar 2
}

# The device is absent for 80 ms of each reset. Last case of its boot: the endpoint may be unusable afterwards (runtime
# power management takes a device that answers with ones for one in D3cold).
test_open_races_with_reset() { open_race "$endpoint" none; }
