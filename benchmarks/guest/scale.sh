#!/bin/bash
# SPDX-License-Identifier: MIT
# The cost of one more tagged MR among many, in a guest whose clock counts instructions: scale.sh MRS PROCESSES
# "ours" is the cost while all are registered, "peer" that while there are 100 to 200.
. /opt/tphbuf/rig/lib.sh

mrs=${1:-10000} processes=${2:-100}

fail() { echo "BENCH: FAILED: $*"; exit 1; }

load_mlx5 && load_vfio || fail "drivers"
endpoint=$(endpoints)
bind_vfio "$endpoint" || fail "vfio-pci"
for bdf in $(nics); do wait_for 20 port_active "$(ib_of "$bdf")" || fail "port"; done
nic=$(ib_of "$(nics | sed -n 1p)") peer=$(ib_of "$(nics | sed -n 2p)")
mr_scale "$endpoint" "$nic" "$peer" ext "$mrs" >/srv/one || fail "mr_scale: $(tail -n 1 /srv/one)"
mr_scale "$endpoint" "$nic" "$peer" ext $((mrs / processes)) "$processes" >/srv/many ||
	fail "mr_scale: $(tail -n 1 /srv/many)"
cat /srv/one /srv/many | sed -n 's/ last / ours /; s/ first / peer /; s/^\(create\|register\|deregister\|empty\|fault\|show\|process\) /scale.\1 /p' \
	>/srv/values
grep '^curve ' /srv/one >>/srv/values
grep -hE '^(memory|process.memory|tags|revoke) ' /srv/one /srv/many | sed 's/^/BENCH: /'
