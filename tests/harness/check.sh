#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run test suites and count. Every suite prints TAP lines; each ends up in build/check/NAME.tap.
#   check.sh unit | vm | debug | all
# debug: the boots of the kernel with the series once more with a debug kernel, and those made for one.
# all: unit, vm, the packages, this commit's share of debug, and the series itself if it differs from the last
# verified state.
# A suite with a non-zero status, or without any test, counts as one failure. A skip that is not
# listed in tests/harness/expected-skips is a failure too.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/tests/harness/suite.sh"
. "$TOP/tests/harness/share.sh"
. "$TOP/tests/harness/boots.sh"

out=$BUILD/check

# A virtual machine keeps about two thirds of a CPU busy, and so do lint and the packages: three run in parallel on two
# CPUs, as far as memory (3 GB each) allows. together NAME COMMAND... starts a suite as soon as a place is free; all_counted waits for
# all of them.
at_once=$(awk -v places="$((JOBS * 3 / 2))" '/^MemAvailable/ { n = int($2 / 3e6); print n < 1 ? 1 : n < places ? n : places }' /proc/meminfo)
running=()
together() {
	while [ ${#running[@]} -ge "$at_once" ]; do one_ends; done
	set -m # a process group of its own, to kill the whole suite
	run "$@" &
	set +m
	running+=("$1")
}

# On interruption: ends the virtual machines that are running.
end_running() {
	local job
	for job in $(jobs -rp); do kill -TERM -- "-$job" || true; done
}
trap end_running EXIT
trap 'exit 130' INT TERM

one_ends() {
	local name left=()
	wait -n || true
	for name in "${running[@]}"; do
		# No running job and no status: the suite was killed
		[ -e "$out/$name.status" ] || [ -n "$(jobs -rp)" ] || echo 255 0 >"$out/$name.status"
		if [ -e "$out/$name.status" ]; then count "$name"; else left+=("$name"); fi
	done
	running=(${left[@]+"${left[@]}"})
}

all_counted() { while [ ${#running[@]} -gt 0 ]; do one_ends; done; }

# meson_suite BUILD SUITE...: the compilation without warnings is a test of its own.
meson_suite() { "$TOP/tests/harness/meson-tap.sh" "$@"; }

unit_suites() {
	together lint "$TOP/tests/lint/lint.sh"
	suite unit-library meson_suite asan unit
	suite unit-fuzz meson_suite asan fuzz
	suite unit-fabric meson_suite asan fabric
	suite unit-threads meson_suite tsan:threads threads
	suite compilers meson_suite clang compiler
	suite product meson_suite host product
	suite tree "$TOP/tests/lint/tree.sh"
	suite demo-judge "$TOP/tests/harness/test/judge.sh"
	suite ktap "$TOP/tests/harness/test/ktap.sh"
	suite counting "$TOP/tests/harness/test/suite.sh"
	suite rotation "$TOP/tests/harness/test/share.sh"
	suite boots "$TOP/tests/harness/test/boots.sh"
	suite kernel-log "$TOP/tests/harness/test/kernel-log.sh"
	suite debug-reports "$TOP/tests/harness/test/debug.sh"
	together transports meson_suite host transports
}

own_boots() { # KERNEL...: these boots, each on the kernel that it names
	local boot
	for boot in $(boots_with "$@"); do together "vm-$boot" "$TOP/tests/harness/vm-boot.sh" "$boot"; done
}

vm_suites() {
	suite perftest-options "$TOP/benchmarks/perftest/test/options.sh"
	suite guest-arguments "$TOP/tests/arguments/guest.sh"
	own_boots patched base
	together vm-fabric-killed "$TOP/tests/fabric-killed.sh"
}

debug_suites() { # BOOT...: these boots on the debug kernel, and those made for it
	local boot
	for boot; do together "vm-$boot-debug" "$TOP/tests/harness/vm-boot.sh" "$boot" debug; done
	own_boots debug
}

# in_time KERNEL: true if there is time for its boots: 45 minutes have not passed, or 20 for a kernel that is not in the
# cache and must be built: a machine of CI may end a run after 90 minutes, and the aim is 40. A part left out for that
# is a skip; the next run has more time.
in_time() {
	local gone=$((SECONDS - start)) limit=45 why="a slow machine"
	"$TOP/kernel/tools/build.sh" --made "$1" || limit=20 why="a kernel that is not in the cache"
	[ "$gone" -ge $((limit * 60)) ] || return 0
	suite "$1" echo "ok 1 - $1 kernel # SKIP $gone s have passed, too many for $why; run make check-debug"
	return 1
}

# The boots of the debug kernels take half an hour: each commit runs one share of them. The last share is KCSAN.
DEBUG_SHARES=6

# The kernel alone: virtual machines still run, on the programs that the guest has from build/stage.
debug_kernel() { stage "+" "kernel $1" "$TOP/kernel/tools/build.sh" "$1"; }

debug_share() {
	local number boots
	number=$(share_now "$DEBUG_SHARES")
	say "debug kernels: share $((number + 1)) of $DEBUG_SHARES, by commit; make check-debug runs all"
	if [ "$number" = $((DEBUG_SHARES - 1)) ]; then
		in_time kcsan || return 0
		debug_kernel kcsan
		own_boots kcsan
	else
		in_time debug || return 0
		debug_kernel debug
		boots=$(share_of $((DEBUG_SHARES - 1)) "$number" $(debug_boots))
		debug_suites $boots
	fi
}

everything() {
	unit_suites
	together packages "$TOP/tests/packages.sh"
	vm_suites
	debug_share # its boots begin as soon as a place is free
	all_counted
	series_suite
}

# The series, patch by patch, if it differs from the last verified state: takes up to 40 minutes.
series_suite() {
	local gone=$((SECONDS - start))
	if "$TOP/kernel/tools/verify.sh" --known; then
		say "the series is as verified: $(cut -d ' ' -f 2- "$TOP/kernel/verified")"
	elif [ "$gone" -ge $((25 * 60)) ]; then
		suite kernel-series echo "ok 1 - series patch by patch # SKIP $gone s have passed, too many; run make check-kernel"
	else
		suite kernel-series "$TOP/kernel/tools/verify.sh"
	fi
	if "$TOP/kernel/tools/verify-independent.sh" --known; then
		say "the independent series are as verified"
	else
		suite kernel-independent "$TOP/kernel/tools/verify-independent.sh"
	fi
}

arguments 0 1 "[unit | vm | debug | all]" "$@"
kind=${1-all}
one_of KIND "$kind" unit vm debug all
rm -rf "$out"
mkdir -p "$out"
start=$SECONDS
case $kind in
debug) "$TOP/rig/all.sh" 0 debug kcsan ;;
unit) "$TOP/rig/setup.sh" tests ;;
*) "$TOP/rig/all.sh" 0 base ;;
esac
case $kind in
unit) unit_suites ;;
vm) vm_suites ;;
debug) debug_suites $(debug_boots); own_boots kcsan ;;
all) everything ;;
esac
all_counted
say "details: ${out#"$TOP"/}; $((SECONDS - start)) s"
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
