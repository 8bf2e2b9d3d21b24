# SPDX-License-Identifier: MIT
# An importer other than mlx5: the driver tph_engine (rig/modules) on the fabric's DMA engines.

insert tph_root_port tph_engine

# Max_Payload_Size in force, bytes: Device Control 7:5
mps() { echo $((128 << (0x$(setpci -s "$1" CAP_EXP+8.w) >> 5 & 7))); }

ops() { # TEST ENGINE_NUMBER WIDTH
	local engine
	engine=$(engines | sed -n "$2p")
	engine_ops "$1" "$endpoint" "$engine" "$3" "$(mps "$engine")"
}
tagging() { ops "$1" 1 16; ops "$1" 2 8; }
every() { tagging "$1"; ops "$1" 3 0; }

# Requester Enable is bits 9:8 of the TPH requester control register: 1 TPH, 3 Extended TPH
test_tph_is_enabled() {
	local ext bit8
	ext=$((0x$(setpci -s "$(engines | sed -n 1p)" ECAP17+8.l)))
	bit8=$((0x$(setpci -s "$(engines | sed -n 2p)" ECAP17+8.l)))
	equal "Extended engine" $((ext >> 8 & 3)) 3
	equal "8-bit engine" $((bit8 >> 8 & 3)) 1
	expect_fail 1 'not found' setpci -s "$(engines | sed -n 3p)" ECAP17+8.l
}

test_bad_arguments() { every arguments; }
test_failed_import_changes_nothing() { every failed_import; }
test_sizes_and_offsets() { every sizes; }
test_untagged() { every untagged; }
test_tags_of_both_namespaces_and_every_ph() { every tags; }
test_set_while_mapped_keeps_the_mapping() { every set_while_mapped; }
test_revoked_and_brought_back() { every revoke; }
test_revoked_and_tagged_otherwise() { every revoke_and_retag; }
test_exporter_reset() { every exporter_reset; }
test_exporter_closed() { every exporter_closed; }
test_two_buffers_at_once() { every two_sessions; }
test_several_ranges() { every ranges; }
test_foreign_exporters() { every foreign; }
test_engine_reset() { every engine_reset; }
test_engine_unbound() { every engine_unbound; }
test_revocation_races_with_fill() { tagging race_with_fill; }
test_revocation_races_with_import() { tagging race_with_import; }

test_module_is_in_use_while_open() {
	local node
	node=/dev/$(ls "/sys/bus/pci/devices/$(engines | sed -n 1p)/misc")
	exec 7<>"$node"
	expect_fail 1 'in use' rmmod tph_engine
	exec 7>&-
	rmmod tph_engine
	[ ! -e "$node" ]
	insert tph_engine
	tagging untagged
}
