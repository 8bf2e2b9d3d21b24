#!/bin/bash
# SPDX-License-Identifier: MIT
# NCCL's network plugin against ib_write_bw on the same NICs, in turn (A B B A) in one boot: net.sh PAIRS. Values are
# lines "FIGURE ours|peer VALUE" in /srv/values, as those of bench.sh.
#
# Both sides do the same: one queue pair, the MTU of the port, WRITE_WITH_IMM of one buffer of 1 MiB in a huge page, 256
# receives ahead, a completion of each, and a receiver that polls, which takes a CPU from the fabric. 128 sends are
# outstanding, ib_write_bw's own number, and 32, the most that NCCL has: that is 1.5 ms of copying, and a
# sender that waits for a CPU as long leaves the fabric without work. The messages of the ring have 8 MiB and 64 KiB.
. /opt/tphbuf/rig/lib.sh

pairs=${1:-10} port=22000
export LD_LIBRARY_PATH=/opt/tphbuf/usr/lib TPHBUF_NET_BACKEND=verbs NCCL_SOCKET_IFNAME=lo

fail() { echo "BENCH: FAILED: $*"; exit 1; }

value() { echo "$*" | tee -a /srv/values; }

plugin() { # WHAT [ARG]: values of net_plugin in /srv/net
	net_plugin "$1" /opt/tphbuf/usr/lib/libnccl-net-tphbuf.so ${2:+"$2"} >/srv/net || fail "net_plugin $1"
}
of() { sed -n "s/^$1 //p" /srv/net; }

write_bw() { # OPTION...: sets $result to MiB/s of ib_write_bw
	port=$((port + 1))
	timeout 120 ib_write_bw -F -p $port --write_with_imm -Q 1 "$@" -d "$nic_8bit" >/srv/server.log 2>&1 &
	wait_for 30 listening $port
	timeout 120 ib_write_bw -F -p $port --write_with_imm -Q 1 "$@" -d "$nic_ext" --out_json --out_json_file=/srv/client.json \
		127.0.0.1 >/srv/client.log 2>&1 || fail "ib_write_bw $*"
	wait $! || fail "ib_write_bw $*: server"
	result=$(sed -n 's/.*"BW_average" *: *"\{0,1\}\([0-9.]*\).*/\1/p' /srv/client.json | tail -n 1)
}

bandwidth() { # FIGURE SENDS
	plugin bw "$2" && value "$1" ours "$(of bw)"
}
bandwidth_peer() { # FIGURE SENDS
	write_bw -s 1048576 -n 10000 -t "$2" -r 256 --use_hugepages && value "$1" peer "$result"
}
all_reduce() { plugin all-reduce && value net.all_reduce peer "$(of all_reduce)" && sum=$(of sum); }
both_ways() { write_bw -b -s 8454144 -n 20 -t 2 && both=$result; }
# Time that is allowed for it, us: a ring of two ranks moves two blocks of 8 MiB and 64 KiB in each direction and sums one.
allowed() { value net.all_reduce ours "$(awk -v both="$both" -v sum="$sum" 'BEGIN { printf "%.1f", 4 * 8.0625e6 / both + sum }')"; }

load_mlx5 || fail "drivers"
for bdf in $(nics); do wait_for 10 port_active "$(ib_of "$bdf")" || fail "port"; done
nic_ext=$(ib_of "$(nics | sed -n 1p)") nic_8bit=$(ib_of "$(nics | sed -n 2p)")
ip link set lo up
echo 4 >/proc/sys/vm/nr_hugepages # of 2 MiB
: >/srv/values
for number in $(seq "$pairs"); do
	noise >/srv/noise || fail "noise"
	while read -r kind figure; do value "noise $kind $figure"; done </srv/noise
	if [ $((number % 2)) = 0 ]; then
		bandwidth net.bw 128 && bandwidth_peer net.bw 128
		bandwidth net.bw32 32 && bandwidth_peer net.bw32 32
		all_reduce && both_ways
	else
		bandwidth_peer net.bw 128 && bandwidth net.bw 128
		bandwidth_peer net.bw32 32 && bandwidth net.bw32 32
		both_ways && all_reduce
	fi
	allowed
done
