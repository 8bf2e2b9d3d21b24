# SPDX-License-Identifier: MIT
# perftest -R (queue pairs by rdma_cm) over soft-RoCE: it works, and when one side cannot register its memory both
# sides end with an error. Soft-RoCE cannot reach a BAR, which is such a side.

rxe_device() {
	insert udp_tunnel ip6_udp_tunnel rdma_rxe
	[ ! -e /sys/class/infiniband/rxe0 ] || return 0
	ip link add dum0 type dummy
	ip link set dum0 mtu 5000 up
	ip addr add 10.0.0.1/24 dev dum0
	rdma link add rxe0 type rxe netdev dum0
	wait_for 10 port_active rxe0
}

# cm_pair PROGRAM COMMON SERVER_OPTIONS CLIENT_OPTIONS: exit codes in server_rc and client_rc
cm_pair() {
	local pid
	rxe_device
	server_rc=0 client_rc=0
	timeout 150 "$1" -F -R -d rxe0 -x 1 $2 $3 >/tmp/server.out 2>&1 &
	pid=$!
	wait_for 15 cm_listens_or_ended $pid || true
	timeout 150 "$1" -F -R -d rxe0 -x 1 $2 $4 10.0.0.1 >/tmp/client.out 2>&1 || client_rc=$?
	wait $pid || server_rc=$?
	note "$* -> server $server_rc, client $client_rc"
	tail -n 8 /tmp/server.out /tmp/client.out
}

cm_listens_or_ended() { cm_listens || ended "$1"; } # PID

test_works() {
	cm_pair ib_write_bw "-s 4096 -n 50" "" ""
	equal "exit codes" "$server_rc $client_rc" "0 0"
	cm_pair ib_send_lat "-s 64 -n 50" "" ""
	equal "exit codes" "$server_rc $client_rc" "0 0"
	cm_pair ib_read_bw "-s 4096 -n 50 -q 3" "" ""
	equal "exit codes" "$server_rc $client_rc" "0 0"
}

test_server_that_cannot_register() {
	cm_pair ib_write_bw "-s 4096 -n 50" "--use_vfio=$endpoint --vfio_bar=2" ""
	equal "exit codes" "$server_rc $client_rc" "1 1"
	grep -q "Failed to create MR" /tmp/server.out
	grep -q "Failed to connect RDMA CM client" /tmp/client.out
}

test_client_that_cannot_register() {
	cm_pair ib_write_bw "-s 4096 -n 50" "" "--use_vfio=$endpoint --vfio_bar=2"
	equal "exit codes" "$server_rc $client_rc" "1 1"
	grep -q "The peer ended" /tmp/server.out
	grep -q "Failed to create MR" /tmp/client.out
}

test_neither_can_register() {
	cm_pair ib_write_bw "-s 4096 -n 50" "--use_vfio=$endpoint --vfio_bar=2" "--use_vfio=$endpoint2 --vfio_bar=2"
	equal "exit codes" "$server_rc $client_rc" "1 1"
}
