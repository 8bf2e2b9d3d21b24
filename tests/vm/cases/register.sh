# SPDX-License-Identifier: MIT
# Registration through the command: the applied state that the kernel reports, per NIC and namespace.

register() { tphbuf register --json "$endpoint" --bar 2 --length 1M "$@"; }

test_8bit_tag_is_applied() {
	expect_text '"state":[[:space:]]*"yes"' register --ibdev "$nic_8bit" --tag st=0x5a,ph=2 --require
}

test_extended_tag_is_applied() {
	expect_text '"state":[[:space:]]*"yes"' register --ibdev "$nic_ext" --tag xst=0x1234,ph=1 --require
}

test_no_tag_registers_untagged() {
	expect_text '"state":[[:space:]]*"no"' register --ibdev "$nic_8bit"
}

test_require_without_tag_fails() {
	expect_fail 2 'needs --tag' register --ibdev "$nic_8bit" --require
}

test_namespace_is_never_substituted() {
	expect_fail 1 'applied|not used|namespace|8 bits|16' register --ibdev "$nic_ext" --tag st=0x5a,ph=2 --require
	expect_fail 1 'applied|not used|namespace|8 bits|16' register --ibdev "$nic_8bit" --tag xst=0x5a,ph=2 --require
}

test_unknown_rdma_device() {
	expect_fail 1 'mlx5_9' register --ibdev mlx5_9
}
