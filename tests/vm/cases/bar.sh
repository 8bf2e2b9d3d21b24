# SPDX-License-Identifier: MIT
# RDMA into the endpoint's BAR, data and tags compared, on the Extended NIC and on the 8-bit one.

both() {
	bar_ops "$1" "$endpoint" "$nic_ext" "$nic_8bit" ext
	bar_ops "$1" "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

test_sizes_and_offsets() { both sizes; }
test_untagged() { both untagged; }
test_other_namespace_is_not_substituted() { both other_namespace; }
test_every_ph() { both ph; }
test_replace_and_clear() { both replace_and_clear; }
test_set_while_mapped_keeps_the_mr() { both set_while_mapped; }
test_two_tags_at_once() { both two_tags; }
test_several_ranges() { both ranges; }
test_revoked_and_brought_back() { both revoke; }
test_revoked_and_tagged_otherwise() { both revoke_and_retag; }
test_revoked_untagged_and_tagged() { both revoke_and_tag; }
test_revoked_and_tagged_in_the_other_namespace() { both revoke_and_retag_other_namespace; }
test_two_nics_at_once() { both two_nics; }
test_rdma_read() { both read_back; }
test_register_loop() { both register_loop; }
