# SPDX-License-Identifier: MIT
# Endpoint and NIC are removed by sysfs under traffic, found again by a rescan, and work. An endpoint is unplugged under
# tagged traffic and plugged again by QEMU's monitor. That endpoint has no MSI-X: QEMU 11.1.3 aborts when it unplugs a
# vfio-user-pci device that has (memory_region_del_subregion: Assertion `subregion->container == mr' failed), so no NIC can
# be unplugged.

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

# vfio-pci asks the user of a device that is to go to close it.
asked_to_close() { dmesg | grep -qE "$1: (Relaying device request to user|No device request channel)"; }

# unplugged NAME: QEMU no longer has the device
unplugged() {
	local devices
	devices=$(qmp qom-list '{"path":"/machine/peripheral"}') && [[ $devices != *"\"$1\""* ]]
}

# plug NAME PORT: the fabric's device NAME below the port. QEMU 11.1.3 aborts if the fabric refuses the connection, which
# it does as long as it has another one.
plug() {
	local sockets
	sockets=$(sed -n 's/.*rig\.sockets=\([^ ]*\).*/\1/p' /proc/cmdline)
	qmp device_add '{"driver":"vfio-user-pci","id":"'"$1"'","bus":"'"$2"'","socket":{"type":"unix","path":"'"$sockets/$1"'.sock"}}'
}

# device_del presses the button of the slot: after 5 s the kernel removes the device, and then cuts the slot's power.
test_endpoint_unplugged_and_plugged() {
	traffic "-d $nic_8bit --use_vfio=$endpoint2 --vfio_bar=2 --vfio_st=0x5a --vfio_ph=2" "-d $nic_ext"
	qmp device_del '{"id":"ep1"}'
	wait_for 30 asked_to_close "$endpoint2"
	there "$endpoint2"
	traffic_ends
	wait_for 30 gone "$endpoint2"
	wait_for 30 unplugged ep1
	expect_fail 1 'no such PCI function' tphbuf info "$endpoint2"
	rc_ops write "$nic_ext" "$nic_8bit"

	plug ep1 dn4
	wait_for 30 there "$endpoint2"
	bind_vfio "$endpoint2"
	bar_ops tag_on_every_tlp "$endpoint2" "$nic_8bit" "$nic_ext" 8bit
}
