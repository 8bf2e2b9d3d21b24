#!/bin/bash
# SPDX-License-Identifier: MIT
# The library's share of export + tag + register, and registrations with a tag and without, in a guest
# whose clock counts instructions: one per nanosecond.
. /opt/tphbuf/rig/lib.sh

fail() { echo "BENCH: FAILED: $*"; exit 1; }

load_mlx5 && load_vfio || fail "drivers"
endpoint=$(endpoints | head -n 1)
bind_vfio "$endpoint" || fail "vfio-pci"
name_ib nic "$(nics | sed -n 2p)"
wait_for 20 port_active "$nic" || fail "port"
lib_overhead "$endpoint" "$nic" 1000 >/srv/lib || fail "lib_overhead"
sed 's/^/lib./' /srv/lib >/srv/values
reg_latency "$endpoint" "$nic" st=0x5a,ph=2 300 >/srv/reg || fail "reg_latency"
sed 's/^/reg./' /srv/reg >>/srv/values
echo "BENCH: registrations measured: $(wc -l </srv/reg)"
