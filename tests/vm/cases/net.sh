# SPDX-License-Identifier: MIT
# NCCL's network plugin over the fabric: two ranks as two processes, each on a NIC of its own; NCCL's contract on one.

. /opt/tphbuf/tests/net.sh

test_collectives_between_two_nics() { net_check -- --no-points; }

test_collectives_over_four_queue_pairs() { net_check TPHBUF_NET_QPS=4 -- --no-points --ranks 3 --bytes 1000003; }

test_contract_on_verbs() { net_check -- --no-data --timeout 100 -v; }

test_contract_on_loop() { net_check TPHBUF_NET_BACKEND=loop -- --no-data --timeout 100; }

test_collectives_in_a_bar() { net_check -- --no-points --device "$endpoint,2" --bytes 1000003; }

test_revoked_memory_becomes_an_error() { net_check -- --no-data --only C26 --device "$endpoint,2" -v; }

test_trace_of_real_nccl() {
	local trace
	for trace in /opt/tphbuf/tests/traces/*.jsonl; do net_check -- --replay "$trace"; done
}

test_no_such_device() {
	net_check TPHBUF_NET_DEVICES=absent -- --no-points --bytes 4 -v && return 1
	grep -q 'no RDMA device with an active port among absent' /tmp/net.tap
}
