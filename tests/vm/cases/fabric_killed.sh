# SPDX-License-Identifier: MIT
# The host kills the fabric when it sees /srv/kill-me (tests/fabric-killed.sh).

test_traffic_ends_with_an_error() {
	local server
	timeout 150 ib_write_bw -F -d "$nic_8bit" -s 65536 -D 30 -p 18700 >/tmp/server.log 2>&1 &
	server=$!
	wait_for 10 listening 18700
	timeout 150 stdbuf -oL ib_write_bw -F -d "$nic_ext" -s 65536 -D 30 -p 18700 127.0.0.1 >/tmp/client.log 2>&1 &
	wait_for 20 grep -q '#bytes' /tmp/client.log
	kill -0 $! # traffic is running
	touch /srv/fabric-may-die /srv/kill-me
	wait_for 20 test -e /srv/killed
	# Reads of a lost NIC return all-ones; the driver's health poll (every 2 s, three misses)
	# must report the loss.
	wait_for 40 nic_failure_in_log
	kill $server %% 2>/dev/null || true
	note "$(dmesg | grep -iE "$nic_failure" | head -n 3)"
}

nic_failure="mlx5_core .*(health compromised|fatal error|error state)"
nic_failure_in_log() { dmesg | grep -qiE "$nic_failure"; }

test_guest_still_works() {
	local before
	before=$(wc -l </proc/modules)
	note "$before modules"
	ls /sys/class/infiniband
	expect_fail '[1-9][0-9]*' '.' timeout 150 tphbuf register "$endpoint" --bar 2 --length 1M --ibdev "$nic_8bit"
}
