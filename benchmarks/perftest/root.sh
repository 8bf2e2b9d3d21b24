# SPDX-License-Identifier: MIT
# Run commands inside the guest root, on top of common.sh. Source it; it runs nothing.
#
# TPHBUF_STAGE  prefix that libtphbuf is installed in (default: build/stage/usr), or "none"; commands in
#               the guest root see it as /opt/tphbuf/usr, where the guest has it too

ROOT=$(readlink -f "$BUILD/root")
PREFIX=/opt/tphbuf/usr
STAGE=${TPHBUF_STAGE:-$BUILD/stage/usr}

need_root() {
	[ "$(id -u)" = 0 ] || die "root is needed to use the guest root"
	[ -x "$ROOT/usr/bin/gcc" ] || die "there is no guest root at $BUILD/root; run rig/guest-root.sh first"
	[ "$STAGE" = none ] || [ -f "$STAGE/lib/pkgconfig/tphbuf-verbs.pc" ] ||
		die "no libtphbuf in $STAGE (lib/pkgconfig/tphbuf-verbs.pc); install it there, or set TPHBUF_STAGE"
}

# in_root WORK COMMAND...: run COMMAND with the folder WORK on /srv and the library on $PREFIX. The
# mounts are seen by that command only; the guest root itself is not written.
in_root() {
	local work=$1
	shift
	unshare -m --propagation private bash -c '
		set -e
		root=$1 work=$2 stage=$3 prefix=$4
		shift 4
		mount --bind "$work" "$root/srv"
		mount --bind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		mount -t tmpfs tmpfs "$root/opt/tphbuf"
		mkdir "$root$prefix"
		[ "$stage" = none ] || mount --bind "$stage" "$root$prefix"
		exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin HOME=/root LC_ALL=C "$@"
	' in_root "$ROOT" "$work" "$STAGE" "$PREFIX" "$@"
}
