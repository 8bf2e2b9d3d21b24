# SPDX-License-Identifier: MIT
# The endpoint claims no TPH completer support.

test_tag_is_refused() {
	expect_fail 4 'completer' tphbuf tag "$endpoint" --bar 2 --length 64K --set st=1,ph=1
}

test_untagged_traffic_works() { bar_ops untagged "$endpoint" "$nic_ext" "$nic_8bit" ext; }

# The device is absent for 80 ms of each reset. Last: it may not survive this.
test_open_races_with_reset() { open_race "$endpoint" none; }
