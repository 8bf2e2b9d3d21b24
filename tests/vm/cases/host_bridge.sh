# SPDX-License-Identifier: MIT
# Peers that are not below a common switch: the MR works, without hint, and says why.

test_no_hint_through_the_host_bridge() { both mr_tph host_bridge; }
