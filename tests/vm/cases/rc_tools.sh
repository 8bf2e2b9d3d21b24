# SPDX-License-Identifier: MIT
# Debian's tools on the NIC model's features besides plain RC: atomics, shared receive queues, XRC, completion
# events, time stamps. Each runs between the NICs and in loopback.

port=18700

# pair PROGRAM OPTION...: a server on one NIC and a client on the other, then both on one. Both must succeed.
pair() {
	local peer
	for peer in "$nic_8bit" "$nic_ext"; do
		port=$((port + 1))
		note "$* on $nic_ext and $peer"
		timeout 150 "/usr/bin/$1" -d "$peer" -p $port "${@:2}" >/tmp/server.out 2>&1 &
		wait_for 10 listening $port || { cat /tmp/server.out; return 1; }
		timeout 150 "/usr/bin/$1" -d "$nic_ext" -p $port "${@:2}" 127.0.0.1 || { cat /tmp/server.out; return 1; }
		wait $! || { cat /tmp/server.out; return 1; }
	done
}

test_fetch_add() {
	pair ib_atomic_bw -F -n 1000 -A FETCH_AND_ADD
	pair ib_atomic_lat -F -n 200 -A FETCH_AND_ADD
}

test_compare_swap() {
	pair ib_atomic_bw -F -n 1000 -A CMP_AND_SWAP
	pair ib_atomic_lat -F -n 200 -A CMP_AND_SWAP
}

test_shared_receive_queue() {
	pair ibv_srq_pingpong -q 8 -n 200
	pair ibv_srq_pingpong -q 4 -n 200 -e
	pair ib_send_bw -F -n 500 -s 4096 --use-srq -q 4
	pair ib_send_lat -F -n 200 --use-srq
}

test_xrc() {
	pair ibv_xsrq_pingpong -n 100
	pair ib_send_bw -F -n 200 -s 4096 -c XRC
	pair ib_write_bw -F -n 200 -s 4096 -c XRC
}

# Messages of a fast sender may be lost, so no ib_send_bw.
test_unreliable_connection() {
	pair ibv_uc_pingpong -n 200
	pair ib_send_lat -F -n 200 -c UC
	pair ib_write_bw -F -n 500 -s 4096 -c UC
}

# perftest arms after the event and before the poll.
test_completion_events() {
	pair ib_send_lat -F -n 500 -e
	pair ib_send_bw -F -n 500 -s 4096 -e
	pair ib_read_bw -F -n 200 -e
	pair ibv_rc_pingpong -n 500 -e
}

# Not with -e: ibv_rc_pingpong -t polls two completions for one event and fails when the second
# event has none.
test_time_stamps() {
	pair ibv_rc_pingpong -n 200 -t
	expect_text 'hca_core_clock:[[:space:]]*[1-9]' ibv_devinfo -v -d "$nic_ext"
}

test_capabilities_say_so() {
	expect_text 'atomic_cap:[[:space:]]*ATOMIC_HCA' ibv_devinfo -v -d "$nic_ext"
}
