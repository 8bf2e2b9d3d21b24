# SPDX-License-Identifier: MIT
# Extended TPH without End-End TLP prefixes: 8-bit tags are used, by the third NIC, and for the second endpoint.

bdfs=(${NICS-})

test_nic_falls_back_to_8bit() { bar_ops sizes "$endpoint" "$(ib_of "${bdfs[2]}")" "$nic_ext" 8bit; }

test_endpoint_takes_8bit_only() {
	expect_fail 4 'Extended' tphbuf export "$endpoint2" --bar 2 --length 4K --tag xst=0x1234,ph=1
	tphbuf export "$endpoint2" --bar 2 --length 4K --tag st=0x5a,ph=1
}
