#!/bin/bash
# SPDX-License-Identifier: MIT
# NCCL's network plugin against ib_write_bw on the same NICs, alternating in one boot. Values are lines "NAME VALUE" in
# /srv/values, as those of bench.sh.
. /opt/tphbuf/rig/lib.sh

rounds=${1:-5} port=22000
export LD_LIBRARY_PATH=/opt/tphbuf/usr/lib TPHBUF_NET_BACKEND=verbs NCCL_SOCKET_IFNAME=lo

fail() { echo "BENCH: FAILED: $*"; exit 1; }

plugin() { # WHAT: values of net_plugin
	net_plugin "$1" /opt/tphbuf/usr/lib/libnccl-net-tphbuf.so >/srv/net || fail "net_plugin $1"
	sed 's/^/net./' /srv/net | tee -a /srv/values
}

write_bw() { # NAME OPTION...: MiB/s of ib_write_bw, 1 MiB
	local name=$1
	shift
	port=$((port + 1))
	timeout 60 ib_write_bw -F -p $port -s 1048576 -n 400 "$@" -d "$nic_8bit" >/srv/server.log 2>&1 &
	wait_for 10 listening $port
	timeout 60 ib_write_bw -F -p $port -s 1048576 -n 400 "$@" -d "$nic_ext" --out_json --out_json_file=/srv/client.json \
		127.0.0.1 >/srv/client.log 2>&1 || fail "$name"
	wait $! || fail "$name: server"
	echo "$name $(sed -n 's/.*"BW_average" *: *"\{0,1\}\([0-9.]*\).*/\1/p' /srv/client.json | tail -n 1)" | tee -a /srv/values
}

load_mlx5 || fail "drivers"
for bdf in $(nics); do wait_for 10 port_active "$(ib_of "$bdf")" || fail "port"; done
nic_ext=$(ib_of "$(nics | sed -n 1p)") nic_8bit=$(ib_of "$(nics | sed -n 2p)")
ip link set lo up
: >/srv/values
for _ in $(seq "$rounds"); do
	write_bw net.write_bw
	plugin bw
	write_bw net.write_bw_both -b
	plugin all-reduce
done
