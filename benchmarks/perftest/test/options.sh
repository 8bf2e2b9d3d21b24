#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Options that the patches add: bad ones first, then good ones in any order. Needs no RDMA device and
# uses none: all checks come before a device is looked for, so that a device that does not exist is
# complained about only if the options were accepted.
#   options.sh [FOLDER WITH THE BINARIES]     default: build/stage/usr/bin
. "$(dirname "$0")/../../../rig/lib/common.sh"
. "$(dirname "$0")/../root.sh"

arguments 0 1 "[FOLDER]" "$@"
BIN=${1:-$BUILD/stage/usr/bin}
NO_DEVICE='Did not detect devices|IB device no_such_device not found'
UUID=00112233-4455-6677-8899-aabbccddeeff
passed=0 failed=0 skipped=0
has_tphbuf=yes

# run ARGS...: sets rc and output
run() {
	rc=0
	output=$(in_root "$BIN" timeout 10 "/srv/$1" "${@:2}" 2>&1 </dev/null) || rc=$?
}

result() {
	local ok=$1 name=$2
	if [ "$ok" = 1 ]; then
		passed=$((passed + 1))
		say "ok $name"
	else
		failed=$((failed + 1))
		say "not ok $name"
		say "    exit $rc"
		printf '%s\n' "$output" | head -n 8 | sed 's/^/    /'
	fi
}

# bad MESSAGE PROGRAM ARGS...: exit 1, one message that contains MESSAGE, nothing further is done.
bad() {
	local message=$1 lines ok=0
	shift
	run "$@"
	lines=$(printf '%s\n' "$output" | grep -vc -e 'Parser function exited with Error' || true)
	if [ "$rc" = 1 ] && [ "$lines" = 1 ] && [[ $output == *"$message"* ]]; then
		ok=1
	fi
	result $ok "refused: $* ($message)"
}

# good PROGRAM ARGS...: the options are accepted; the run ends because there is no such RDMA device.
good() {
	local ok=0
	run "$@" -d no_such_device
	if [ "$rc" != 0 ] && [ "$rc" -lt 100 ] && [[ $output =~ $NO_DEVICE ]] && [[ $output != *--* ]]; then
		ok=1
	fi
	result $ok "accepted: $*"
}

vfio_bad() {
	local vfio="--use_vfio=0000:03:00.0 --vfio_bar=2" value program

	for value in nonsense 0000:03:00 0000:03:00.8 0000:03:20.0 10000:03:00.0x ""; do
		bad 'not a PCI address' ib_write_bw "--use_vfio=$value" --vfio_bar=2
	done
	bad 'add --vfio_bar=<0..5>' ib_write_bw --use_vfio=0000:03:00.0
	for value in 6 -1 x "" 2x 0x 99999999999999999999 ' 2'; do
		bad 'not a BAR; give a number 0..5' ib_write_bw --use_vfio=0000:03:00.0 "--vfio_bar=$value"
	done
	for value in x "" -4096 4096x 0x 99999999999999999999; do
		bad "--vfio_offset=$value: not an offset" ib_write_bw $vfio "--vfio_offset=$value"
	done
	bad 'not page aligned' ib_write_bw $vfio --vfio_offset=100
	bad '--vfio_vf_token=...: not a UUID' ib_write_bw $vfio --vfio_vf_token=1234
	bad '--vfio_vf_token=...: there is no vfio device' ib_write_bw --vfio_vf_token=$UUID

	bad '--vfio_st=0x100: too large for an 8-bit steering tag; use 0..0xff, or --vfio_st_ext' \
		ib_write_bw $vfio --vfio_st=0x100
	for value in x "" -1 0x 0x5g 5.0 ' 5' 5h; do
		bad "--vfio_st=$value: not a number" ib_write_bw $vfio "--vfio_st=$value"
		bad "--vfio_st_ext=$value: not a number" ib_write_bw $vfio "--vfio_st_ext=$value"
		bad "--vfio_ph=$value: not a number" ib_write_bw $vfio --vfio_st=1 "--vfio_ph=$value"
	done
	bad '--vfio_st=99999999999999999999: too large' ib_write_bw $vfio --vfio_st=99999999999999999999
	bad '--vfio_st_ext=0x10000: too large for a 16-bit' ib_write_bw $vfio --vfio_st_ext=0x10000
	bad '--vfio_ph=4: too large for a processing hint; use 0..3' ib_write_bw $vfio --vfio_st=1 --vfio_ph=4
	bad '--vfio_ph=2: a hint is set with a steering tag only' ib_write_bw $vfio --vfio_ph=2

	for value in --vfio_bar=2 --vfio_offset=0 --vfio_st=1 --vfio_st_ext=1 --vfio_ph=1; do
		bad 'add --use_vfio=<BDF>' ib_write_bw "$value"
	done
	bad 'Duplicated argument: vfio_st' ib_write_bw --vfio_st=1 $vfio --vfio_st=2

	bad 'a buffer has one memory type' ib_write_bw $vfio --mmap=/dev/zero
	bad 'a buffer has one memory type' ib_write_bw --mmap=/dev/zero $vfio
	bad 'leave --use_hugepages out' ib_write_bw --use_hugepages $vfio
	bad 'leave --use_hugepages out' ib_write_bw $vfio --use_hugepages
	bad 'leave --odp out' ib_write_bw $vfio --odp
	bad 'leave --use-null-mr out' ib_write_bw $vfio --use-null-mr
	for program in ib_write_bw ib_send_bw ib_write_lat ib_send_lat; do
		bad 'inline messages are read by the CPU, not by the RDMA device; leave -I out' $program $vfio -I 64
	done
	bad 'leave -I out' ib_write_lat --inline_size=1 $vfio
}

