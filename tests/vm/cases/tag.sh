# SPDX-License-Identifier: MIT
# The tag through the command: set, read back, replace, clear; and invalid command lines.

tag() { tphbuf tag "$endpoint" --bar 2 --length 64K --json "$@"; }

test_set_and_read_back() {
	local out
	for text in st=0x5a,ph=2 st=0,ph=0 st=255,ph=3 xst=0x1234,ph=1 xst=65535 st=0x5a,xst=0x1234,ph=1; do
		out=$(tag --set "$text")
		note "$text: $out"
	done
}

test_wrong_tags_are_refused() {
	expect_fail 2 'ph' tag --set st=1,ph=4
	expect_fail 2 '8.bit|255|0xff' tag --set st=256
	expect_fail 2 '16.bit|65535|0xffff' tag --set xst=65536
	expect_fail 2 'st' tag --set st=
	expect_fail 2 'twice|once' tag --set st=1,st=2
	expect_fail 2 'unknown|not' tag --set colour=3
	expect_fail 2 'number' tag --set st=0x5g
}

test_wrong_devices_are_refused() {
	expect_fail 1 'no such|does not exist|not found|no PCI' tphbuf info 0000:7f:1f.7
	expect_fail 2 'PCI address|BDF' tphbuf info nonsense
	expect_fail 4 'vfio' tphbuf export "$(nics | head -n 1)" --bar 0 --length 4K
}

test_wrong_ranges_are_refused() {
	local export="tphbuf export $endpoint"
	expect_fail 2 'page|align' $export --bar 2 --offset 1 --length 4K
	expect_fail 2 'page|align|multiple' $export --bar 2 --length 100
	expect_fail 2 'empty|zero|0' $export --bar 2 --length 0
	expect_fail 2 'end|beyond|past' $export --bar 2 --offset 60M --length 8M
	expect_fail 2 'wraps around' $export --bar 2 --offset 0xfffffffffffff000 --length 8K
	expect_fail 2 'no BAR5' $export --bar 5 --length 4K
	expect_fail '2' 'BAR' $export --bar 6 --length 4K
}
