#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Everything that must exist before a VM can run, as stages with progress. Cached results are
# reused.
#   rig/all.sh [STAGES_AFTER] [base] [debug] [kcsan]
# STAGES_AFTER: how many stages the caller will add, for the numbering. Any of the others adds the needs of tests:
# packages and the selftests of the series; base: Linux 7.3 as released; debug, kcsan: kernels for finding bugs.
. "$(dirname "$0")/lib/common.sh"

whole_number STAGES_AFTER "${1-0}" 0 100
for kind in "${@:2}"; do one_of KERNEL "$kind" base debug kcsan; done
total=$((5 + ${1:-0}))
wanted=" ${*:2} "
stage "1/$total" "host packages" "$TOP/rig/setup.sh" ${2:+tests}
stage "2/$total" "guest root (Debian 13, QEMU 11)" "$TOP/rig/guest-root.sh"
[[ $wanted != *" base "* ]] || stage "+/$total" "Linux 7.3 as released" "$TOP/kernel/tools/build.sh" base
stage "3/$total" "Linux 7.3 with the series" "$TOP/kernel/tools/build.sh" patched
[ -z "${2:-}" ] || stage "+/$total" "selftests of the series" "$TOP/kernel/tools/selftests.sh"
[[ $wanted != *" debug "* ]] || stage "+/$total" "kernel with KASAN, lockdep, faults" "$TOP/kernel/tools/build.sh" debug
[[ $wanted != *" kcsan "* ]] || stage "+/$total" "kernel with KCSAN" "$TOP/kernel/tools/build.sh" kcsan
stage "4/$total" "fabric (device models)" "$TOP/rig/build.sh" fabric
stage "5/$total" "library, command, perftest for the guest" "$TOP/rig/build.sh" guest
[ -z "${2:-}" ] || stage "+/$total" "rdma-core's tests" "$TOP/tests/rdma-core/stage.sh"
