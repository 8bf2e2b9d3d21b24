#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Guests are killed at a random time under tagged traffic; one fabric, built with AddressSanitizer, serves all of them.
# After each it must hold nothing, and at last a guest passes the tests of tags. TAP.
#   guest-killed.sh [GUESTS]    SEED repeats a run
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/demo/fabric.sh"
arguments 0 1 "[GUESTS]" "$@"
guests=${1-2} seed=${SEED:-1} vm=$BUILD/vm/check-guest-killed
whole_number GUESTS "$guests" 1 10000
whole_number SEED "$seed" 0 $((0xfffffffffffffff))
RANDOM=$((seed & 0x7fff))
"$TOP/rig/configure.sh" asan >/dev/null
meson compile -C "$BUILD/asan" tphbuf-fabric >/dev/null
mkdir -p "$BUILD/vm"
dir=$(mktemp -d /tmp/tphbuf.XXXXXX)
"$BUILD/asan/userspace/fabric/tphbuf-fabric" --dir "$dir" "${DEMO_FABRIC[@]}" >"$BUILD/vm/guest-killed.log" 2>&1 &
fabric=$!
trap 'kill -KILL $fabric 2>/dev/null || true; rm -rf "$dir"' EXIT
. "$TOP/tests/harness/tap.sh"

boot() { # CASE: a guest of this fabric
	timeout 500 "$TOP/rig/vm.sh" -n check-guest-killed -d 400 -F "$dir" "${DEMO_FABRIC[@]/#/-f}" tests/run-cases.sh "$1"
}

# Objects that the NICs hold, from the fabric's report
held() {
	python3 - "$dir/control.sock" <<-'PYTHON'
		import json, socket, sys
		control = socket.socket(socket.AF_UNIX)
		control.connect(sys.argv[1])
		control.sendall(b'report\n')
		report = json.loads(control.makefile().readline())['report']
		kinds = 'mkeys qps cqs srqs eqs pds queue_pages translations faults_waiting'.split()
		print(sum(device['nic'][kind] for device in report['devices'] if 'nic' in device for kind in kinds))
	PYTHON
}

kill_one() {
	local _ pid rc=0
	boot guest_killed >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 3000); do
		[ ! -e "$vm/out/traffic" ] || break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	[ -e "$vm/out/traffic" ]
	tap $? "traffic runs in guest $1"
	[ -e "$vm/out/traffic" ] || { wait $pid; return; }
	[ "$(held)" -gt 0 ]
	tap $? "the fabric holds its objects"
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	kill -KILL "$(cat "$vm/qemu.pid")"
	wait $pid || rc=$?
	[ $rc = 125 ]
	tap $? "guest $1 is killed"
	for _ in $(seq 50); do
		[ "$(held)" != 0 ] || break
		sleep 0.1
	done
	[ "$(held)" = 0 ]
	tap $? "the fabric holds nothing of it"
	rm -f "$vm/out/traffic"
}

set +e
for _ in $(seq 100); do [ -S "$dir/control.sock" ] && break; sleep 0.1; done
[ -S "$dir/control.sock" ] || die "the fabric did not start: $(tail -n 3 "$BUILD/vm/guest-killed.log")"
files=$(ls /proc/$fabric/fd | wc -l)
for guest in $(seq "$guests"); do kill_one "$guest"; done
sleep 0.2
[ "$(ls /proc/$fabric/fd | wc -l)" = "$files" ]
tap $? "the fabric has $files open files, as at its start"
boot bar >/dev/null && ! grep -q '^not ok' "$vm/out/tap"
tap $? "the next guest passes the tests of tags"
kill -TERM $fabric
wait $fabric
tap $? "the fabric ends without error or leak"
exit $bad
