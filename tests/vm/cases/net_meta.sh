# SPDX-License-Identifier: MIT
# The contract points that need a dma-buf: nccl-net-check finds the plugins that break them, and passes ours.
. /opt/tphbuf/tests/net.sh
. /opt/tphbuf/tests/ktap.sh

meta() { # ENVIRONMENT... -- ARGUMENTS...
	local vars=()
	while [ "$1" != -- ]; do vars+=("$1"); shift; done
	shift
	with_plugin "${vars[@]}" bash /opt/tphbuf/tests/meta.sh nccl-net-check $PLUGIN \
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
