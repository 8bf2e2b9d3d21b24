# SPDX-License-Identifier: MIT
# The endpoint completes 8-bit tags only.

test_extended_tag_is_refused() {
	expect_fail 4 'Extended|16' tphbuf tag "$endpoint" --bar 2 --length 64K --set xst=0x1234,ph=1
}

test_8bit_tag_is_accepted() {
	tphbuf tag "$endpoint" --bar 2 --length 64K --set st=0x5a,ph=1
	tphbuf register "$endpoint" --bar 2 --length 64K --tag st=0x5a,ph=1 --ibdev "$nic_8bit" --require
}

# The device is absent for 80 ms of each reset. Last case: the endpoint may be unusable afterwards.
test_open_races_with_reset() { open_race "$endpoint" 8bit; }
