# SPDX-License-Identifier: MIT
# NICs with a steering tag table of 4, of which 3 can be used.

test_each_kind_has_its_part() { both st_limits small_table; }
test_threads_learn_about_their_own_mr() { both st_limits threads; }

# Holders of entries: tag 0x21 of CPU 1 and no other, while a handle for that CPU exists.
test_debugfs() { st_limits debugfs "$endpoint" "$nic_8bit" "$nic_ext" 8bit; }
