# SPDX-License-Identifier: MIT
# The contract points that need a dma-buf: nccl-net-check finds the plugins that break them, and passes ours.
. /opt/tphbuf/tests/net.sh
. /opt/tphbuf/tests/ktap.sh

meta() { # ENVIRONMENT... -- ARGUMENTS...
	local vars=()
	while [ "$1" != -- ]; do vars+=("$1"); shift; done
	shift
	with_plugin "${vars[@]}" bash /opt/tphbuf/tests/transports/meta.sh nccl-net-check $PLUGIN \
		/opt/tphbuf/usr/lib/libnccl-net-broken.so /opt/tphbuf/usr/lib/libnccl-net-broken-symbol.so "$@" >/tmp/meta.tap 2>&1
	cat /tmp/meta.tap
	! grep -q SKIP /tmp/meta.tap || return 1
	ktap_parts </tmp/meta.tap
}

test_broken_plugins_on_verbs() { meta -- --only C11,C12,C14,C26 --device "$endpoint,2"; }

test_broken_plugins_on_loop() { meta TPHBUF_NET_BACKEND=loop -- --only C11,C12,C14; }

test_device_memory_by_its_address() {
	fabric-tally "$endpoint" --clear >/dev/null
	net_check TPHBUF_NET_TAG=require TPHBUF_NET_MEMORY=/opt/tphbuf/usr/lib/libranges.so -- --no-points --only all-reduce \
		--bytes 5000 --device-memory --device "$endpoint,2,st=0x5a,xst=0x1234,ph=2"
	only_tags "$endpoint" "16 0x1234 2" "8 0x5a 2"
}

test_device_memory_by_its_address_is_refused() {
	! net_check -- --no-points --only point-to-point --bytes 4096 --device-memory --device "$endpoint,2" -v || return 1
	grep -q 'WARN.*the dma-buf is needed: by regMrDmaBuf, or from a library that TPHBUF_NET_MEMORY names' /tmp/net.tap
}

# udmabuf knows no tags.
test_buffer_of_an_exporter_without_tags() {
	! net_check TPHBUF_NET_TAG=require -- --no-data --only C14 -v || return 1
	grep -q 'WARN.*regMrDmaBuf.*exporter.*(TPHBUF_NET_TAG=require)' /tmp/net.tap
	net_check TPHBUF_NET_TAG=prefer -- --no-data --only C14 -v
	grep -q 'INFO.*no tag applied.*exporter' /tmp/net.tap
}

test_rdma_device_without_permission() {
	chmod 600 /dev/infiniband/uverbs*
	! with_plugin setpriv --reuid 1234 --regid 1234 --clear-groups --inh-caps=-all --bounding-set=-all nccl-net-check \
		--no-points --only point-to-point --bytes 4 -v $PLUGIN >/tmp/net.tap 2>&1 || return 1
	cat /tmp/net.tap
	grep -q "WARN.*mlx5_0: cannot be opened: Permission denied; NCCL's user must be able to read and write /dev/infiniband/uverbs" \
		/tmp/net.tap
	grep -q 'WARN.*no RDMA device with an active port' /tmp/net.tap
}

# Errors are hidden: the ranks go on, or wait without an end.
test_broken_plugin_fails_the_faults() {
	with_plugin BROKEN=C26 BROKEN_BASE=$PLUGIN nccl-net-check --no-points --no-data --faults --only revoke --timeout 20 \
		--device "$endpoint,2" /opt/tphbuf/usr/lib/libnccl-net-broken.so >/tmp/net.tap 2>&1 && return 1
	cat /tmp/net.tap
	grep -q '^not ok 1 - revoke' /tmp/net.tap
	grep -qE 'no error within|no end within' /tmp/net.tap
}
