# SPDX-License-Identifier: MIT
# The hint of an MR as reported by the kernel, unprivileged, and registrations that require a hint.

test_states() { both mr_tph states; }
test_bad_flags() { both mr_tph bad_flags; }
test_one_count_for_each_stale_fault() { both mr_tph stale_faults; }
test_without_hint_and_changed() { both mr_tph changed; }
test_restrack() { both mr_tph restrack; }
test_pools_of_unused_hints_are_freed() { both mr_tph pools; }
test_table_that_does_not_answer() {
	trap "rmmod tph_absent 2>/dev/null || true" EXIT # a test that fails leaves the registers absent
	both mr_tph absent
}
