# SPDX-License-Identifier: MIT
# Mostly bad inputs, in large numbers. BAD_INPUTS and SEED come from the boot (kernel arguments).

test_a_million_bad_inputs() {
	bad_inputs "$endpoint" "$endpoint2" "${BAD_INPUTS:-1000000}" "${SEED:-}"
}
