#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run a command inside the guest root, as a build environment: this checkout at /srv (read-write),
# the patched kernel's headers and modules at /mnt (read-only). The root itself stays unchanged.
#   rig/in-root.sh COMMAND [ARG...]
. "$(dirname "$0")/lib/common.sh"
. "$TOP/rig/lib/root.sh"
arguments 1 1000 "COMMAND [ARG...]" "$@"
root=$(readlink -f "$BUILD/root")
kernel=$(readlink -f "$BUILD/kernel/patched")
[ -d "$root" ] || die "no guest root; run rig/guest-root.sh"
[ -d "$kernel" ] || die "no patched kernel; run kernel/tools/build.sh patched"
inside_root "$root" "$TOP:/srv" "$kernel:/mnt:ro" -- sh -c 'cd /srv && exec "$@"' sh "$@"
