#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The list of test VMs (tests/harness/boots.sh): kernels, order, those for the debug kernel. TAP.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/harness/boots.sh"

real=$BOOTS BOOTS=$work
conf() { printf '%s\n' "${@:2}" >"$work/$1.conf"; }
conf 10-short DEADLINE=90
conf 11-default CASES=
conf 12-base KERNEL=base DEADLINE=900
conf 13-long DEADLINE=1800 "DEBUG=no # user space"
conf 14-default KERNEL=patched

same "longest first, equal ones by name" "$(boots_with patched | xargs)" "13-long 11-default 14-default 10-short"
same "several kernels" "$(boots_with base patched | xargs)" "13-long 12-base 11-default 14-default 10-short"
same "a kernel without boots" "$(boots_with kcsan)" ""
same "boots for the debug kernel" "$(debug_boots | xargs)" "11-default 14-default 10-short"
BOOTS=$real
same "each boot has one kernel" "$(boots_with base patched debug kcsan | sort)" "$(cd "$real" && printf '%s\n' *.conf | sed 's/\.conf$//' | sort)"
exit $bad
