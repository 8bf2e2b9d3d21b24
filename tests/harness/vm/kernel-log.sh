# SPDX-License-Identifier: MIT
# What the kernel has said since one looked last, and whether a test may cause that.

KMSG=/dev/kmsg KERNEL_LOG=/tmp/kernel.log

# Lines of the kernel log that no test may cause. KCSAN and kmemleak are looked at in the end, see debug.sh.
SPLAT='WARNING:|BUG:|Oops|Call Trace|KASAN|UBSAN|possible circular|trying to register non-static|INFO: task .* blocked|refcount_t:|DMA-API: .*(error|warning)|general protection'

# The kernel log since the last call, in new_log. One process, for they are slow on debug kernels; and a mark in the log
# rather than a count of lines, for the oldest lines may be gone by now.
read_log() {
	local lines i
	dmesg >"$KERNEL_LOG"
	echo "rig: log read" >"$KMSG"
	mapfile -t lines <"$KERNEL_LOG"
	for ((i = ${#lines[@]} - 1; i >= 0; i--)); do [[ ${lines[i]} != *"rig: log read" ]] || break; done
	new_log=("${lines[@]:i + 1}")
}

# The first line of new_log that no test may cause, in splat
find_splat() {
	for splat in "${new_log[@]}"; do
		[[ ! $splat =~ $SPLAT || $splat = *"CPU time"* || $splat = *"BUG: KCSAN"* ]] || return 0
	done
	splat=
}
