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
sed 's/^/lib./' /srv/lib >/srv/values
reg_latency "$endpoint" "$nic" st=0x5a,ph=2 300 >/srv/reg || fail "reg_latency"
sed 's/^/reg./' /srv/reg >>/srv/values
echo "BENCH: registrations measured: $(wc -l </srv/reg)"

export LD_LIBRARY_PATH=/opt/tphbuf/usr/lib NCCL_SOCKET_IFNAME=lo TPHBUF_NET_DEVICES=$nic
plugin=/opt/tphbuf/usr/lib/libnccl-net-tphbuf.so
TPHBUF_NET_BACKEND=loop net_plugin post $plugin >/srv/net || fail "net_plugin post"
TPHBUF_NET_TAG=ignore net_plugin register $plugin "$endpoint" >>/srv/net || fail "net_plugin register"
sed 's/^/net./' /srv/net >>/srv/values
