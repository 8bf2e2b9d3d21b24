# SPDX-License-Identifier: MIT
# RDMA into the endpoint's BAR, data and tags compared, on the Extended NIC and on the 8-bit one.

test_sizes_and_offsets() { both bar_ops sizes; }
test_untagged() { both bar_ops untagged; }
test_other_namespace_is_not_substituted() { both bar_ops other_namespace; }
test_every_ph() { both bar_ops ph; }
test_replace_and_clear() { both bar_ops replace_and_clear; }
test_set_while_mapped_keeps_the_mr() { both bar_ops set_while_mapped; }
test_two_tags_at_once() { both bar_ops two_tags; }
test_several_ranges() { both bar_ops ranges; }
test_revoked_and_brought_back() { both bar_ops revoke; }
test_revoked_and_tagged_otherwise() { both bar_ops revoke_and_retag; }
test_revoked_untagged_and_tagged() { both bar_ops revoke_and_tag; }
test_revoked_and_tagged_in_the_other_namespace() { both bar_ops revoke_and_retag_other_namespace; }
test_two_nics_at_once() { both bar_ops two_nics; }
test_rdma_read() { both bar_ops read_back; }
test_register_loop() { both bar_ops register_loop; }
