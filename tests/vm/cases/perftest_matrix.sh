# SPDX-License-Identifier: MIT
# The patched perftest with options that few people combine, on host memory and with the server's buffer in the
# endpoint's BAR. Each row of the tables below is a test: both sides end with 0, or the options are refused with a
# text. Neither side may hang or die by a signal.

# table MEMORY: rows "PROGRAM|OPTIONS|OUTCOME" on standard input; OUTCOME is "works", what one side says when it refuses,
# or "ends": both work or both refuse (perftest_long.sh).
# Rows of host memory run in two lanes, each with a server on one NIC and a client on the other. A BAR has one user
# at a time, so its rows have one lane for each endpoint.
table() {
	local memory=$1 rows=/tmp/rows lane bar=
	cat >$rows
	for lane in 1 2; do
		[ "$memory" = host ] || bar="--use_vfio=$endpoint --vfio_bar=2"
		[ "$memory" = host ] || [ $lane = 1 ] || bar="--use_vfio=$endpoint2 --vfio_bar=2"
		sed -n "$lane~2p" $rows | lane "$memory" $lane "$bar" >/tmp/lane.$lane 2>&1 &
	done
	wait
	cat /tmp/lane.1 /tmp/lane.2
	! grep -q '^not ok' /tmp/lane.1 /tmp/lane.2
}

# lane MEMORY NUMBER BAR_OPTIONS: the rows on standard input one after the other
lane() {
	local memory=$1 number=$2 server="-d $nic_8bit $3" client="-d $nic_ext" port program options outcome result
	[ "$number" = 1 ] || server="-d $nic_ext $3" client="-d $nic_8bit"
	port=$((18800 + number * 200))
	while IFS='|' read -r program options outcome; do
		port=$((port + 2))
		result="not ok"
		! row "/tmp/$number" || result=ok
		part "$result" "$memory: $program $options"
		echo "$result $memory: $program $options -> $outcome (server $server_rc, client $client_rc)"
		[ "$result" = ok ] || tail -n 60 "/tmp/$number.server" "/tmp/$number.client"
	done
}

# A pair that has not ended by then hangs. -a takes 10 s on two free cores, 100 s on loaded ones.
ROW_SECONDS=150

# row FILES: one pair of a lane, with that function's variables
row() {
	local pid
	server_rc=0 client_rc=0
	timeout $ROW_SECONDS "$program" -F -p $port $server $options >"$1.server" 2>&1 </dev/null &
	pid=$!
	wait_for 15 listening_or_ended $port $pid
	timeout $ROW_SECONDS "$program" -F -p $port $client $options 127.0.0.1 >"$1.client" 2>&1 </dev/null || client_rc=$?
	wait $pid || server_rc=$?
	[ $server_rc -lt 124 ] && [ $client_rc -lt 124 ] || return 1
	if [ "$outcome" = works ]; then
		[ "$server_rc $client_rc" = "0 0" ]
	elif [ "$outcome" = ends ]; then
		[ "$((server_rc == 0))" = "$((client_rc == 0))" ]
	else
		[ "$server_rc" != 0 ] && [ "$client_rc" != 0 ] && grep -qE "$outcome" "$1.server" "$1.client"
	fi
}


test_write_host() {
	table host <<'END'
ib_write_bw|-s 4096 -n 100 -q 8 -t 16|works
ib_write_bw|-s 4096 -n 100 -q 2 -l 4 --verify_payload|works
ib_write_bw|-s 4096 -n 100 -q 3 --mr_per_qp|works
ib_write_bw|-n 5 -a|works
ib_write_bw|-s 4096 -n 100 -b -q 2 -Q 1|works
ib_write_bw|-s 4096 -n 100 -t 1|works
ib_write_bw|-s 4096 -n 100 -e|Events feature not available
ib_write_bw|-s 64 -n 100 -I 64 --perform_warm_up|works
ib_write_bw|-s 4096 -D 1 -N|works
ib_write_bw|-s 4096 -n 100 -c UC -m 512|works
ib_write_bw|-s 4096 -n 100 -c XRC -q 2|works
ib_write_bw|-s 4096 -n 100 --write_with_imm -r 32|works
ib_write_bw|-s 4096 -n 100 --use_old_post_send -S 0 -u 10|works
ib_write_bw|-s 4096 -n 100 -l 4 -Q 3|[Pp]ost.?list
ib_write_bw|-s 4096 -n 100 -I 4096|inline
ib_write_bw|-s 4096 -n 100 -q 0|num of Qps should be
ib_write_bw|-s 4096 -n 100 -t 1000000|Tx depth should be
ib_write_lat|-s 8388608 -n 5|works
ib_write_lat|-n 5 -a|works
ib_write_lat|-s 64 -D 1|works
ib_write_lat|-s 64 -n 100 -c XRC|works
ib_write_lat|-s 64 -n 100 -c UC -I 0|works
END
}

test_read_host() {
	table host <<'END'
ib_read_bw|-s 4096 -n 100 -q 4 -o 1 --verify_payload|works
ib_read_bw|-s 4096 -n 100 -b -o 16 --mr_per_qp -q 2|works
ib_read_bw|-n 10 -a -l 2|works
ib_read_bw|-s 4096 -D 1|works
ib_read_bw|-s 4096 -D 1 -e|Duration mode doesn't work with events
ib_read_bw|-s 4096 -n 100 -l 3|multiple of post list size
ib_read_bw|-s 4096 -n 100 -c UC|UC connection not possible
ib_read_lat|-s 64 -n 100 -o 4 -e|works
ib_read_lat|-s 64 -D 1|works
END
}

