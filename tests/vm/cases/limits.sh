# SPDX-License-Identifier: MIT
# The NIC's steering tag table is full, or a user has his share of it.

test_table_is_full_after_three_quarters() { both st_limits table_full; }
test_each_entry_carries_its_tag() { both st_limits traffic_of_each; }
test_a_user_has_one_quarter() { both st_limits user_limit; }
