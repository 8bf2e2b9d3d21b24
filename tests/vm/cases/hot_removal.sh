# SPDX-License-Identifier: MIT
# Endpoint and NIC are removed by sysfs under traffic, found again by a rescan, and work.

gone() { [ ! -e "/sys/bus/pci/devices/$1" ]; }
there() { ! gone "$1"; }

# traffic SERVER_OPTIONS CLIENT_OPTIONS: in the background; process ids in server and client
traffic() {
	port=$((${port:-19000} + 2))
	timeout 150 stdbuf -oL ib_write_bw -F -p $port -s 65536 -D 120 $1 >/tmp/server.out 2>&1 &
	server=$!
	wait_for 15 listening $port
	timeout 150 stdbuf -oL ib_write_bw -F -p $port -s 65536 -D 120 $2 127.0.0.1 >/tmp/client.out 2>&1 &
	client=$!
	wait_for 15 grep -q 'local address' /tmp/client.out
	sleep 2
	kill -0 $server
	kill -0 $client
}

# Both end by themselves or when told to; neither is stuck in the kernel.
traffic_ends() {
	kill -INT $client $server 2>/dev/null || true
	wait_for 1 ended $client || kill -KILL $client
	wait_for 1 ended $server || kill -KILL $server
	wait_for 20 ended $client
	wait_for 20 ended $server
	tail -n 3 /tmp/server.out /tmp/client.out
}

# The device is there until its user lets go: vfio-pci asks and waits.
remove_by_sysfs() { # BDF
	echo 1 >"/sys/bus/pci/devices/$1/remove" &
	remover=$!
	sleep 2
	traffic_ends
	wait_for 30 ended $remover
	gone "$1"
	echo 1 >/sys/bus/pci/rescan
	wait_for 20 there "$1"
}

test_endpoint_removed_by_sysfs() {
	traffic "-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2" "-d $nic_ext"
	remove_by_sysfs "$endpoint"
	bind_vfio "$endpoint"
	both bar_ops sizes
}

nic_is_back() { # BDF
	wait_for 30 has_ib "$1" || true
	wait_for 30 port_active "$(ib_of "$1")"
}

test_nic_removed_by_sysfs() {
	local bdf=${NICS##*$'\n'}
	traffic "-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2" "-d $nic_ext"
	remove_by_sysfs "$bdf"
	nic_is_back "$bdf"
	nic_8bit=$(ib_of "$bdf")
	both bar_ops sizes
}
