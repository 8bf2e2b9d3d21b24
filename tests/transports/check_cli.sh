#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nccl-net-check as a program: what it runs, prints and exits with, and traces that it cannot play. TAP.
#
#   check_cli.sh CHECK PLUGIN BROKEN SUM TRACES    program and libraries, built; a folder with traces
set -u
CHECK=$(readlink -f "$1") PLUGIN=$(readlink -f "$2") BROKEN_SO=$(readlink -f "$3") SUM=$(readlink -f "$4") TRACES=$(readlink -f "$5")
export TPHBUF_NET_BACKEND=loop NCCL_SOCKET_IFNAME=lo BROKEN_BASE=$PLUGIN
check=("$CHECK" --timeout 100) # a loaded machine is slow
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$(dirname "$0")/../harness/tap.sh"

# run NAME STATUS TEXTS COMMAND...: its exit status, and lines that its output has; said: the output
run() {
	local name=$1 want=$2 texts=$3 rc=0 text ok=0
	shift 3
	said=$("$@" </dev/null 2>&1) || rc=$?
	[ $rc = "$want" ] || ok=1
	while read -r text; do
		case $text in
		"") ;;
		1..*) grep -qxF -- "$text" <<<"$said" || ok=1 ;;
		*) grep -qF -- "$text" <<<"$said" || ok=1 ;;
		esac
	done <<<"$texts"
	tap $ok "$name" "exit $rc, expected $want and: $texts"$'\n'"$said"
}

# says NAME TIMES EXPRESSION: lines of the output of the run before
says() {
	local times
	times=$(grep -c -- "$3" <<<"$said")
	same "$1" "$times lines" "$2 lines"
}

run "one without sums" 2 "does not define tphbuf_reduce_v1" "${check[@]}" --reduce "$PLUGIN" "$PLUGIN"
run "a device with a wrong tag" 2 "--device: tag st: " "${check[@]}" --device 0000:03:00.0,2,st=1,ph=1/st "$PLUGIN"
run "five devices" 2 "--device: at most 4 devices" "${check[@]}" $(printf -- '--device a:b,0 %.0s' 1 2 3 4 5) "$PLUGIN"

none=(--no-points --no-data)
run "nothing to do" 0 "1..0" "${check[@]}" "${none[@]}" "$PLUGIN"
run "the plugin is named" 0 "# $PLUGIN: plugin \"" "${check[@]}" "${none[@]}" "$PLUGIN"
for as in 2.22:8 2.24:9 2.26:10 2.28:11 2.29:11 2.30:12; do
	run "NCCL ${as%:*} takes table ${as#*:}" 0 "table v${as#*:}, as NCCL ${as%:*}" "${check[@]}" "${none[@]}" --as ${as%:*} "$PLUGIN"
done
run "a path that is missing" 1 "Bail out! /absent.so: cannot open" "${check[@]}" /absent.so
run "a name that is missing" 1 "Bail out! libnccl-net-absent.so: cannot open" "${check[@]}" absent
run "a file name that is missing" 1 "Bail out! libabsent.so: cannot open" "${check[@]}" libabsent.so
run "a library without tables" 1 "Bail out! $SUM defines none of ncclNetPlugin_v6 to v11; NCCL 2.28 calls it unsupported" "${check[@]}" "$SUM"
# In another folder, the plugin does not find its libraries by its own place.
libraries=$(ldd "$PLUGIN" | sed -n 's,.*=> \(.*\)/libtphbuf.*,\1,p' | paste -sd:)
for name in named x.so libx; do ln -s "$PLUGIN" "$dir/libnccl-net-$name.so"; done
for name in named x.so libx libnccl-net-named.so; do
	run "found as $name" 0 "1..0" env LD_LIBRARY_PATH="$dir:$libraries" "${check[@]}" "${none[@]}" $name
done

