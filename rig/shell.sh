#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boot the demo fabric with a shell in the guest, drivers loaded. The VM ends with the shell.
. "$(dirname "$0")/lib/common.sh"
. "$TOP/demo/fabric.sh"
arguments 0 0 "" "$@"
"$TOP/rig/all.sh"
cat >"$BUILD/stage/rig/shell.sh" <<'GUEST'
. /opt/tphbuf/rig/lib.sh
load_mlx5; load_vfio
for bdf in $(endpoints); do bind_vfio "$bdf"; done
echo "endpoint: $(endpoints); NICs: $(nics)"
setsid bash -i </dev/ttyS0 >/dev/ttyS0 2>&1
GUEST
exec "$TOP/rig/vm.sh" -i -n shell -d 86400 "${DEMO_FABRIC[@]/#/-f}" rig/shell.sh
