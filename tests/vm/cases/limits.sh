# SPDX-License-Identifier: MIT
# The NIC's steering tag table is full, and who shares it.

test_table_is_full_after_three_quarters() { both st_limits table_full; }
test_each_entry_carries_its_tag() { both st_limits traffic_of_each; }
test_new_tags_do_not_strip_the_hints_of_others() { both st_limits neighbour; }
