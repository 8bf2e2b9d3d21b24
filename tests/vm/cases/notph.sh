# SPDX-License-Identifier: MIT
# pci=notph: no function sends a hint, whatever the level; everything works without.
engine=$(engines)

at() { # LEVEL
	echo "$1" >/sys/module/vfio_pci/parameters/tph_st
	bind_vfio "$engine"
}

test_no_level_opens_anything() {
	at confined
	steer_ops notph "$engine"
	at unsafe
	steer_ops notph "$engine"
}

test_commands_name_the_switch() {
	at confined
	expect_fail 4 'TPH is disabled; remove notph' tphbuf steer "$engine"
	expect_fail 4 'TPH is disabled; remove notph' tphbuf steer "$engine" --entry 0 --cpu 0 --enable iv
	expect_text 'steering +no: .*TPH is disabled; remove notph' tphbuf info "$engine"
	expect_fail 1 'error +pci=notph .*disables TPH' tphbuf doctor "$engine"
	expect_fail 1 'steering .*TPH is disabled; remove notph' tphbuf doctor "$engine"
	expect_fail 1 'requester .*may not send tags: TPH is disabled' tphbuf doctor "$endpoint" "$nic_ext"
}

# The completer is asked for nothing but what it can complete: tags can be set, and no importer sends them.
test_tag_of_a_dma_buf_is_kept_and_not_sent() {
	tphbuf tag "$endpoint" --bar 2 --length 64K --set st=0x5a,ph=2
	mr_tph notph "$endpoint" "$nic_ext" "$nic_ext" ext
	expect_text '^16-bit tag +dropped: .*not enabled.*pci=notph' tphbuf topo "$endpoint" "$nic_ext"
	expect_text 'equal +65536 bytes' tphbuf selftest "$endpoint" "$nic_ext" --bar 2
}
