#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Evaluation of kmemleak and KCSAN reports in the guest (tests/harness/vm/debug.sh): none may be
# lost. TAP.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/harness/vm/debug.sh"
KNOWN_LEAKS=$work/known TOUCHED=$work/touched

leaks="unreferenced object 0xffff888101 (size 32):
  comm \"stress\", pid 216, jiffies 4294920
  hex dump (first 32 bytes):
    00 11 22 33 44 55 66 77 00 00 00 00 00 00 00 00  ..\"3DUfw........
  backtrace (crc 4d2):
    __kmalloc_noprof+0x1c7/0x2a0
    vfio_pci_dma_buf_map+0x52/0x90 [vfio_pci_core]
unreferenced object 0xffff888102 (size 64):
  comm \"bash\", pid 1, jiffies 4294921
  backtrace (crc 1):
    copy_process+0x1/0x2"
two=" < __kmalloc_noprof < vfio_pci_dma_buf_map [vfio_pci_core]
 < copy_process"
same "a leak is its back trace" "$(leak_lines <<<"$leaks")" "$two"
same "no leak gives no line" "$(leak_lines </dev/null)" ""
echo "# nothing is known" >"$KNOWN_LEAKS"
same "no leak is known" "$(without_known <<<"$two")" "$two"
echo "< copy_process\$ # a reason" >"$KNOWN_LEAKS"
same "a known leak is left out" "$(without_known <<<"$two")" " < __kmalloc_noprof < vfio_pci_dma_buf_map [vfio_pci_core]"
same "only known leaks" "$(without_known <<<" < copy_process")" ""
same "a probe that is found is left out" "$(without_probe "10  < detector_probe_leak
$two")" "$two"
same "a probe that is not found fails" "$(without_probe "$two" 2>/dev/null || echo asleep)" asleep
same "only the probe is nothing" "$(without_probe "1 detector_probe_count / detector_probe_count")" ""

log="[    1.0] ==================================================================
[    1.0] BUG: KCSAN: data-race in vfio_pci_dma_buf_move / vfio_pci_dma_buf_attach
[    1.0]
[    1.0] write to 0xffff888100 of 1 bytes by task 12 on cpu 0:
[    1.0]  vfio_pci_dma_buf_move.part.0+0x1/0x2 [vfio_pci_core]
[    1.0]  vfio_pci_ioctl_reset+0x1/0x2 [vfio_pci_core]
[    1.0]
[    1.0] read to 0xffff888100 of 1 bytes by task 13 on cpu 1:
[    1.0]  dma_buf_dynamic_attach+0x1/0x2
[    1.0]
[    1.0] value changed: 0x00 -> 0x01
[    1.0] ==================================================================
[    2.0]  some_function+0x1/0x2
[    3.0] ==================================================================
[    3.0] BUG: KCSAN: data-race in tick_do_update / unknown
[    3.0]
[    3.0] race at unknown origin, with read to 0xffff888200 of 8 bytes by interrupt on cpu 1:
[    3.0]  tick_sched_timer+0x1/0x2
[    3.0] =================================================================="
two="vfio_pci_dma_buf_move / dma_buf_dynamic_attach
tick_sched_timer"
same "a race is its two sides" "$(race_lines <<<"$log")" "$two"
same "no report gives no line" "$(race_lines <<<"[ 1.0]  some_function+0x1/0x2")" ""
printf '%s\n' vfio_pci_dma_buf_move.part.0 vfio_pci_dma_buf_map >"$TOUCHED"
same "a race of the series" "$(races_of_the_series <<<"$two")" "vfio_pci_dma_buf_move / dma_buf_dynamic_attach"
echo tick_sched >"$TOUCHED"
same "a part of a name is not the name" "$(races_of_the_series <<<"$two")" ""
exit $bad
