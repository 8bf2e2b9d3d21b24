# SPDX-License-Identifier: MIT
# Each RC operation and each error, with data comparison, between the NICs and in loopback.

ops="write read send write_imm gather atomics inline wrap"
errors="bad_rkey bad_lkey no_permission receive_too_small rnr peer_not_ready flush"

test_nic_to_nic() { for op in $ops; do note "$op"; rc_ops "$op" "$nic_ext" "$nic_8bit"; done; }
test_loopback() { for op in $ops; do note "$op"; rc_ops "$op" "$nic_8bit"; done; }
test_errors() { for op in $errors; do note "$op"; rc_ops "$op" "$nic_8bit" "$nic_ext"; done; }
