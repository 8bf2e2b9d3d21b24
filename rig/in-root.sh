#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run a command inside the guest root, as a build environment: this checkout at /srv (read-write),
# the patched kernel's headers and modules at /mnt (read-only). The root itself stays unchanged.
#   rig/in-root.sh COMMAND [ARG...]
. "$(dirname "$0")/lib/common.sh"
root=$(readlink -f "$BUILD/root")
kernel=$(readlink -f "$BUILD/kernel/patched")
[ -d "$root" ] || die "no guest root; run rig/guest-root.sh"
[ -d "$kernel" ] || die "no patched kernel; run kernel/tools/build.sh patched"
[ "$(id -u)" = 0 ] || die "root is needed (chroot and bind mounts)"
export TOP root kernel
exec unshare -m --propagation private bash -c '
	set -e
	mount --bind "$root" "$root"
	mount --bind "$TOP" "$root/srv"
	mount --bind "$kernel" "$root/mnt"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/tmp"
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C \
		sh -c "cd /srv && exec \"\$@\"" sh "$@"
' bash "$@"
