#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The fabric is killed while RDMA traffic runs: guest and rig must not hang, and must report the
# failure. TAP.
# Two outcomes are correct. QEMU survives: the guest sees errors and its test passes. QEMU 11.1.3
# aborts, as in some runs (an assertion in its vfio-user client): the rig reports that the fabric
# died.
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/demo/fabric.sh"
arguments 0 0 "" "$@"
vm=$BUILD/vm/check-fabric-killed
rm -rf "$vm"

kill_when_asked() {
	local _
	for _ in $(seq 4000); do
		if [ -e "$vm/out/kill-me" ]; then
			kill -KILL "$(cat "$vm/fabric.pid")"
			touch "$vm/out/killed"
			return
		fi
		sleep 0.1
	done
}

kill_when_asked &
killer=$!
rc=0
said=$(timeout 600 "$TOP/rig/vm.sh" -n check-fabric-killed -d 500 "${DEMO_FABRIC[@]/#/-f}" \
	tests/run-cases.sh fabric_killed 2>&1) || rc=$?
kill "$killer" 2>/dev/null || true
. "$TOP/tests/harness/tap.sh"

set +e
[ -e "$vm/out/killed" ]
tap $? "traffic ran and the fabric was killed"
[ "$rc" != 124 ]
tap $? "the virtual machine exits before the deadline"
if [ "$rc" = 125 ]; then
	grep -q 'the fabric died while the VM ran' <<<"$said"
	tap $? "the rig reports that the fabric died"
else
	[ "$rc" = 0 ] && ! grep -q '^not ok' "$vm/out/tap"
	tap $? "the guest sees errors and continues"
fi
[ $bad = 0 ] || { echo "vm.sh ended with $rc and said: $said" >&2; cat "$vm"/out/log/* >&2; }
exit $bad
