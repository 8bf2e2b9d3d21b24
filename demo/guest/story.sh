#!/bin/bash
# SPDX-License-Identifier: MIT
# The story of `make demo`, inside the guest: bind the devices, tag a BAR range, run perftest into it.
# Each perftest run leaves a folder /srv/runs/NN-name; demo/report.sh on the host judges them.
. /opt/tphbuf/rig/lib.sh
. /opt/tphbuf/demo/run.sh

fail() { echo "STORY: FAILED: $*"; exit 1; }
step() { echo "STORY: $*"; }

step "binding drivers"
load_mlx5 || fail "mlx5 drivers do not load"
load_vfio || fail "vfio drivers do not load"
endpoint=$(endpoints)
[ -n "$endpoint" ] || fail "no fabric endpoint on the PCI bus"
bind_vfio "$endpoint" || fail "vfio-pci does not bind $endpoint"
for bdf in $(nics); do
	wait_for 10 has_ib "$bdf" || fail "mlx5_ib does not bind $bdf"
	wait_for 10 port_active "$(ib_of "$bdf")" || fail "$(ib_of "$bdf") does not become ACTIVE"
done
set -- $(nics)
[ $# = 2 ] || fail "two NICs expected, found: $*"
nic_ext=$(ib_of "$1") # the fabric serves the NIC with Extended TPH first
nic_8bit=$(ib_of "$2")
uname -r >/srv/kernel
for name in "$nic_ext" "$nic_8bit"; do ibv_devinfo -d "$name"; done >/srv/ibv_devinfo.txt
step "$nic_ext (Extended TPH) at $1, $nic_8bit (8-bit TPH) at $2, endpoint at $endpoint"

step "export, tag, read back, register"
tphbuf list --json >/srv/list.json || fail "tphbuf list"
tphbuf info --json "$endpoint" >/srv/info.json || fail "tphbuf info"
tphbuf register --json "$endpoint" --bar 2 --offset 0 --length 1M --tag st=0x5a,ph=2 --ibdev "$nic_8bit" \
	--require >/srv/register.json || fail "tphbuf register: $(cat /srv/register.json)"
tphbuf register "$endpoint" --bar 2 --offset 0 --length 1M --tag st=0x5a,ph=2 --ibdev "$nic_8bit" \
	--require | tee /srv/register.txt

for nic in $(nics); do
	tphbuf topo --json "$endpoint" "$nic" >"/srv/topo-$nic.json" || fail "tphbuf topo $endpoint $nic"
done

step "perftest"
mkdir -p /srv/runs
fabric-tally "$endpoint" --clear >/dev/null || fail "the endpoint's counters"
for size in 8 64 4096 65536 1048576; do
	perf_run write_bw "$size" server "$nic_8bit" none
	perf_run write_bw "$size" server "$nic_8bit" 8:0x5a:2
	perf_run write_bw "$size" server "$nic_8bit" 8:0xc3:1
	perf_run write_bw "$size" server "$nic_ext" 16:0x1234:3
done
perf_run read_bw 65536 client "$nic_8bit" 8:0x5a:2
perf_run send_bw 65536 server "$nic_8bit" 8:0x5a:2
perf_run write_lat 8 server "$nic_8bit" 8:0x5a:2

# As a collective library does it: each rank's memory is a range of the BAR with a tag of its own, on a NIC of its own.
step "ring all-reduce by NCCL's network plugin"
mkdir -p /srv/all-reduce
echo '{"ranks": 2, "block_bytes": 524288, "requested": [{"width": 16, "st": "0x1234", "ph": 2},
	{"width": 8, "st": "0x21", "ph": 1}]}' >/srv/all-reduce/request.json
ip link set lo up
LD_LIBRARY_PATH=/opt/tphbuf/usr/lib TPHBUF_NET_TAG=require NCCL_SOCKET_IFNAME=lo timeout 150 nccl-net-check --no-points \
	--only all-reduce --bytes 524288 --device "$endpoint,2,xst=0x1234,ph=2/st=0x21,ph=1" \
	/opt/tphbuf/usr/lib/libnccl-net-tphbuf.so >/srv/all-reduce/tap 2>/srv/all-reduce/err
echo $? >/srv/all-reduce/rc
fabric-tally "$endpoint" >/srv/all-reduce/tally.json
echo "STORY: all-reduce: exit $(cat /srv/all-reduce/rc)"
step "done"
