# SPDX-License-Identifier: MIT
# The NIC's steering tag table is full, or a user has his share of it.

both() {
	st_limits "$1" "$endpoint" "$nic_ext" "$nic_8bit" ext
	st_limits "$1" "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

test_table_is_full_after_three_quarters() { both table_full; }
test_each_entry_carries_its_tag() { both traffic_of_each; }
test_a_user_has_one_quarter() { both user_limit; }
