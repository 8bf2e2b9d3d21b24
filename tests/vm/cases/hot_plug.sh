# SPDX-License-Identifier: MIT
# An endpoint is unplugged under tagged traffic and plugged again by QEMU's monitor. That endpoint has no MSI-X: QEMU
# 11.1.3 aborts when it unplugs a vfio-user-pci device that has (memory_region_del_subregion: Assertion
# `subregion->container == mr' failed), so no NIC can be unplugged.
. /opt/tphbuf/tests/cases/hot_removal.sh

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
