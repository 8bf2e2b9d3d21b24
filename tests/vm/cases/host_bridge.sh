# SPDX-License-Identifier: MIT
# Peers without a common switch: the MR works without a hint, and the kernel reports the reason.

test_no_hint_through_the_host_bridge() { both mr_tph host_bridge; }
