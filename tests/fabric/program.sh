#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tphbuf-fabric as a program: rights, signals, and what it leaves behind. TAP.
set -u
program=$1
. "$(dirname "$0")/../harness/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
check() { # NAME STATUS TEXT ARGUMENT...: a run that ends by itself
	local name=$1 want=$2 text=$3 said rc=0
	shift 3
	said=$(timeout 20 "$@" 2>&1) || rc=$?
	[ $rc = "$want" ] && grep -q -- "$text" <<<"$said"
	tap $? "$name" "exit $rc instead of $want, said: $said"
}
# ended NAME SIGNAL STATUS ARGUMENT...: the program is ready, gets the signal, and ends; said: its output
ended() {
	local name=$1 signal=$2 want=$3 rc=0 pid
	shift 3
	mkfifo "$dir/out"
	"$program" --dir "$dir" --endpoint a,bar-mb=1 "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	read -r -t 20 said <"$dir/out"
	if [ -S "$dir/a.sock" ] && [ -S "$dir/control.sock" ]; then
		kill -PIPE $pid && kill -"$signal" $pid
	else
		kill -KILL $pid
	fi
	wait $pid || rc=$?
	rm "$dir/out"
	[ "$said" = ready ] && [ $rc = "$want" ] && [ ! -e "$dir/a.sock" ] && [ ! -e "$dir/control.sock" ]
	tap $? "$name" "exit $rc instead of $want, said: $said $(cat "$dir/err")"
}

drop=()
[ "$(id -u)" != 0 ] || drop=(setpriv --bounding-set=-sys_nice)
check "no right to real-time priority" 1 "^tphbuf-fabric: --realtime: Operation not permitted" \
	prlimit --rtprio=0 "${drop[@]}" "$program" --dir "$dir" --endpoint a --realtime
ended "SIGTERM" TERM 0 --report "$dir/report"
[ -s "$dir/report" ] && [ ! -s "$dir/err" ]
tap $? "leaves its report" "$(cat "$dir/err")"
ended "SIGINT" INT 0
ended "a report that cannot be written" TERM 1 --report /absent/report
grep -qx "tphbuf-fabric: /absent/report: No such file or directory" "$dir/err"
tap $? "is reported" "$(cat "$dir/err")"

# With few descriptors it fails, whichever it lacks. With the first number that is enough it is ready, and ends when told.
descriptors=3 said="" failed=0
until [ "$said" = ready ] || [ $descriptors = 64 ]; do
	descriptors=$((descriptors + 1)) rc=0 said=""
	mkfifo "$dir/out"
	prlimit --nofile=$descriptors "$program" --dir "$dir" --endpoint a,bar-mb=1 >"$dir/out" 2>"$dir/err" &
	pid=$!
	read -r -t 20 said <"$dir/out"
	[ "$said" != ready ] || kill $pid
	wait $pid || rc=$?
	rm "$dir/out"
	if [ $rc = 1 ] && grep -q "Too many open files" "$dir/err"; then failed=$((failed + 1)); fi
done
[ "$said" = ready ] && [ $rc = 0 ] && [ $failed -gt 2 ] && [ $((failed + 4)) = $descriptors ]
tap $? "few descriptors" "$descriptors, exit $rc, $failed failures before, said: $said $(cat "$dir/err")"
tap_plan
exit $bad
