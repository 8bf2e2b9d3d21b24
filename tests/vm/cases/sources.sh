# SPDX-License-Identifier: MIT
# Buffers of every source: mapped by the CPU, registered with the NIC, imported by DRM and iommufd.

# The card node whose path in sysfs matches
card_at() { # PATTERN
	local card
	for card in /dev/dri/card*; do
		[[ ! $(readlink -f "/sys/class/drm/${card##*/}") =~ $1 ]] || { echo "$card"; return; }
	done
	echo "no card at $1 among $(ls /dev/dri)" >&2
	return 1
}

vgem_card() { card_at /vgem/; }

# The card on the root bus lacks blob resources, the one below the switch has them.
virtio_gpu_card() { # root | switch
	insert drm_kms_helper virtio_dma_buf virtio-gpu
	case $1 in
	root) card_at '/pci0000:00/[^/]*/drm/card' ;;
	switch) card_at '/pci0000:00/[^/]*/.*/drm/card' ;;
	esac
}

test_dma_heap() { makes heap; }

test_vgem_dumb_buffer() {
	local card
	card=$(vgem_card)
	makes "$card"
}

test_virtio_gpu_dumb_buffer() {
	local card
	card=$(virtio_gpu_card root)
	makes "$card"
}

# vfio refuses importers that do not support revocation, with the reason.
refused_as_importer() { # CARD
	local out
	out=$(source_ops drm "$1" "$endpoint" st=0x5a,ph=2)
	echo "$out"
	grep -qE '^import: -95 .*cannot give up a revoked buffer' <<<"$out"
}

test_vgem_cannot_import_a_bar() {
	local card
	card=$(vgem_card)
	refused_as_importer "$card"
}

# Without blob resources virtio-gpu is such an importer, too.
test_virtio_gpu_without_blobs_cannot_import_a_bar() {
	local card
	card=$(virtio_gpu_card root)
	refused_as_importer "$card"
}

# With blob resources virtio-gpu supports revocation. A reset waits until importers have unmapped:
# a hang here means that the driver did not.
test_virtio_gpu_with_blobs_gives_up_a_revoked_bar() {
	local out card
	card=$(virtio_gpu_card switch)
	out=$(source_ops drm "$card" "$endpoint" st=0x5a,ph=2)
	echo "$out"
	equal "steps that worked" "$(grep -E '^(import|import again|reset|memory off|release): ok$' <<<"$out" | sort | tr '\n' ' ')" \
		"import again: ok import: ok memory off: ok release: ok reset: ok "
	grep -q '^import, revoked: -19 ' <<<"$out"
}

test_iommufd_maps_one_range() {
	local out
	out=$(source_ops ioas "$endpoint" 1)
	echo "$out"
	grep -qx 'map file: 0' <<<"$out"
}

test_iommufd_refuses_two_ranges() {
	local out
	out=$(source_ops ioas "$endpoint" 2)
	echo "$out"
	grep -qx 'map file: -95' <<<"$out"
}

# The registry on the real stack: the second tag gives another region, and the NIC applies it.
test_registry_follows_the_tag() {
	local out
	out=$(source_ops registry "$endpoint" "$nic_ext")
	echo "$out"
	equal "first tag, twice" "$(grep -c '^applied: 0 xst=0x0101,ph=0$' <<<"$out")" 2
	equal "second tag" "$(grep -c '^applied: 0 xst=0x0102,ph=1$' <<<"$out")" 1
	grep -qx 'hits 1, misses 2, stale 1' <<<"$out"
	grep -qx 'free: ok' <<<"$out"
}

test_python_registers_through_pyverbs() {
	expect_text 'registered: rkey 0x[0-9a-f]+, 1048576 bytes' \
		python3 /opt/tphbuf/examples/pyverbs_tagged_mr.py "$endpoint" 2 st=0x5a,ph=2 "$nic_8bit"
	expect_fail 1 'not a PCI address' python3 /opt/tphbuf/examples/pyverbs_tagged_mr.py nonsense 2 st=1 "$nic_8bit"
}

test_registry_benchmark_runs() {
	expect_text 'by buffer .* hits' registry_lookup 1000 2 1
}