run "two points" 0 "ok 2 - C4 
1..2" "${check[@]}" --only C4,C3 "$PLUGIN"
run "one point, which is not the beginning of a name" 0 "ok 1 - C1 
1..1" "${check[@]}" --only C1 "$PLUGIN"
run "no name" 0 "1..0" "${check[@]}" --only C,point-to "$PLUGIN"
run "a point and a collective" 0 "ok 1 - C4 
ok 2 - point-to-point 2 ranks, 1 bytes of each
1..6" "${check[@]}" --only point-to-point,C4 "$PLUGIN"
run "a point that needs a device" 0 "ok 1 - C26 revoked memory becomes an error # SKIP needs --device" "${check[@]}" --only C26 "$PLUGIN"
run "a collective without points" 0 "1..1" "${check[@]}" --no-points --only point-to-point,C4 --bytes 4 "$PLUGIN"
run "a point without collectives" 0 "1..1" "${check[@]}" --no-data --only point-to-point,C4 "$PLUGIN"
sixteen=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16
run "sixteen sizes, eight ranks" 0 "ok 16 - point-to-point 8 ranks, 16 bytes of each
1..16" "${check[@]}" --no-points --ranks 8 --bytes $sixteen --only point-to-point "$PLUGIN"
for test in all-reduce all-gather reduce-scatter all-to-all; do
	run "three ranks, bytes and words: $test" 0 "ok 3 - $test 3 ranks, 65540 bytes of each" \
		"${check[@]}" --no-points --ranks 3 --bytes 5,8,65540 --only $test "$PLUGIN"
done
run "no faults unless asked for" 0 "1..0" "${check[@]}" --only kill "$PLUGIN"
run "faults" 0 "ok 1 - kill during an all-reduce: an error at each of 2 ranks
# kill: errors after
ok 2 - revoke during an all-reduce: an error at each of 2 ranks # SKIP needs --device" "${check[@]}" --faults --only kill,revoke "$PLUGIN"
says "the errors of the ranks are told only if asked for" 0 "^# rank [01]: "
run "faults with the errors" 0 "# rank 0: np_" "${check[@]}" -v --faults --only kill "$PLUGIN"
run "the log of the plugin" 0 "# INFO " "${check[@]}" -v --only C4 "$PLUGIN"
run "and none" 0 "1..1" "${check[@]}" --only C4 "$PLUGIN"
says "the log is shown only if asked for" 0 "^# INFO"
run "without standard input" 0 "1..31" sh -c 'exec "$@" <&-' sh "${check[@]}" --no-data "$PLUGIN"

# A listener that whoever starts the program left open: the strangers of C7 are to find the plugin's.
run "a listener of another" 0 "ok 1 - C7 
nobody connected" python3 "$(dirname "$0")/listener.py" "${check[@]}" --only C7 "$PLUGIN"

