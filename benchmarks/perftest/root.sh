# SPDX-License-Identifier: MIT
# Run commands inside the guest root. Source it after common.sh; it runs nothing.
#
# TPHBUF_STAGE  prefix that libtphbuf is installed in (default: build/stage/usr), or "none"; commands in
#               the guest root see it as /opt/tphbuf/usr, where the guest has it too

. "$TOP/rig/lib/root.sh"

ROOT=$(readlink -f "$BUILD/root")
PREFIX=/opt/tphbuf/usr
STAGE=${TPHBUF_STAGE:-$BUILD/stage/usr}

need_root() {
	[ -x "$ROOT/usr/bin/gcc" ] || die "there is no guest root at $BUILD/root; run rig/guest-root.sh first"
	[ "$STAGE" = none ] || [ -f "$STAGE/lib/pkgconfig/tphbuf-verbs.pc" ] ||
		die "no libtphbuf in $STAGE (lib/pkgconfig/tphbuf-verbs.pc); install it there, or set TPHBUF_STAGE"
}

# in_root WORK COMMAND...: run COMMAND with the folder WORK on /srv and the library on $PREFIX. The guest root itself
# is not written.
in_root() {
	local mounts=("$1:/srv" tmpfs:/opt/tphbuf)
	[ "$STAGE" = none ] || mounts+=("$STAGE:$PREFIX:ro")
	inside_root "$ROOT" "${mounts[@]}" -- "${@:2}"
}
