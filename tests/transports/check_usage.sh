#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nccl-net-check's command line. TAP.
set -u
. "$(dirname "$0")/../harness/usage.sh"
check "help" 0 "^  --ranks N " --help
check "version" 0 "^nccl-net-check [0-9]" --version
check "no plugin" 2 "^nccl-net-check: no plugin"
check "two plugins" 2 "^nccl-net-check: more than one plugin" one two
check "an unknown option" 2 "'--zero'" --zero plugin
check "an option without its value" 2 "'--ranks'" --ranks
check "an unknown release" 2 "^nccl-net-check: --as: 2.1 is not one of the releases" --as 2.1 plugin
for ranks in 1 9 x 3x "" 4294967298; do check "'$ranks' ranks" 2 "^nccl-net-check: --ranks: $ranks is not a number" --ranks "$ranks" plugin; done
for bytes in 0 x -4 "1," 1,0 "" 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17; do check "'$bytes' bytes" 2 "^nccl-net-check: --bytes: $bytes: " --bytes "$bytes" plugin; done
for seconds in 0 -1 x 1s; do check "'$seconds' seconds" 2 "^nccl-net-check: --timeout: $seconds is not" --timeout "$seconds" plugin; done
check "a library without the symbol" 2 "^nccl-net-check: --reduce: " --reduce /absent plugin
check "a device without its BAR" 2 "^nccl-net-check: --device: BDF,BAR" --device 0000:01:00.0 plugin
check "a plugin that is not there" 1 "^Bail out! " /absent.so
checked