# Two ranks. What the plugin notes of its calls: each registers two regions to send and one to receive.
export TPHBUF_NET_TRACE=$dir/calls.%p
for test in point-to-point:2 all-to-all:2 all-gather:2 reduce-scatter:2 all-reduce:4; do
	run "calls of ${test%:*}" 0 "1..1" "${check[@]}" --no-points --only ${test%:*} --bytes 4 "$PLUGIN"
	said=$(cat "$dir"/calls.*)
	rm "$dir"/calls.*
	says "${test%:*} registers" 6 '"regMr"'
	says "${test%:*} deregisters" 6 '"deregMr"'
	says "${test%:*} sends" ${test#*:} '"isend"'
done
run "slow registrations" 0 "ok 1 - C10 " env BROKEN=slow "${check[@]}" --only C10 "$BROKEN_SO"
said=$(cat "$dir"/calls.* | grep -c '"regMr"')
[ "$said" -ge 52 ] || said=few # two are of the messages
says "C10 registers fifty times, also after the messages" 0 few
unset TPHBUF_NET_TRACE
run "a send that is taken before its receive" 0 "ok 1 - C16 " env BROKEN=early "${check[@]}" --only C16 "$BROKEN_SO"
run "device handles" 0 "ok 1 - C9 " env BROKEN=handles "${check[@]}" --only C9 "$BROKEN_SO"

run "a point that fails" 1 "not ok 2 - C4 
# maxP2pBytes 0: NCCL refuses" env BROKEN=C4 "${check[@]}" --only C4,C3 "$BROKEN_SO"
run "finalize without a context, which NCCL 2.28 calls" 1 "not ok 1 - C3 " env BROKEN=C3 "${check[@]}" --only C3 "$BROKEN_SO"
run "and NCCL 2.30 does not" 0 "ok 1 - C3 " env BROKEN=C3 "${check[@]}" --as 2.30 --only C3 "$BROKEN_SO"
# Before version 11 the end of the library stands for that of a communicator: C8 has three.
for as in 2.26:4 2.28:2; do
	run "the library of NCCL ${as%:*}" 0 "ok 1 - C8 " env LD_DEBUG=files "${check[@]}" --as ${as%:*} --only C8 "$PLUGIN"
	says "is loaded ${as#*:} times" ${as#*:} "calling init: $PLUGIN"
done
run "a table without finalize" 1 "# finalize is NULL" env BROKEN=C1-finalize "${check[@]}" --only C1 "$BROKEN_SO"
run "a table without iflush" 1 "# the table lacks a function that NCCL calls" env BROKEN=C1-iflush "${check[@]}" --only C1 "$BROKEN_SO"
run "a size that fails" 1 "ok 1 - point-to-point 3 ranks, 4096 bytes
not ok 2 - point-to-point 3 ranks, 33554436 bytes
sent 33554436 bytes, the receiver was told 4
not ok 3 - point-to-point 3 ranks, 8 bytes
# not run after the failure before" env BROKEN=C22 "${check[@]}" --no-points --ranks 3 --only point-to-point --bytes 4096,33554436,8 "$BROKEN_SO"
run "a call that hangs" 1 "# no end within 1 s: a call hangs or blocks" env BROKEN=C7 "${check[@]}" --timeout 1 --only C7 "$BROKEN_SO"
run "a call that crashes" 1 "# killed by signal 11" env BROKEN_BASE=/absent "${check[@]}" --only C4 "$BROKEN_SO"

play() { # NAME STATUS TEXT: a trace from standard input
	cat >"$dir/trace"
	run "$1" "$2" "$3" "${check[@]}" --replay "$dir/trace" "$PLUGIN"
}
line() { # PROCESS CALL RESULT FIELDS: a line of a trace
	printf '{"call":"%s","pid":%d,"result":%d%s}\n' "$2" "$1" "$3" "$4"
}
begin() { line $1 init 0 ',"ctx":1'; line $1 devices 0 ',"n":1'; }
run "a trace that is missing" 1 "# cannot open /absent" "${check[@]}" --replay /absent "$PLUGIN"
play "an empty trace" 1 "has no calls" </dev/null
play "no JSON" 1 "trace:3: not a call of a trace" <<<"$(begin 1; echo "no JSON")"
play "another call" 1 "trace:2: not a call of a trace" <<<"$(line 1 init 0 ,\"ctx\":1; line 1 reopen 0 "")"
play "no call" 1 "trace:1: not a call of a trace" <<<'{"pid":1}'
play "a call that is no text" 1 "trace:1: not a call of a trace" <<<'{"call":1,"pid":1}'
play "8 processes" 0 "ok 1 - replay" <<<"$(for pid in {1..8}; do begin $pid; done)"
play "9 processes" 1 "trace:17: not a call of a trace, or more than 8 processes" <<<"$(for pid in {1..9}; do begin $pid; done)"
play "a call that failed is left out" 0 "ok 1 - replay" <<<"$(begin 1; line 1 listen 3 ',"ctx":7,"listen":2,"token":"t"')"
play "a test of what is not open" 1 "line 3: the trace tests request 7, which is not open" <<<"$(begin 1; line 1 test 0 ,\"req\":7)"
play "a connect to nobody" 1 "line 3: the trace lacks the listener of token t" <<<"$(begin 1; line 1 connect 0 ',"ctx":1,"comm":2,"token":"t"')"
play "a listen that failed is nobody" 1 "the trace lacks the listener of token t" \
	<<<"$(begin 1; line 1 listen 1 ',"ctx":1,"listen":3,"token":"t"'; line 1 connect 0 ',"ctx":1,"comm":2,"token":"t"')"
play "a listener without peer" 0 "ok 1 - replay" <<<"$(begin 1; line 1 listen 0 ',"ctx":1,"listen":2,"token":"t"'; line 1 closeListen 0 ',"listen":2')"
message() { # SIZE: a process that sends itself a message of 4 bytes, of which the receiver was told SIZE
	begin 1
	line 1 listen 0 ',"ctx":1,"listen":2,"token":"t"'
	line 1 accept 0 ',"listen":2,"comm":5'
	line 1 connect 0 ',"ctx":1,"comm":4,"token":"t"'
	line 1 regMr 0 ',"comm":5,"mr":6,"size":4096,"page":0'
	line 1 regMr 0 ',"comm":4,"mr":7,"size":4096,"page":8'
	line 1 irecv 0 ',"comm":5,"req":8,"parts":[{"mr":6,"at":10,"size":100,"tag":1}]'
	line 1 isend 0 ',"comm":4,"mr":7,"at":0,"size":4,"tag":1,"req":9'
	line 1 test 0 ',"comm":4,"req":9,"sizes":[4]'
	line 1 test 0 ',"comm":5,"req":8,"sizes":['"$1"]
	line 1 iflush 0 ',"comm":5,"req":10,"parts":[{"mr":6,"at":10,"size":4,"tag":0}]'
	line 1 test 0 ',"comm":5,"req":10,"sizes":[4]'
}
play "a process that sends to itself" 0 "ok 1 - replay" <<<"$(message 4)"
play "another size than recorded" 1 "rank 0: line 11: request 8: 4 bytes, recorded were 5" <<<"$(message 5)"
play "a request that is tested twice" 1 "line 14: the trace tests request 8, which is not open" <<<"$(message 4; line 1 test 0 ',"req":8')"
two_messages() {
	message 4
	line 1 irecv 0 ',"comm":5,"req":11,"parts":[{"mr":6,"at":10,"size":100,"tag":1}]'
	line 1 isend 0 ',"comm":4,"mr":7,"at":0,"size":4,"tag":1,"req":12'
	line 1 test 0 ',"comm":5,"req":11,"sizes":[4]'
}
play "two messages" 0 "ok 1 - replay" <<<"$(two_messages)"
two_messages >"$dir/trace"
run "the second has the data of the first" 1 "line 16: request 11: the data is wrong" \
	env BROKEN=repeat "${check[@]}" --replay "$dir/trace" "$BROKEN_SO"
two_communicators() { # the second is made when the first is finalized; its listener is there from the start
	begin 1
	line 1 init 0 ',"ctx":3'
	line 1 listen 0 ',"ctx":3,"listen":4,"token":"u"'
	line 1 listen 0 ',"ctx":1,"listen":2,"token":"t"'
	line 1 accept 0 ',"listen":2,"comm":5'
	line 1 connect 0 ',"ctx":1,"comm":6,"token":"t"'
	line 1 finalize 0 ',"ctx":1'
	line 1 init 0 ',"ctx":7'
	line 1 accept 0 ',"listen":4,"comm":8'
	line 1 connect 0 ',"ctx":7,"comm":9,"token":"u"'
}
play "no connect before its communicator is there" 0 "ok 1 - replay" <<<"$(two_communicators)"
run "dma-bufs" 0 "ok 1 - replay" "${check[@]}" --replay "$TRACES/nccl-2.28.9-dmabuf-collectives.jsonl" "$PLUGIN"
[ -e /dev/udmabuf ] || says "become host memory, and each rank says so" 2 "^# rank [01]: 0 dma-bufs, [1-9][0-9]* dma-bufs replayed as host memory$"
run "host memory" 0 "ok 1 - replay" "${check[@]}" --replay "$TRACES/nccl-2.28.9-host-simple.jsonl" "$PLUGIN"
says "no word about dma-bufs without them" 0 "replayed as host memory"
tap_plan
exit $bad
