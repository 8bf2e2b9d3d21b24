# SPDX-License-Identifier: MIT
# NCCL's network plugin over tagged memory: each rank's memory is a range of an endpoint's BAR with a tag of its own, rank
# 0 and 2 are on the NIC with Extended TPH, 1 and 3 on the one with 8-bit tags. Without its tag no memory is registered.
. /opt/tphbuf/tests/net.sh

TAGS=('st=0x5a,xst=0x1234,ph=2' 'st=0x21,xst=0x2121,ph=1' 'st=0x5b,xst=0x4321,ph=3' 'st=0x22,xst=0x2222,ph=0')

# tagged_run TALLY... -- ARGUMENTS...: nccl-net-check between cleared counters and a look at them. TALLY: "BDF WIDTH ST PH"
tagged_run() {
	local expected=() bdf line tags
	while [ "$1" != -- ]; do expected+=("$1"); shift; done
	shift
	for bdf in $ENDPOINTS; do fabric-tally "$bdf" --clear >/dev/null; done
	net_check TPHBUF_NET_TAG=require -- --no-points "$@"
	for bdf in $ENDPOINTS; do
		tags=()
		for line in "${expected[@]}"; do [ "${line%% *}" != "$bdf" ] || tags+=("${line#* }"); done
		[ ${#tags[@]} = 0 ] || only_tags "$bdf" "${tags[@]}"
	done
}

test_two_ranks_in_one_endpoint() {
	tagged_run "$endpoint 16 0x1234 2" "$endpoint 8 0x21 1" -- --bytes 1,3,4093,65540,1048577 \
		--device "$endpoint,2,${TAGS[0]}/${TAGS[1]}"
}

test_four_ranks_two_endpoints_two_nics() {
	tagged_run "$endpoint 16 0x1234 2" "$endpoint 8 0x21 1" "$endpoint2 16 0x4321 3" "$endpoint2 8 0x22 0" -- --ranks 4 \
		--bytes 1,262147 --device "$endpoint,2,${TAGS[0]}/${TAGS[1]}" --device "$endpoint2,2,${TAGS[2]}/${TAGS[3]}"
}

# A rank of each endpoint. Blocks of 8 MiB: an all-reduce of 16 MiB.
test_messages_of_16_mib() {
	tagged_run "$endpoint 16 0x1234 2" "$endpoint2 8 0x22 0" -- --only point-to-point --bytes 16777216 --timeout 120 \
		--device "$endpoint,2,${TAGS[0]}" --device "$endpoint2,2,${TAGS[3]}"
	tagged_run "$endpoint 16 0x1234 2" "$endpoint2 8 0x22 0" -- --only all-reduce,all-gather,reduce-scatter,all-to-all \
		--bytes 8388608 --timeout 120 --device "$endpoint,2,${TAGS[0]}" --device "$endpoint2,2,${TAGS[3]}"
}

test_four_queue_pairs() {
	fabric-tally "$endpoint" --clear >/dev/null
	net_check TPHBUF_NET_TAG=require TPHBUF_NET_QPS=4 -- --no-points --only all-reduce,all-to-all --bytes 300001 \
		--device "$endpoint,2,${TAGS[0]}/${TAGS[1]}"
	only_tags "$endpoint" "16 0x1234 2" "8 0x21 1"
}

test_untagged_memory_is_refused() {
	! net_check TPHBUF_NET_TAG=require -- --no-points --only point-to-point --bytes 4096 --device "$endpoint,2" -v || return 1
	grep -q 'WARN.*regMrDmaBuf.*tag.*(TPHBUF_NET_TAG=require)' /tmp/net.tap
}

# Rank 1's NIC sends 8-bit tags only, its memory has a tag of 16 bits.
test_tag_of_the_other_namespace_is_refused() {
	! net_check TPHBUF_NET_TAG=require -- --no-points --only point-to-point --bytes 4096 \
		--device "$endpoint,2,xst=0x1234,ph=2" -v || return 1
	grep -q 'WARN.*regMrDmaBuf.*mlx5_1.*(TPHBUF_NET_TAG=require)' /tmp/net.tap
	note "without require it is registered, and the log says so"
	net_check TPHBUF_NET_TAG=prefer -- --no-points --only point-to-point --bytes 4096 --device "$endpoint,2,xst=0x1234,ph=2" -v
	grep -q 'no tag applied' /tmp/net.tap
	grep -q 'tag xst=0x1234,ph=2 applied' /tmp/net.tap
}

retag() { # TEST
	with_plugin TPHBUF_NET_DEVICES="$nic_ext" net_retag "$1" "$endpoint" $PLUGIN ext
	with_plugin TPHBUF_NET_DEVICES="$nic_8bit" net_retag "$1" "$endpoint" $PLUGIN 8bit
}

test_registered_again_after_a_new_tag() { retag again; }
test_revoked_after_a_new_tag() { retag revoked; }
