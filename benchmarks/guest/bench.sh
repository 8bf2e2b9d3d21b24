#!/bin/bash
# SPDX-License-Identifier: MIT
# One timed part of `make bench`, inside one boot: bench.sh PAIRS rxe|siw|bar
# The two sides of a figure are measured in turn, A B B A, so that a drift of the machine meets both. A line of
# /srv/values is "FIGURE ours|peer VALUE", or "noise KIND VALUE"; benchmarks/report/bench.py makes ratios of them.
. /opt/tphbuf/rig/lib.sh

pairs=$1 part=$2
port=21000
asked=0
runs=0 repeated=0 # of soft-iWARP

fail() { echo "BENCH: FAILED: $*"; exit 1; }
value() { echo "$*" >>/srv/values; echo "BENCH: $*"; }
field() { sed -n "s/.*\"$2\" *: *\"\{0,1\}\([0-9.]*\).*/\1/p" "$1" | tail -n 1; }

# perftest FIELD TOOL "COMMON" "SERVER" "CLIENT": one run; sets $result to the field, or $why and returns 1
perftest() {
	local want=$1 tool=$2 common=$3 server=$4 client=$5 out pid status=0
	port=$((port + 1))
	out=$(mktemp)
	timeout 120 "$tool" -F -p $port $common $server >/srv/server.log 2>&1 &
	pid=$!
	wait_for 30 listening $port
	timeout 120 "$tool" -F -p $port $common $client --out_json --out_json_file="$out" "${address:-127.0.0.1}" \
		>/srv/client.log 2>&1 || { status=1 why="$tool $common: $(tail -n 3 /srv/client.log)" && kill $pid; }
	wait $pid || [ $status = 1 ] || { status=1 why="$tool $common: server: $(tail -n 3 /srv/server.log)"; }
	result=$(field "$out" "$want")
	rm "$out"
	return $status
}
# FIELD TOOL OPTIONS FABRIC_ITERATIONS PEER_ITERATIONS: each side runs long enough for a figure, and the slow one no longer
fabric() { perftest "$1" "$2" "$3 -n $4" "-d $nic_8bit" "-d $nic_ext" || fail "$why"; }
rxe() { address=10.0.0.1 perftest "$1" "$2" "$3 -n $5" "-d rxe0 -x 1" "-d rxe0 -x 1" || fail "$why"; }
# iWARP connects by rdma_cm only; siw listens on a TCP port for it. Some of its runs end with a work request that was
# flushed: they are repeated, and the report says how many.
siw() {
	local try
	for try in 1 2 3 4 5; do
		runs=$((runs + 1))
		address=10.0.0.1 perftest "$1" "$2" "$3 -n $5" "-d siw0 -R" "-d siw0 -R" && return
		repeated=$((repeated + 1))
		echo "BENCH: try $try: $why"
	done
	fail "$why"
}
# bar CLIENT_OPTIONS [SERVER_OPTION...], of $iterations: how many pages of an ordinary buffer follow each other in memory
# depends on what ran before, and the fabric's work on that; with huge pages all runs are alike.
bar() {
	perftest BW_average ib_write_bw "-s 1048576 -n $iterations" \
		"-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2 ${*:2}" "-d $nic_ext $1" || fail "$why"
}
pages() { iterations=1000 bar ""; }
untagged() { iterations=${1:-1000} bar --use_hugepages; }
tagged() { iterations=${1:-1000} bar --use_hugepages --vfio_st=0x5a --vfio_ph=2; }
# A copy in a process of the host, as the fabric is one: benchmarks/bench.sh answers. The guest polls meanwhile, as
# perftest does, so that both sides have a busy CPU beside them.
host_copy() {
	local end=$((SECONDS + 60))
	asked=$((asked + 1))
	: >"/srv/ask.$asked"
	until [ -e "/srv/answer.$asked" ]; do
		[ $SECONDS -lt $end ] || fail "the host does not answer"
	done
	result=$(cat "/srv/answer.$asked")
}

# pair NUMBER FIGURE OURS PEER ARG...: both sides of one figure; OURS first in even pairs
pair() {
	local number=$1 figure=$2 ours=$3 peer=$4 side
	shift 4
	for side in $([ $((number % 2)) = 0 ] && echo ours peer || echo peer ours); do
		"${!side}" "$@"
		value "$figure $side $result"
	done
}

setup_fabric() {
	load_mlx5 || fail "drivers"
	for bdf in $(nics); do wait_for 10 port_active "$(ib_of "$bdf")" || fail "port"; done
	nic_ext=$(ib_of "$(nics | sed -n 1p)")
	nic_8bit=$(ib_of "$(nics | sed -n 2p)")
	ip link add dum0 type dummy
	ip link set dum0 mtu 5000 up
	ip addr add 10.0.0.1/24 dev dum0
}
setup_soft() { # rxe | siw
	rdma link add "${1}0" type "$1" netdev dum0 || fail "$1"
	wait_for 10 port_active "${1}0" || fail "$1 port"
}
setup_rxe() {
	insert udp_tunnel ip6_udp_tunnel rdma_rxe || fail "rxe"
	setup_soft rxe
}
setup_siw() {
	insert siw || fail "siw"
	setup_soft siw
}
setup_bar() {
	load_vfio || fail "drivers"
	endpoint=$(endpoints | head -n 1)
	bind_vfio "$endpoint" || fail "vfio-pci"
	echo 8 >/proc/sys/vm/nr_hugepages # of 2 MiB
}

round_rxe() { # NUMBER
	pair "$1" write_bw.64K fabric rxe BW_average ib_write_bw "-s 65536" 5000 500
	pair "$1" write_bw.4K fabric rxe BW_average ib_write_bw "-s 4096" 20000 2000
	pair "$1" write_lat.8 fabric rxe t_typical ib_write_lat "-s 8" 4000 2000
	pair "$1" msg_rate.64 fabric rxe MsgRate ib_write_bw "-s 64 --post_list=16" 40000 8000
}
round_siw() {
	pair "$1" siw_bw.64K fabric siw BW_average ib_write_bw "-s 65536" 5000 500
	pair "$1" siw_bw.4K fabric siw BW_average ib_write_bw "-s 4096" 20000 2000
	pair "$1" siw_lat.8 fabric siw t_typical ib_write_lat "-s 8" 4000 2000
}
round_bar() {
	pair "$1" bar.memcpy untagged host_copy
	pair "$1" bar.pages pages host_copy
	# One per cent is to be seen: more pairs, each longer.
	for turn in 0 1 2; do pair $((3 * $1 + turn)) bar.tagged tagged untagged 5000; done
}

: >/srv/values
setup_fabric
"setup_$part"
for number in $(seq 0 $((pairs - 1))); do
	noise >/srv/noise || fail "noise"
	while read -r kind figure; do value "noise $kind $figure"; done </srv/noise
	"round_$part" "$number"
done
[ $runs = 0 ] || value "said $repeated of $runs runs of soft-iWARP failed and were repeated${why:+; the last one: ${why//$'\n'/ }}"
