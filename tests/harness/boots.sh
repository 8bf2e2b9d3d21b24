# SPDX-License-Identifier: MIT
# The list of test VMs. Source this file after rig/lib/common.sh.

BOOTS=$TOP/tests/vm/boot

boot_value() { # NAME VARIABLE DEFAULT: what tests/vm/boot/NAME.conf sets
	local value
	value=$(sed -n "s/^$2=\([^ ]*\).*/\1/p" "$BOOTS/$1.conf")
	printf '%s\n' "${value:-$3}"
}

# boots_with KERNEL...: names of the boots that use one of these kernels, those with the longest deadline first: a long
# boot that started last would leave the other CPUs idle at the end.
boots_with() {
	local file name
	for file in "$BOOTS"/*.conf; do
		name=$(basename "$file" .conf)
		[[ " $* " != *" $(boot_value "$name" KERNEL patched) "* ]] || printf '%s %s\n' "$(boot_value "$name" DEADLINE 400)" "$name"
	done | sort -s -k 1,1nr | cut -d ' ' -f 2
}

debug_boots() { # names of the boots that run again on the debug kernel
	local name
	for name in $(boots_with patched); do
		[ "$(boot_value "$name" DEBUG yes)" = yes ] || continue
		printf '%s\n' "$name"
	done
}
