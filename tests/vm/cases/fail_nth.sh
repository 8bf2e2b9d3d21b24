# SPDX-License-Identifier: MIT
# Failing allocations and user copies, one after the other (kernels with fault injection only).

test_every_place_that_can_fail() {
	local kind
	for kind in failslab fail_page_alloc fail_usercopy; do inject $kind; done
	fail_nth "$endpoint" "$nic_8bit" "$nic_ext"
}

test_all_operations_work_afterwards() { bar_ops two_tags "$endpoint" "$nic_ext" "$nic_8bit" ext; }