vfio_good() {
	local program

	for program in ib_write_bw ib_read_bw ib_send_bw ib_write_lat ib_read_lat ib_send_lat; do
		good $program --use_vfio=0000:03:00.0 --vfio_bar=2
	done
	good ib_write_bw --vfio_ph=2 --vfio_st=0x5a --vfio_bar=2 --use_vfio=03:00.0
	good ib_write_bw --vfio_st=0 --vfio_ph=0 --use_vfio=0000:03:00.0 --vfio_offset=0x1000 --vfio_bar=0
	good ib_write_bw --vfio_st=0xff --vfio_st_ext=0xffff --use_vfio=0000:03:00.0 --vfio_ph=3 --vfio_bar=5
	good ib_write_bw --vfio_st_ext=0X1234 --vfio_offset=1M --vfio_bar=2 --use_vfio=0000:03:00.0
	good ib_write_bw --vfio_vf_token=$UUID --use_vfio=0000:03:00.0 --vfio_bar=2
	good ib_write_bw --use_vfio=0000:03:00.0 --vfio_bar=2 --verify_payload -s 8 -n 100
	good ib_write_lat --use_vfio=0000:03:00.0 --vfio_bar=2 -I 0
}

payload() {
	bad '--verify_payload cannot be used here: one run compares one message size' ib_write_bw --verify_payload -a
	bad 'use -s instead of -a' ib_write_bw -a --verify_payload
	bad 'use -n instead of -D' ib_write_bw --verify_payload -D 2
	bad 'use -n instead of -D or --run_infinitely' ib_send_bw --run_infinitely --verify_payload
	bad 'leave -b out' ib_read_bw -b --verify_payload
	bad 'use -c RC' ib_send_bw --verify_payload -c UD
	bad 'use -c RC' ib_write_lat -c UC --verify_payload
	bad 'leave --use-srq out' ib_send_bw --use-srq --verify_payload
	bad 'leave --use-null-mr out' ib_write_bw --verify_payload --use-null-mr
	bad 'leave --payload_file_path out' ib_write_bw --payload_file_path=/nonexistent --verify_payload
	bad 'use -s 2 or more' ib_write_lat -s 1 --verify_payload
	for program in ib_write_bw ib_read_bw ib_send_bw ib_write_lat ib_read_lat ib_send_lat; do
		good $program --verify_payload -s 64 -n 10
	done
}

json() {
	local program
	for program in ib_write_bw ib_read_bw "ib_send_bw --noPeak" ib_write_lat ib_read_lat ib_send_lat ib_atomic_bw \
		ib_atomic_lat; do
		bad "Couldn't open the JSON report /nonexistent/report: No such file" \
			$program --out_json --out_json_file=/nonexistent/report
	done
	good ib_write_bw --out_json_file=/nonexistent/report
}

need_root
[ -x "$BIN/ib_write_bw" ] || die "no ib_write_bw in $BIN; run benchmarks/perftest/build.sh first"
run ib_write_bw --use_vfio=0000:03:00.0
[[ $output != *'built without libtphbuf'* ]] || has_tphbuf=no

if [ $has_tphbuf = yes ]; then
	vfio_bad
	vfio_good
else
	bad 'rebuild it with --with-tphbuf' ib_write_bw --use_vfio=0000:03:00.0 --vfio_bar=2
	bad 'rebuild it with --with-tphbuf' ib_write_bw --vfio_st=1
	skipped=$((skipped + 1))
	say "ok options of --use_vfio # SKIP perftest was built without libtphbuf"
fi
payload
json
run ib_write_bw --no_such_option
result "$([ "$rc" = 1 ] && [[ $output == *'Invalid Command or flag'* ]] && echo 1 || echo 0)" "an unknown option is refused"

say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
