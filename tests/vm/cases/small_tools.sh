# SPDX-License-Identifier: MIT
# Smoke tests by small tools of Debian: qperf's tests of reliable connections, the pingpongs of ibverbs-utils, and what
# infiniband-diags says about the own port.

# A second for each test. Not -n: rc_bi_bw never ends with a number of messages.
qperf_test() { # TEST
	local said
	if ! said=$(timeout 150 qperf 127.0.0.1 -t 1 -li "$nic_ext:1" -ri "$nic_8bit:1" "$1" 2>&1); then
		part "not ok" "$1"
		echo "$1: $said"
		return 1
	fi
	note "$said"
	part ok "$1"
}

test_qperf_rc() {
	local name failed=0
	qperf >/tmp/server.out 2>&1 &
	wait_for 10 listening 19765
	for name in rc_bw rc_bi_bw rc_lat rc_rdma_read_bw rc_rdma_read_lat rc_rdma_write_bw rc_rdma_write_lat \
		rc_rdma_write_poll_lat rc_compare_swap_mr rc_fetch_add_mr ver_rc_compare_swap ver_rc_fetch_add; do
		qperf_test $name || failed=1
	done
	kill %1
	[ $failed = 0 ]
}

port=18900

pingpong() { # PROGRAM OPTION...
	local rc=0 pid
	port=$((port + 1))
	timeout 150 "$1" -d "$nic_8bit" -p $port "${@:2}" >/tmp/server.out 2>&1 &
	pid=$!
	wait_for 10 listening $port
	timeout 150 "$1" -d "$nic_ext" -p $port "${@:2}" 127.0.0.1 >/tmp/client.out 2>&1 || rc=1
	wait $pid || rc=1
	if [ $rc = 0 ]; then part ok "$*"; else
		part "not ok" "$*"
		tail -n 5 /tmp/server.out /tmp/client.out
	fi
	return $rc
}

test_pingpong() {
	local failed=0
	pingpong ibv_rc_pingpong -n 100 || failed=1
	pingpong ibv_rc_pingpong -n 100 -e || failed=1
	pingpong ibv_rc_pingpong -n 100 -s 65536 -m 4096 -r 10 -c || failed=1
	pingpong ibv_rc_pingpong -n 100 -o || failed=1
	pingpong ibv_rc_pingpong -n 100 -t -N || failed=1
	pingpong ibv_uc_pingpong -n 100 || failed=1
	pingpong ibv_ud_pingpong -n 100 -s 1024 || failed=1
	pingpong ibv_srq_pingpong -n 100 -q 4 || failed=1
	pingpong ibv_xsrq_pingpong -n 100 -c 1 || failed=1
	[ $failed = 0 ]
}

octets_sent() { perfquery -x -C "$nic_ext" -P 1 | sed -n 's/^PortXmitData:\.*//p'; }

test_port_tools() {
	local before
	expect_text 'State: Active' ibstat "$nic_ext" 1
	expect_text 'Firmware version: 0\.1\.0000' ibstat "$nic_ext"
	expect_text "base lid:[[:space:]]*0x1" ibstatus "$nic_ext"
	before=$(octets_sent)
	rc_ops write "$nic_ext" "$nic_8bit"
	[ "$(octets_sent)" -gt "$before" ]
	# No subnet management datagrams: the port has no SMI, which the driver tells the sender.
	expect_fail 255 'send failed' smpquery -C "$nic_ext" -P 1 -D nodeinfo 0
}
