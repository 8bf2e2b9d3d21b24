#!/bin/bash
# SPDX-License-Identifier: MIT
# The library's share of export + tag + register, registrations with a tag and without, and calls of
# NCCL's network plugin, in a guest whose clock counts instructions: one per nanosecond.
. /opt/tphbuf/rig/lib.sh

fail() { echo "BENCH: FAILED: $*"; exit 1; }

load_mlx5 && load_vfio || fail "drivers"
endpoint=$(endpoints | head -n 1)
bind_vfio "$endpoint" || fail "vfio-pci"
name_ib nic "$(nics | sed -n 2p)"
wait_for 20 port_active "$nic" || fail "port"
ip link set lo up
lib_overhead "$endpoint" "$nic" 1000 >/srv/lib || fail "lib_overhead"
# "extra" is the library's time beyond that of the raw calls before it.
awk '$1 == "raw" { raw = $2; print "lib peer", raw } $1 == "extra" { print "lib ours", raw + $2 }' /srv/lib >/srv/values
reg_latency "$endpoint" "$nic" st=0x5a,ph=2 300 >/srv/reg || fail "reg_latency"
sed 's/^tagged/reg ours/; s/^untagged/reg peer/' /srv/reg >>/srv/values
echo "BENCH: registrations measured: $(wc -l </srv/reg)"

export LD_LIBRARY_PATH=/opt/tphbuf/usr/lib NCCL_SOCKET_IFNAME=lo TPHBUF_NET_DEVICES=$nic
plugin=/opt/tphbuf/usr/lib/libnccl-net-tphbuf.so
for _ in 1 2 3 4 5 6; do
	TPHBUF_NET_BACKEND=loop net_plugin post $plugin >/srv/net || fail "net_plugin post"
	TPHBUF_NET_TAG=ignore net_plugin register $plugin "$endpoint" >>/srv/net || fail "net_plugin register"
	sed 's/^post/net.post ours/; s/^register.last/net.register ours/; s/^register.first/net.register peer/
		s/^hit.many/net.hit ours/; s/^hit.few/net.hit peer/' /srv/net >>/srv/values
	echo "net.post peer 2000" >>/srv/values # the limit: 2 us of a CPU with an instruction each ns
done
