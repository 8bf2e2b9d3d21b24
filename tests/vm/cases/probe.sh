# SPDX-License-Identifier: MIT
# Drivers bind, ports are active, TPH matches the fabric's options.

test_ports_are_active() {
	local name
	for name in "$nic_ext" "$nic_8bit"; do
		equal "$name state" "$(cat "/sys/class/infiniband/$name/ports/1/state")" "4: ACTIVE"
		ibv_devinfo -v -d "$name" | grep -q 'PORT_ACTIVE'
	done
}

test_nic_identifies_as_a_model() {
	cat "/sys/class/infiniband/$nic_ext/node_desc"
	grep -qi 'fabric' "/sys/class/infiniband/$nic_ext/node_desc"
}

test_endpoint_is_a_tph_completer() {
	expect_text 'TPHComp\+ ExtTPHComp\+' lspci -vvv -s "$endpoint"
}

tph_control() { setpci -s "$1" "ECAP_TPH+8.l" 2>/dev/null || setpci -s "$1" ECAP17+8.l; }

# Requester Enable is bits 9:8 of the TPH requester control register: 1 TPH, 3 Extended TPH
test_tph_is_enabled_on_the_nics() {
	local ext bit8
	ext=$((0x$(tph_control "$(nics | sed -n 1p)")))
	bit8=$((0x$(tph_control "$(nics | sed -n 2p)")))
	equal "Extended NIC" $((ext >> 8 & 3)) 3
	equal "8-bit NIC" $((bit8 >> 8 & 3)) 1
}

test_vfio_owns_the_endpoint() {
	equal driver "$(basename "$(readlink "/sys/bus/pci/devices/$endpoint/driver")")" vfio-pci
	ls "/sys/bus/pci/devices/$endpoint/vfio-dev"
}
