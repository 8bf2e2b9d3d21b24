#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boot one test VM (tests/vm/boot/NAME.conf) and print the TAP of its cases.
#   tests/harness/vm-boot.sh NAME [KERNEL]    KERNEL replaces the boot's; "debug" gets more time and memory
# ONLY="case..." picks cases; BOOT_ARGS adds kernel arguments; BOOT_DEADLINE is the VM's time in seconds.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/tests/harness/boots.sh"
arguments 1 2 "NAME [KERNEL]" "$@"
name=$1
one_of BOOT "$name" $(cd "$BOOTS" && printf '%s\n' *.conf | sed 's/\.conf$//')
KERNEL=patched FABRIC=() CASES=() DEADLINE=400 ARGS=() QEMU=() MEMORY=1G TOPOLOGY=
# On debug kernels: further cases, cases left out (they test user space), further kernel arguments
DEBUG_CASES=() DEBUG_WITHOUT=() DEBUG_ARGS=()
. "$TOP/tests/vm/boot/$name.conf"
[ -z "${2:-}" ] || KERNEL=$2 name=$name-$2
case $KERNEL in
debug | kcsan)
	MEMORY=2G DEADLINE=$((DEADLINE * 4))
	kept=()
	for case in "${CASES[@]}"; do
		[[ " ${DEBUG_WITHOUT[*]-} " = *" $case "* ]] || kept+=("$case")
	done
	CASES=("${kept[@]}" ${DEBUG_CASES[@]+"${DEBUG_CASES[@]}"})
	ARGS+=(log_buf_len=8M kasan_multi_shot no5lvl TEST_DEADLINE=720 ${DEBUG_ARGS[@]+"${DEBUG_ARGS[@]}"})
	;;
esac
[ -z "${ONLY:-}" ] || CASES=($ONLY)
ARGS+=(${BOOT_ARGS:-})
DEADLINE=${BOOT_DEADLINE:-$DEADLINE}
whole_number BOOT_DEADLINE "$DEADLINE" 1 1000000
vm=$BUILD/vm/check-$name
rm -rf "$vm"
rc=0
"$TOP/rig/vm.sh" -n "check-$name" -k "$KERNEL" -d "$DEADLINE" -m "$MEMORY" "${FABRIC[@]/#/-f}" "${ARGS[@]/#/-a}" "${QEMU[@]/#/-q}" $TOPOLOGY \
	tests/run-cases.sh "${CASES[@]}" || rc=$?
cat "$vm/out/tap" 2>/dev/null || true
# The boot's own check of the fabric's report, after all of its cases: prints TAP
if [ "$rc" = 0 ] && [ -z "${ONLY:-}" ] && declare -F after_vm >/dev/null; then after_vm "$vm" || rc=1; fi
if [ "$rc" -ge 124 ]; then
	say "not ok - the VM '$name' ended with $rc"
	tail -n 40 "$vm/console.log" >&2
fi
exit "$rc"
