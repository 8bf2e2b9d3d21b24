# SPDX-License-Identifier: MIT
# The host kills the fabric when it sees /work/kill-me (tests/fabric-killed.sh).

test_traffic_ends_with_an_error() {
	local server rc=0
	timeout 60 ib_write_bw -F -d "$nic_8bit" -s 65536 -D 30 -p 18700 >/tmp/server.log 2>&1 &
	server=$!
	wait_for 10 listening 18700
	timeout 60 ib_write_bw -F -d "$nic_ext" -s 65536 -D 30 -p 18700 127.0.0.1 >/tmp/client.log 2>&1 &
	sleep 3
	kill -0 $! # traffic is running
	touch /work/fabric-may-die /work/kill-me
	wait_for 20 test -e /work/killed
	# a NIC that is gone answers all-ones; the driver's health poll notices and flushes, or the tool's deadline ends it
	wait $! || rc=$?
	note "client ended with $rc"
	[ "$rc" != 0 ]
	kill $server 2>/dev/null || true
}

test_guest_still_works() {
	local before
	before=$(wc -l </proc/modules)
	note "$before modules"
	ls /sys/class/infiniband
	expect_fail '[1-9][0-9]*' '.' timeout 20 tphbuf register "$endpoint" --bar 2 --length 1M --ibdev "$nic_8bit"
}
