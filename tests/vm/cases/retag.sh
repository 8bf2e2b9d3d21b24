# SPDX-License-Identifier: MIT
# Many cycles of new tag, revocation, hand-over and registration; CYCLES comes from the boot (kernel argument).

test_revoke_and_retag() { CYCLES=${CYCLES:-} both retag cycles; }