test_send_host() {
	table host <<'END'
ib_send_bw|-s 4096 -n 200 -q 4 -r 64 --verify_payload|works
ib_send_bw|-s 4096 -n 600 -q 4 --use-srq|works
ib_send_bw|-s 4096 -n 200 -q 2 -r 128 --recv_post_list 4|works
ib_send_bw|-s 4096 -n 200 -b -q 2 --mr_per_qp|works
ib_send_bw|-n 8 -a -l 4|works
ib_send_bw|-s 4096 -n 200 -e -Q 1|works
ib_send_bw|-s 128 -n 200 -I 128 -N|works
ib_send_bw|-s 4096 -D 1|works
ib_send_bw|-s 4096 -n 600 -c XRC -q 2|works
ib_send_bw|-s 4096 -n 600 -r 1000000|[Dd]epth
ib_send_lat|-s 64 -n 100 --use-srq -e|works
ib_send_lat|-s 64 -n 100 -c UC -r 16|works
ib_send_lat|-s 64 -n 100 -c XRC|works
ib_send_lat|-s 64 -D 1|works
END
}

test_atomic_host() {
	table host <<'END'
ib_atomic_bw|-n 100 -q 4 -A FETCH_AND_ADD -o 4|works
ib_atomic_bw|-n 100 -b -A CMP_AND_SWAP -l 2|works
ib_atomic_bw|-D 1|works
ib_atomic_bw|-n 100 -e|works
ib_atomic_lat|-n 100 -A CMP_AND_SWAP|works
ib_atomic_lat|-D 1 -A FETCH_AND_ADD|works
END
}

test_bar() {
	table bar <<'END'
ib_write_bw|-s 4096 -n 100 -q 8 -t 16|works
ib_write_bw|-s 4096 -n 100 -q 2 -l 4 -Q 1|works
ib_write_bw|-s 4096 -n 100 -b --perform_warm_up|works
ib_write_bw|-s 4096 -n 100 -q 2 --mr_per_qp|works
ib_write_bw|-s 4096 -n 100 -t 1|works
ib_write_bw|-s 4096 -D 1 -N|works
ib_write_bw|-s 4096 -n 100 -c UC|works
ib_write_bw|-s 4096 -n 100 -c XRC -q 2|works
ib_write_lat|-s 64 -D 1|works
ib_read_bw|-s 4096 -n 100 -q 4 -o 1 --verify_payload|works
ib_read_bw|-s 4096 -n 100 -e|works
ib_read_lat|-s 64 -n 100 -o 4|works
ib_send_bw|-s 4096 -n 200 -q 4 -r 64|works
ib_send_bw|-s 4096 -n 600 -q 4 --use-srq|works
ib_send_bw|-s 4096 -n 200 -q 2 -r 128 --recv_post_list 4|works
ib_send_bw|-s 4096 -n 600 -c XRC|works
ib_send_lat|-s 64 -n 100 -c UC|works
ib_atomic_bw|-n 100 -q 2 -A FETCH_AND_ADD|works
ib_atomic_bw|-n 100 -A CMP_AND_SWAP -b|works
ib_atomic_lat|-n 100 -A FETCH_AND_ADD|works
END
}

# In a BAR these are refused by the side that has it; the other one ends, too.
test_bar_refusals() {
	table bar <<'END'
ib_write_lat|-s 64 -n 100 -I 64|inline
ib_write_bw|-s 4096 -n 100 --use_hugepages|hugepages
END
}

test_hugepages() {
	echo 16 >/proc/sys/vm/nr_hugepages
	[ "$(cat /proc/sys/vm/nr_hugepages)" = 16 ]
	table host <<'END'
ib_write_bw|-s 65536 -n 100 --use_hugepages --verify_payload|works
ib_send_bw|-s 65536 -n 200 --use_hugepages -q 2|works
ib_read_lat|-s 4096 -n 100 --use_hugepages|works
END
	echo 0 >/proc/sys/vm/nr_hugepages
	table host <<'END'
ib_write_bw|-s 65536 -n 100 --use_hugepages|[Ff]ailed to allocate huge
END
}

# The locked memory is enough for buffer and completion queues, not for the shared receive queue.
test_xrc_refused() {
	local pid server_rc=0 client_rc=0
	setpriv --bounding-set -ipc_lock prlimit --memlock=1300000 timeout 150 ib_send_bw -F -p 19300 -d "$nic_8bit" \
		-s 4096 -n 20000 -r 14998 -c XRC >/tmp/server.out 2>&1 &
	pid=$!
	wait_for 15 listening 19300
	timeout 150 ib_send_bw -F -p 19300 -d "$nic_ext" -s 4096 -n 20000 -c XRC 127.0.0.1 >/tmp/client.out 2>&1 || client_rc=$?
	wait $pid || server_rc=$?
	cat /tmp/server.out
	equal "exit codes" "$server_rc $client_rc" "1 1"
	grep -q "Couldn't open XRC SRQ" /tmp/server.out
}
