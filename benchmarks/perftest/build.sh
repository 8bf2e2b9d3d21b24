#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the patched perftest inside the guest root, with what is installed there.
#   build.sh            -> build/stage/usr/bin/ib_*, build/stage/usr/lib/perftest/* (for tests)
# Environment:
#   PERFTEST_SRC=FILE   use this copy of the source tarball
#   TPHBUF_STAGE=DIR    see root.sh; TPHBUF_STAGE=none builds without libtphbuf
#   DESTDIR=DIR         install below DIR instead of build/stage
# The binaries are kept in the cache under a hash of everything they are made of.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$(dirname "$0")/../../rig/lib/apt.sh"
. "$(dirname "$0")/root.sh"

HERE=$TOP/benchmarks/perftest
DEST=${DESTDIR:-$BUILD/stage}
PROGRAMS="ib_write_bw ib_read_bw ib_send_bw ib_atomic_bw ib_write_lat ib_read_lat ib_send_lat ib_atomic_lat"

series_patches() { grep -v -e '^#' -e '^$' "$HERE/series"; }

unpack() {
	local work=$1 name tarball
	tarball=$(pinned_source "$HERE" perftest "${PERFTEST_SRC:-}")
	rm -rf "$work"
	mkdir -p "$work"
	tar -xf "$tarball" -C "$work" --strip-components=1 --no-same-owner
	for name in $(series_patches); do
		patch -d "$work" -p1 -s -f --no-backup-if-mismatch <"$HERE/patches/$name" ||
			die "$name does not apply to perftest $(pinned "$HERE" version)"
	done
}

compile() {
	local work=$1 with=--with-tphbuf
	[ "$STAGE" != none ] || with=--without-tphbuf
	# The library is staged: it is not yet where its .pc files say.
	in_root "$work" bash -ec "
		cd /srv
		./autogen.sh
		./configure $with TPHBUF_CFLAGS=-I$PREFIX/include \
			TPHBUF_LIBS='-L$PREFIX/lib -ltphbuf-verbs -ltphbuf' LDFLAGS=-Wl,-rpath,$PREFIX/lib
		make -j$JOBS $PROGRAMS"
	[ "$STAGE" = none ] || {
		cp "$HERE/test/mock_tphbuf.c" "$work/"
		in_root "$work" gcc -Wall -Wextra -Werror -O2 -shared -fPIC -I"$PREFIX/include" \
			-o /srv/mock_tphbuf.so /srv/mock_tphbuf.c -libverbs
	}
}

build() {
	local out=$1 work=$BUILD/perftest-work program
	[ ! -d "$out" ] || return 0
	unpack "$work"
	compile "$work"
	rm -rf "$out.part"
	mkdir -p "$out.part/bin" "$out.part/lib/perftest"
	for program in $PROGRAMS; do
		install -s -m 755 "$work/$program" "$out.part/bin/"
	done
	[ "$STAGE" = none ] || install -m 755 "$work/mock_tphbuf.so" "$out.part/lib/perftest/"
	rm -rf "$work"
	mv "$out.part" "$out"
}

need_root
library=none
[ "$STAGE" = none ] || library=$(hash_of "$STAGE/include" "$STAGE/lib/pkgconfig")
key=$(hash_text "$(pinned "$HERE" sha256) $(hash_of "$HERE/patches" "$HERE/series" "$HERE/build.sh" "$HERE/root.sh" "$HERE/test/mock_tphbuf.c") $library $ROOT")
out=$CACHE/perftest-$key
with_lock perftest build "$out"
mkdir -p "$DEST/usr"
cp -r "$out/." "$DEST/usr/"
install -m 755 "$HERE/test/traffic.sh" "$DEST/usr/lib/perftest/"
say "perftest $(pinned "$HERE" version) with $(series_patches | wc -l) patches: $DEST/usr/bin"
