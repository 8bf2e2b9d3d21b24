# SPDX-License-Identifier: MIT
# tphbuf selftest: the payload compares equal, the content of the range is restored, and the
# endpoint counted the tag.

selftest() { tphbuf selftest "$endpoint" "$@" --bar 2; }

test_untagged_on_one_nic() {
	expect_text 'equal +65536 bytes' selftest "$nic_ext"
}

test_tagged_on_one_nic() {
	expect_text 'tag applied st=0x5a,ph=2' selftest "$nic_8bit" --tag st=0x5a,ph=2 --require
	expect_text 'tag applied xst=0x1234,ph=1' selftest "$nic_ext" --tag xst=0x1234,ph=1 --require
}

# The second NIC writes, so its namespace decides.
test_between_two_nics() {
	expect_text 'tag applied st=0x21,ph=3' selftest "$nic_ext" "$nic_8bit" --tag st=0x21,ph=3 --require
	expect_fail 1 'required' selftest "$nic_8bit" "$nic_ext" --tag st=0x21,ph=3 --require
}

test_ranges_across_pages() {
	expect_text 'equal +12288 bytes' selftest "$nic_ext" --range 8K+4K --range 64K+8K
	expect_text '"tag_applied":[[:space:]]*false' selftest --json "$nic_ext" --length 1M
}

test_bad_input() {
	expect_fail 2 'no RDMA device' tphbuf selftest "$endpoint" --bar 2
	expect_fail 1 'mlx5_9' selftest mlx5_9
	expect_fail 2 'longer than 16 MiB' selftest "$nic_ext" --length 32M
	expect_fail 1 'no active port' selftest "$nic_ext" --port 9
	expect_fail 2 'between 0 and 255' selftest "$nic_ext" --gid-index 256
}

# By the endpoint's tally: requests carried the tag, and no other tag.
test_endpoint_counted_the_tag() {
	fabric-tally "$endpoint" --clear >/dev/null
	selftest "$nic_8bit" --tag st=0x77,ph=1 --require
	expect_text '"kind": "write", "width": 8, "st": "0x77", "ph": 1, "count": [1-9]' fabric-tally "$endpoint"
	fabric-tally "$endpoint" --clear >/dev/null
	selftest "$nic_8bit"
	expect_text '"writes_tagged": 0,' fabric-tally "$endpoint"
}
