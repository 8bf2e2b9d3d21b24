# SPDX-License-Identifier: MIT
# NICs without a steering tag table: a tag wider than the mkey's 8-bit field must not be truncated.

register() { tphbuf register --json "$endpoint" --bar 2 --length 1M "$@"; }

test_tag_above_0xff_is_not_applied() {
	expect_text '"state":[[:space:]]*"no"' register --ibdev "$nic_ext" --tag xst=0x1234,ph=1
	expect_fail 1 'not applied' register --ibdev "$nic_ext" --tag xst=0x1234,ph=1 --require
}

test_tag_below_0x100_is_applied() {
	register --ibdev "$nic_ext" --tag xst=0x34,ph=1 --require
	register --ibdev "$nic_8bit" --tag st=0x34,ph=1 --require
}

test_8bit_traffic() { bar_ops sizes "$endpoint" "$nic_8bit" "$nic_ext" 8bit; }
