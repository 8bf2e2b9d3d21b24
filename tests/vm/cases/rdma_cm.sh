# SPDX-License-Identifier: MIT
# IPoIB and rdma_cm over the subnet of the fabric, by programs of others. The second NIC's interface is in a network
# namespace of its own: between two interfaces of one namespace the kernel connects a NIC to itself.

ext=10.9.0.1 other=10.9.0.2

peer() { ip netns exec peer "$@"; }

# Both interfaces up, once for all tests of the case
networks() {
	[ ! -e /run/netns/peer ] || return 0
	ipoib_up "$nic_ext" $ext
	ip netns add peer
	peer ip link set lo up
	ipoib_up "$nic_8bit" $other peer
}

# pair NAME SERVER CLIENT [READY]: shell commands; the server in the namespace. It is up when READY succeeds, which
# looks for a CM ID that listens if nothing else is given.
pair() {
	local rc=0 pid
	networks
	ip netns exec peer timeout 150 bash -c "$2" >/tmp/server.out 2>&1 &
	pid=$!
	wait_for 15 ${4:-cm_listens} || true
	timeout 150 bash -c "$3" >/tmp/client.out 2>&1 || rc=1
	wait $pid || rc=1
	tail -n 8 /tmp/server.out /tmp/client.out
	if [ $rc = 0 ]; then part ok "$1"; else part "not ok" "$1"; fi
	return $rc
}

test_ipoib() {
	networks
	expect_text ' 0% packet loss' ping -c 5 -i 0.2 -W 5 $other
	expect_text ' 0% packet loss' ping -c 3 -i 0.2 -W 5 -s 4000 $other # one datagram of the subnet's MTU
	expect_text ' 0% packet loss' ping -c 3 -i 0.2 -W 5 -s 20000 $other # IP fragments
	expect_text ' 0% packet loss' peer ping -c 3 -i 0.2 -W 5 $ext
	expect_text 'link/infiniband.* brd 00:ff:ff:ff:ff:12:40:1b:ff:ff:00:00:00:00:00:00:ff:ff:ff:ff' ip link show "$(ipoib_of "$nic_ext")"
	expect_text 'mtu 4092' ip link show "$(ipoib_of "$nic_ext")"
}

test_rping() {
	pair "between the NICs" "rping -s -a $other -C 20 -v" "rping -c -a $other -C 20 -v"
	pair "large buffers" "rping -s -a $other -C 5 -S 65000" "rping -c -a $other -C 5 -S 65000"
	pair "on one NIC" "rping -s -a $other -C 5 & until rdma resource show cm_id | grep -q LISTEN; do sleep 0.1; done
		rping -c -a $other -C 5 && wait" true true
}

# A port without a listener answers with a reject, an address without a host with an error of address resolution.
test_rping_refused() {
	networks
	expect_fail '[0-9]+' 'reject|connect error|UNREACH|RDMA_CM_EVENT_REJECTED' timeout 150 rping -c -a $other -p 9999 -C 1
}

test_datagram_services() {
	pair "udaddy" "udaddy -b $other" "udaddy -s $other"
	pair "ucmatose" "ucmatose -b $other" "ucmatose -s $other"
}

test_multicast() {
	local pid rc=0
	networks
	peer timeout 150 stdbuf -oL mckey -m 239.9.9.9 -b $other -C 10 >/tmp/server.out 2>&1 &
	pid=$!
	wait_for 15 grep -q joined /tmp/server.out || true
	timeout 150 mckey -m 239.9.9.9 -b $ext -C 10 -s >/tmp/client.out 2>&1 || rc=1
	wait $pid || rc=1
	cat /tmp/server.out /tmp/client.out
	return $rc
}

test_perftest() {
	local program
	for program in ib_write_bw ib_read_bw ib_send_lat; do
		pair "$program -R" "$program -F -R -s 4096 -n 100" "$program -F -R -s 4096 -n 100 $other"
	done
	pair "ib_send_bw -R -c UD" "ib_send_bw -F -R -c UD -s 2048 -n 100" "ib_send_bw -F -R -c UD -s 2048 -n 100 $other"
}

# Connected by rdma_cm, the payload goes into the endpoint's BAR with the tag of its region.
test_perftest_tagged() {
	fabric-tally "$endpoint" --clear
	pair "ib_write_bw -R, tagged BAR" \
		"ib_write_bw -F -R -s 4096 -n 100 --use_vfio=$endpoint --vfio_bar=2 --vfio_st=0x5a --vfio_ph=2" \
		"ib_write_bw -F -R -s 4096 -n 100 $other"
	fabric-tally "$endpoint"
	fabric-tally "$endpoint" | grep -q '"st": "0x5a"'
}

test_perftest_ud() {
	local program
	for program in ib_send_bw ib_send_lat; do
		timeout 150 $program -F -c UD -d "$nic_8bit" -p 18650 -s 2048 -n 200 >/tmp/server.out 2>&1 &
		wait_for 15 listening 18650
		timeout 150 $program -F -c UD -d "$nic_ext" -p 18650 -s 2048 -n 200 127.0.0.1
		wait $!
		part ok "$program -c UD"
	done
}

test_libfabric() {
	pair "fi_pingpong, verbs, message endpoints" "fi_pingpong -p verbs -e msg -d $nic_8bit -I 50 -S 65536" \
		"fi_pingpong -p verbs -e msg -d $nic_ext -I 50 -S 65536 $other" libfabric_listens
}

libfabric_listens() { peer ss -ltn | grep -q :47592; } # its own exchange, by TCP

test_administrator() {
	networks
	expect_text 'Capability mask[.]*0x0200' saquery -C "$nic_ext" -c
	expect_text 'dlid.*2' saquery -C "$nic_ext" -p --src-to-dst 1:2
	equal "paths, in more than one datagram" "$(saquery -C "$nic_ext" -p | grep -c 'PathRecord dump')" 4
	expect_text 'MGID[.]*ff12:401b:ffff' saquery -C "$nic_ext" -g
	expect_fail '[0-9]+' 'failed|unsupported|not supported|0x' saquery -C "$nic_ext" -S
	expect_text 'PortXmitData' perfquery -C "$nic_ext"
	expect_text 'PortMulticastXmitPkts:[.]*[1-9]' perfquery -C "$nic_ext" -x 2 1 # the other port
}

# The interfaces go away with their driver, and come again.
test_reload() {
	networks
	ip netns del peer
	wait_for 10 both_here || { ip link; return 1; }
	rmmod ib_ipoib
	networks
	expect_text ' 0% packet loss' ping -c 3 -i 0.2 -W 5 $other
	ip netns del peer
	rmmod ib_ipoib
}

both_here() { [ -n "$(ipoib_of "$nic_ext")" ] && [ -n "$(ipoib_of "$nic_8bit")" ]; }
