# SPDX-License-Identifier: MIT
# The kernel log since the last call, and the lines in it that fail a test.

KMSG=/dev/kmsg KERNEL_LOG=/tmp/kernel.log

# Lines of the kernel log that no test may cause. KCSAN and kmemleak are evaluated at the end, see
# debug.sh.
SPLAT='WARNING:|BUG:|Oops|Call Trace|KASAN|UBSAN|possible circular|trying to register non-static|INFO: task .* blocked|refcount_t:|DMA-API: .*(error|warning)|general protection'

# The kernel log since the last call, in new_log. Starts one process only, since processes are
# slow on debug kernels. A mark in the log instead of a count of lines, because the oldest lines
# may have been overwritten.
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
