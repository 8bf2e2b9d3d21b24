#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Traffic with the patched perftest, inside a machine that has an RDMA device (soft-RoCE will do):
# payload verification over all tests, sizes and ways to post, and that it finds what is wrong.
#   traffic.sh BIN SERVER_ARGS CLIENT_ARGS SERVER_ADDRESS [MOCK]
# BIN           folder with the binaries
# *_ARGS        device and whatever else each side needs, for example "-d rxe0 -x 1"; with
#               "--use_vfio=... --vfio_bar=..." everything runs on that BAR
# MOCK          mock_tphbuf.so, to test the vfio memory type without a vfio device
# Environment: PARTS, some of "sizes posting differences vfio_mock"; DEADLINE of one run in seconds
set -u
BIN=$1 SERVER=$2 CLIENT=$3 ADDRESS=$4 MOCK=${5:-}
PORT=18600
DEADLINE=${DEADLINE:-30}
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
passed=0 failed=0 skipped=0
preload= mock=

listening() { grep -qi ":$(printf %04x "$PORT") .* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null; }

# side NAME ARGS...: run one side; output and JSON in $DIR/NAME.{out,json}
side() {
	local name=$1 tool=$2
	shift 2
	rm -f "$DIR/$name.json"
	LD_PRELOAD=$preload MOCK_TPHBUF=$mock timeout "$DEADLINE" "$BIN/$tool" -F -p $PORT \
		--out_json "--out_json_file=$DIR/$name.json" "$@" >"$DIR/$name.out" 2>&1
}

# pair TOOL ARGS_OF_BOTH ONLY_SERVER ONLY_CLIENT: sets src and crc, the exit codes
pair() {
	local tool=$1 both=$2 pid i
	PORT=$((PORT + 1))
	side server "$tool" $SERVER $both $3 <&- &
	pid=$!
	for i in $(seq 100); do
		listening && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	side client "$tool" $CLIENT $both $4 "$ADDRESS"
	crc=$?
	wait $pid
	src=$?
}

# verdict OK NAME
verdict() {
	if [ "$1" = 1 ]; then
		passed=$((passed + 1))
		echo "ok $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $2 (server exit $src, client exit $crc)"
	tail -n 6 "$DIR/server.out" | sed 's/^/    server: /'
	tail -n 6 "$DIR/client.out" | sed 's/^/    client: /'
}

# What each side must say about the payload: "true", "false", "null" or "" (option not given)
payload_of() { sed -n 's/^"payload_ok": \([a-z]*\),$/\1/p' "$DIR/$1.json" 2>/dev/null; }

receivers() {
	case $1 in
	*_lat) [ "$1" = ib_read_lat ] && echo client || echo both ;;
	ib_read_bw) echo client ;;
	*) echo server ;;
	esac
}

# equal TOOL ARGS: verified on both sides' terms
equal() {
	local tool=$1 server=null client=null ok=0
	case $(receivers "$tool") in
	both) server=true client=true ;;
	client) client=true ;;
	server) server=true ;;
	esac
	pair "$tool" "--verify_payload $2" "" ""
	if [ $src = 0 ] && [ $crc = 0 ] && [ "$(payload_of server)" = "$server" ] &&
	   [ "$(payload_of client)" = "$client" ]; then
		ok=1
	fi
	verdict $ok "payload equal: $tool $2"
}

# differs TOOL ARGS ONLY_SERVER ONLY_CLIENT SIDE: that side finds a difference and fails, the other does not
differs() {
	local ok=0 other=client
	[ "$5" = server ] || other=server
	pair "$1" "$2" "$3" "$4"
	[ "$5" = server ] && bad=$src good=$crc || bad=$crc good=$src
	if [ "$bad" = 1 ] && [ "$good" = 0 ] && [ "$(payload_of "$5")" = false ] &&
	   [ "$(payload_of $other)" != false ] && grep -q 'payload: DIFFERENT at offset' "$DIR/$5.out"; then
		ok=1
	fi
	verdict $ok "payload difference found: $1 $2, server $3, client $4"
}

sizes() {
	local size
	for size in 2 8 65 1000 2048 2049 4096 65536 1048576; do
		equal ib_write_bw "-s $size -n 70"
		equal ib_send_bw "-s $size -n 70"
		equal ib_read_bw "-s $size -n 70"
		equal ib_write_lat "-s $size -n 10"
		equal ib_send_lat "-s $size -n 10"
	done
	equal ib_read_lat "-s 64 -n 10"
}

posting() {
	local size n depth
	for size in 8 1500 65536; do
		equal ib_write_bw "-s $size -n 50 -q 3"
		equal ib_send_bw "-s $size -n 50 -q 3"
		equal ib_read_bw "-s $size -n 50 -q 3"
		equal ib_write_bw "-s $size -n 50 -q 3 --mr_per_qp"
		equal ib_send_bw "-s $size -n 50 -q 3 --mr_per_qp"
		equal ib_read_bw "-s $size -n 50 -q 3 --mr_per_qp"
		equal ib_write_bw "-s $size -n 48 -l 8"
		equal ib_write_bw "-s $size -n 192 -l 96"
		equal ib_send_bw "-s $size -n 64 -l 8 --recv_post_list=8 -r 16"
		equal ib_send_bw "-s $size -n 256 --recv_post_list=128 -r 256"
		equal ib_write_bw "-s $size -n 60 --write_with_imm"
		equal ib_write_lat "-s $size -n 10 --write_with_imm"
	done
	for n in 5 63 64 65 130 300; do
		equal ib_write_bw "-s 8 -n $n"
		for depth in 2 6 64 66; do
			equal ib_send_bw "-s 8 -n $n -r $depth"
		done
	done
	equal ib_write_lat "-s 2 -n 300"
	equal ib_write_bw "-s 8 -n 60 -I 64"
	equal ib_send_bw "-s 8 -n 60 -e"
}

