# SPDX-License-Identifier: MIT
# perftest with the vfio memory type: unsupported combinations are refused, in any order of options.

test_tag_that_cannot_be_applied_is_an_error() {
	perftest_server_fails 'not (used|applied)|namespace' -d "$nic_8bit" --vfio_st_ext=0x1234 --use_vfio="$endpoint" --vfio_bar=2
}

test_payload_check_finds_differences() {
	PARTS=differences bash /opt/tphbuf/usr/lib/perftest/traffic.sh /opt/tphbuf/usr/bin \
		"-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2 --vfio_st=0x5a --vfio_ph=2" "-d $nic_ext" 127.0.0.1
}

# pair TOOL COMMON SERVER_OPTIONS CLIENT_OPTIONS: both sides of a perftest run; their exit codes in server_rc, client_rc
pair() {
	local tool=$1 common=$2
	timeout 150 "$tool" -F -p 18602 $common $3 >/tmp/server.out 2>&1 &
	wait_for 10 listening 18602
	client_rc=0 server_rc=0
	timeout 150 "$tool" -F -p 18602 $common $4 127.0.0.1 >/tmp/client.out 2>&1 || client_rc=$?
	wait $! || server_rc=$?
	cat /tmp/server.out /tmp/client.out
}

# The NIC reads small messages from the BAR; the CPU never copies them into the work request.
test_small_messages_are_read_by_the_nic() {
	local tool reads
	for tool in ib_write_lat ib_send_lat; do
		fabric-tally "$endpoint" --clear
		pair $tool "-s 64 -n 100 --out_json" "-d $nic_8bit --out_json_file=/tmp/server.json" \
			"-d $nic_ext --use_vfio=$endpoint --vfio_bar=2 --out_json_file=/tmp/client.json"
		equal "exit codes of $tool" "$server_rc $client_rc" "0 0"
		reads=$(fabric-tally "$endpoint" | sed 's/.*"reads": \([0-9]*\),.*/\1/')
		note "$tool: $reads reads"
		[ "$reads" -ge 100 ]
		grep -q '"Max_inline_data": 0,' /tmp/client.json
	done
}

test_json_that_cannot_be_written_is_an_error() {
	pair ib_write_bw "-s 64 -n 5" "-d $nic_8bit --out_json --out_json_file=/tmp/server.json" \
		"-d $nic_ext --out_json --out_json_file=/dev/full"
	equal "exit codes" "$server_rc $client_rc" "0 1"
	grep -q "Couldn't write the JSON report /dev/full: No space left" /tmp/client.out
}

test_read_latency_server_writes_json() {
	rm -f /tmp/server.json
	pair ib_read_lat "-s 64 -n 5" "-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2 --out_json --out_json_file=/tmp/server.json" \
		"-d $nic_ext"
	equal "exit codes" "$server_rc $client_rc" "0 0"
	grep -q '"results": null' /tmp/server.json
	grep -q '"bdf": "'"$endpoint"'"' /tmp/server.json
}

test_warm_up_with_cq_moderation() {
	pair ib_write_bw "-s 64 -n 200 --perform_warm_up" "-d $nic_8bit" "-d $nic_ext"
	equal "exit codes" "$server_rc $client_rc" "0 0"
	pair ib_read_bw "-s 64 -n 200 --perform_warm_up" "-d $nic_8bit" "-d $nic_ext"
	equal "exit codes" "$server_rc $client_rc" "0 0"
}

# The client dies when messages flow, before those that count (-f: after 5 s): the server has no result.
test_latency_without_a_message_is_an_error() {
	local server client rc=0 counter=/sys/class/infiniband/$nic_8bit/ports/1/counters/port_rcv_packets packets
	timeout 150 stdbuf -oL ib_send_lat -F -p 18602 -d "$nic_8bit" -s 64 -D 12 -f 5 >/tmp/server.out 2>&1 &
	server=$!
	wait_for 10 listening 18602
	packets=$(<"$counter")
	ib_send_lat -F -p 18602 -d "$nic_ext" -s 64 -D 12 -f 5 127.0.0.1 >/tmp/client.out 2>&1 &
	client=$!
	more_packets() { [ "$(<"$counter")" -gt "$packets" ]; }
	wait_for 20 more_packets
	kill -KILL $client
	wait $server || rc=$?
	cat /tmp/server.out
	equal "status of the server" "$rc" 1
	grep -q 'there is no result' /tmp/server.out
	! grep -q inf /tmp/server.out
}
