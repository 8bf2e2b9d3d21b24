# SPDX-License-Identifier: MIT
# Sharing of the NIC's steering tag table, and a full table.

test_table_is_full_after_three_quarters() { both st_limits table_full; }
test_each_entry_carries_its_tag() { both st_limits traffic_of_each; }
test_new_tags_do_not_strip_the_hints_of_others() { both st_limits neighbour; }
test_table_as_in_the_simulation() { both st_limits model; }
