# SPDX-License-Identifier: MIT
# ACS redirection of the ports above endpoint and NICs: on, requests pass the host bridge and carry no hint, and the
# kernel reports the reason; off, the switch routes them, and each carries its tag.

port_of() { # BDF: the port above it
	local path
	path=$(readlink -f "/sys/bus/pci/devices/$1")
	path=${path%/*}
	echo "${path##*/}"
}

# acs VALUE: into the ACS control register of each port. The PCI core keeps the route between two functions until
# the provider's driver is unbound.
acs() {
	local bdf
	for bdf in $ENDPOINTS $NICS; do setpci -s "$(port_of "$bdf")" "ECAP_ACS+6.w=$1"; done
	bind_vfio "$endpoint"
}

test_the_kernel_switches_redirection_on() {
	local bdf
	for bdf in $ENDPOINTS $NICS; do
		equal "ACS control above $bdf" "$(setpci -s "$(port_of "$bdf")" ECAP_ACS+6.w)" 001d
	done
}

test_no_hint_with_redirection() { both mr_tph host_bridge; }

test_hint_without_redirection() {
	acs 0
	both bar_ops tag_on_every_tlp
	acs 1d
	both mr_tph host_bridge
}
