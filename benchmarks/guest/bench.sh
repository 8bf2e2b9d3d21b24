#!/bin/bash
# SPDX-License-Identifier: MIT
# All measurements of `make bench`, inside one boot, alternating between ours and the peer.
# Each value is a line "NAME VALUE" in /srv/values; the host makes medians and ratios.
. /opt/tphbuf/rig/lib.sh

rounds=${1:-5}
port=21000

fail() { echo "BENCH: FAILED: $*"; exit 1; }
value() { echo "$1 $2" >>/srv/values; echo "BENCH: $1 $2"; }
field() { sed -n "s/.*\"$2\" *: *\"\{0,1\}\([0-9.]*\).*/\1/p" "$1" | tail -n 1; }

# pair NAME FIELD TOOL "COMMON" "SERVER" "CLIENT": one perftest run, one value
pair() {
	local name=$1 want=$2 tool=$3 common=$4 server=$5 client=$6 out
	port=$((port + 1))
	out=$(mktemp)
	timeout 60 "$tool" -F -p $port $common $server >/srv/server.log 2>&1 &
	wait_for 10 listening $port
	timeout 60 "$tool" -F -p $port $common $client --out_json --out_json_file="$out" "${peer_addr:-127.0.0.1}" \
		>/srv/client.log 2>&1 || fail "$name: $(tail -n 3 /srv/client.log)"
	wait $! || fail "$name: server: $(tail -n 3 /srv/server.log)"
	value "$name" "$(field "$out" "$want")"
	rm "$out"
}

setup() {
	load_mlx5 && load_vfio && insert udp_tunnel ip6_udp_tunnel rdma_rxe || fail "drivers"
	endpoint=$(endpoints | head -n 1)
	bind_vfio "$endpoint" || fail "vfio-pci"
	for bdf in $(nics); do wait_for 10 port_active "$(ib_of "$bdf")" || fail "port"; done
	nic_ext=$(ib_of "$(nics | sed -n 1p)")
	nic_8bit=$(ib_of "$(nics | sed -n 2p)")
	ip link add dum0 type dummy
	ip link set dum0 mtu 5000 up
	ip addr add 10.0.0.1/24 dev dum0
	rdma link add rxe0 type rxe netdev dum0 || fail "rxe"
	wait_for 10 port_active rxe0 || fail "rxe port"
}

setup
: >/srv/values
fabric_pair() { pair "$1" "$2" "$3" "$4" "-d $nic_8bit" "-d $nic_ext"; }
rxe_pair() { peer_addr=10.0.0.1 pair "$1" "$2" "$3" "$4" "-d rxe0 -x 1" "-d rxe0 -x 1"; }
bar_pair() { pair "$1" BW_average ib_write_bw "-s 1048576 -n 400" "-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2 $2" "-d $nic_ext"; }

for round in $(seq "$rounds"); do
	for who in rxe fabric; do
		${who}_pair "$who.write_bw.64K" BW_average ib_write_bw "-s 65536 -n 500"
		${who}_pair "$who.write_bw.4K" BW_average ib_write_bw "-s 4096 -n 2000"
		${who}_pair "$who.write_lat.8" t_typical ib_write_lat "-s 8 -n 2000"
	done
done
for round in $(seq "$rounds"); do
	bar_pair bar.untagged ""
	bar_pair bar.tagged "--vfio_st=0x5a --vfio_ph=2"
done
