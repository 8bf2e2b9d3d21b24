# SPDX-License-Identifier: MIT
# Linux 7.3 without the series.

test_set_is_not_supported() {
	expect_fail 4 'not supported|kernel' tphbuf tag "$endpoint" --bar 2 --length 64K --set st=0x5a,ph=2
}

test_get_is_not_supported() {
	expect_fail 4 'not supported|kernel' tphbuf tag "$endpoint" --bar 2 --length 64K --get
}

test_require_fails_and_plain_registration_works() {
	expect_fail 4 'not supported|kernel' tphbuf register "$endpoint" --bar 2 --length 1M --tag st=1,ph=1 --ibdev "$nic_8bit" --require
	expect_text '"state":[[:space:]]*"unknown"' tphbuf register --json "$endpoint" --bar 2 --length 1M --ibdev "$nic_8bit"
}

test_untagged_rdma_into_the_bar() {
	bar_ops untagged "$endpoint" "$nic_ext" "$nic_8bit" ext
	bar_ops untagged "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

test_perftest_refuses_a_tag() {
	perftest_server_fails 'kernel' -d "$nic_8bit" --use_vfio="$endpoint" --vfio_bar=2 --vfio_st=0x5a --vfio_ph=2
}

test_doctor_reports_missing_kernel_support() {
	expect_fail 4 'unsupported +tags .*this kernel has no tags' tphbuf doctor "$endpoint"
}

test_selftest_works_untagged() {
	expect_text 'equal +65536 bytes' tphbuf selftest "$endpoint" "$nic_ext" --bar 2
	expect_fail 4 'this kernel has no tags' tphbuf selftest "$endpoint" "$nic_ext" --bar 2 --tag st=1
}

test_no_steering() { steer_ops absent "$endpoint"; }

# The reason for the series' patch to vfio-pci: doe.sh succeeds with the patch.
test_user_reaches_the_doe_mailbox() { expect_fail 1 'is in the write mailbox' feature_ops doe "$endpoint"; }
