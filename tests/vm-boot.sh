#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boot one test VM (tests/vm/boot/NAME.conf) and print the TAP of its cases.
. "$(dirname "$0")/../rig/lib/common.sh"
name=$1
KERNEL=patched FABRIC=() CASES=() DEADLINE=180 ARGS=() QEMU=()
. "$TOP/tests/vm/boot/$name.conf"
[ -z "${ONLY:-}" ] || CASES=($ONLY)
vm=$BUILD/vm/check-$name
rm -rf "$vm"
rc=0
"$TOP/rig/vm.sh" -n "check-$name" -k "$KERNEL" -d "$DEADLINE" "${FABRIC[@]/#/-f}" "${ARGS[@]/#/-a}" "${QEMU[@]/#/-q}" \
	tests/run-cases.sh "${CASES[@]}" || rc=$?
cat "$vm/out/tap" 2>/dev/null || true
if [ "$rc" -ge 124 ]; then
	say "not ok - the VM '$name' ended with $rc"
	tail -n 40 "$vm/console.log" >&2
fi
exit "$rc"