differences() {
	local v=--verify_payload
	differs ib_write_bw "-s 4096 -n 5" $v "" server
	differs ib_send_bw "-s 8 -n 5" $v "" server
	differs ib_read_bw "-s 1000 -n 20" "" $v client
	differs ib_write_lat "-s 64 -n 10" $v "" server
	differs ib_send_lat "-s 64 -n 10" "" $v client
	differs ib_write_bw "-s 8" "$v -n 64" "$v -n 63" server
	differs ib_write_bw "-n 20" "$v -s 1000" "$v -s 999" server
}

# vfio_fails MOCK MESSAGE ARGS: the server ends with MESSAGE before anything is sent
vfio_fails() {
	local ok=0
	mock=$1
	pair ib_write_bw "-s 64 -n 10" "--use_vfio=0000:00:00.0 --vfio_bar=2 $3" ""
	if [ $src = 1 ] && [ $crc != 0 ] && grep -q -e "$2" "$DIR/server.out" && [ ! -s "$DIR/server.json" ] &&
	   [ ! -s "$DIR/client.json" ]; then
		ok=1
	fi
	verdict $ok "vfio, $1: $2 ($3)"
	mock=
}

# vfio_works MOCK JSON_PATTERN TOOL ARGS SERVER_VFIO_ARGS
vfio_works() {
	local ok=0
	mock=$1
	pair "$3" "--verify_payload $4" "--use_vfio=0000:00:00.0 --vfio_bar=2 $5" ""
	if [ $src = 0 ] && [ $crc = 0 ] && tr -d '\n' <"$DIR/server.json" | grep -q -e "$2"; then
		ok=1
	fi
	verdict $ok "vfio, $1: $3 $4 $5"
	mock=
}

vfio_mock() {
	local tag8='"tag_requested": \[{"width": 8, "st": 90, "ph": 2}\],"tag_applied_state": "yes","tag_applied": \[{"width": 8, "st": 90, "ph": 2}\]'
	local tag16='"tag_applied_state": "yes","tag_applied": \[{"width": 16, "st": 4660, "ph": 1}\]'
	local place='"Memory_type": "vfio","vfio": {"bdf": "0000:00:00.0","bar": 2,"offset": 8192,'

	preload=$MOCK
	vfio_fails set=fail "st=0x5a,ph=2 .*not set: mock: no TPH completer" "--vfio_st=0x5a --vfio_ph=2"
	vfio_fails get=fail "cannot be read back: mock: device gone" "--vfio_st=0x5a"
	vfio_fails get=other "not set: the kernel reports another tag" "--vfio_st=0x5a"
	vfio_fails applied=none "not applied: mock: RDMA device has TPH disabled" "--vfio_st=0"
	vfio_fails applied=unknown "cannot tell whether it is applied: mock: kernel does not tell" "--vfio_st_ext=1"
	vfio_fails applied=fail "cannot tell whether it is applied: mock: netlink refused" "--vfio_st=1"
	vfio_fails applied=other "not applied: the RDMA device uses another tag" "--vfio_st=1"
	vfio_fails applied=both "not applied: the RDMA device uses another tag" "--vfio_st=1 --vfio_st_ext=1"
	vfio_fails applied=xst "not applied: the RDMA device uses another tag" "--vfio_st=1"
	vfio_fails applied=tag "not what was asked for" ""
	vfio_fails reg=fail "Couldn't register the BAR: Operation not supported" ""
	vfio_fails map=fail "mock: not mappable" "--vfio_st=1"
	vfio_fails range "mock: no such range" "--vfio_offset=4M"

	vfio_works "" "$tag8" ib_write_bw "-s 8 -n 100" "--vfio_st=0x5a --vfio_ph=2"
	vfio_works applied=xst "$tag16" ib_write_bw "-s 65536 -n 5" "--vfio_st=1 --vfio_st_ext=0x1234 --vfio_ph=1"
	vfio_works "" '"tag_requested": \[\],"tag_applied_state": "no","tag_applied": \[\]' ib_write_bw "-s 64 -n 5" ""
	vfio_works applied=unknown '"tag_applied_state": "unknown"' ib_write_bw "-s 64 -n 5" ""
	vfio_works "" "$place" ib_write_bw "-s 64 -n 5" "--vfio_offset=8K"
	vfio_works "" '"payload_ok": true' ib_write_bw "-s 64 -n 50 -q 3 --mr_per_qp" "--vfio_st=1"
	vfio_works "" '"payload_ok": true' ib_send_bw "-s 1000 -n 50" "--vfio_st=1"
	vfio_works "" '"payload_ok": true' ib_write_lat "-s 8 -n 50" "--vfio_st=1"
	vfio_works "" '"payload_ok": true' ib_send_lat "-s 8 -n 50" "--vfio_st=1"
	vfio_works "" '"payload_ok": null' ib_read_bw "-s 4096 -n 50" "--vfio_st=1"
	preload=
}

for part in ${PARTS:-sizes posting differences vfio_mock}; do
	if [ $part = vfio_mock ] && [ -z "$MOCK" ]; then
		skipped=$((skipped + 1))
		echo "ok vfio memory type # SKIP no mock_tphbuf.so given"
		continue
	fi
	$part
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
