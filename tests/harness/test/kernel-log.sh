#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Evaluation of the kernel log by the guest's runner (tests/harness/vm/kernel-log.sh): no report
# may be lost or counted for a later test. TAP.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/harness/vm/kernel-log.sh"
KMSG=$work/kmsg KERNEL_LOG=$work/copy

# A kernel whose log keeps a limited number of lines
keeps=100
dmesg() { tail -n "$keeps" "$work/log"; }
kernel_says() { # LINE...: then look, as after a test
	printf '[    1.000000] %s\n' "$@" >>"$work/log"
	: >"$KMSG"
	read_log
	sed 's/^/[    2.000000] /' "$KMSG" >>"$work/log"
	find_splat
}

kernel_says "mlx5_core 0000:03:00.0: firmware version" "vfio-pci 0000:05:00.0: resetting"
same "harmless lines" "$splat" ""
same "all lines are seen" "${#new_log[@]}" 2
kernel_says "a line" "WARNING: CPU: 0 PID: 1 at drivers/pci/tph.c:1" "BUG: sleeping function called"
same "the first complaint is told" "$splat" "[    1.000000] WARNING: CPU: 0 PID: 1 at drivers/pci/tph.c:1"
kernel_says "a line"
same "only once" "$splat" ""
same "only new lines are seen" "${#new_log[@]}" 1
kernel_says "BUG: KCSAN: data-race in a / b" "hrtimer: CPU time WARNING: x"
same "data races are looked at elsewhere" "$splat" ""
for line in "BUG: KASAN: slab-use-after-free in x" "UBSAN: array-index-out-of-bounds" "general protection fault" \
	"WARNING: possible circular locking dependency detected" "INFO: task x:1 blocked for more than 120 seconds." \
	"refcount_t: underflow; use-after-free." "DMA-API: mlx5_core: device driver has pending DMA allocations error"; do
	kernel_says "before" "$line" "after"
	same "$line" "$splat" "[    1.000000] $line"
done
keeps=3
kernel_says "1" "WARNING: 2" "3"
same "the last mark has left the log" "$splat" "[    1.000000] WARNING: 2"
exit $bad
