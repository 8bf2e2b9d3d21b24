# SPDX-License-Identifier: MIT
# For KCSAN: registrations attach to a buffer that is revoked and restored all the time.

test_attach_races_with_revocation() { set_race attach "$endpoint" "$nic_8bit" "$nic_ext" 8bit; }
