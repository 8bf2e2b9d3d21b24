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
	wait_for 10 test -n "$(ib_of "$bdf")" || fail "mlx5_ib does not bind $bdf"
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

step "perftest"
mkdir -p /srv/runs
for size in 8 64 4096 65536 1048576; do
	perf_run write_bw "$size" server "$nic_8bit" none
	perf_run write_bw "$size" server "$nic_8bit" 8:0x5a:2
	perf_run write_bw "$size" server "$nic_8bit" 8:0xc3:1
	perf_run write_bw "$size" server "$nic_ext" 16:0x1234:3
done
perf_run read_bw 65536 client "$nic_8bit" 8:0x5a:2
perf_run send_bw 65536 server "$nic_8bit" 8:0x5a:2
perf_run write_lat 8 server "$nic_8bit" 8:0x5a:2
step "done"
