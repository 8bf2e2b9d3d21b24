#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the programs of the rig; needs the kernels and the guest root:
#   build.sh fabric     device models, for the host   -> build/host/userspace/fabric
#   build.sh guest      library, command, perftest, test programs, scripts, for the guest -> build/stage
#   build.sh install    everything in user space for this machine, and install it: PREFIX (/usr/local), DESTDIR
. "$(dirname "$0")/lib/common.sh"

fabric() {
	"$TOP/rig/configure.sh" host
	meson compile -C "$BUILD/host" -j "$JOBS" tphbuf-fabric fabric-tally
}

guest() {
	local key
	# A change of the root, of the kernel's headers or of Meson discards the old configuration.
	key=$(hash_text "$(readlink -f "$BUILD/root") $(readlink -f "$BUILD/kernel/patched")")
	[ "$(cat "$BUILD/guest/configured" 2>/dev/null)" = "$key" ] || {
		rm -rf "$BUILD/guest"
		"$TOP/rig/in-root.sh" meson setup build/guest --werror --prefix=/usr --libdir=lib -Duapi=/mnt/uapi -Dtests=guest
		echo "$key" >"$BUILD/guest/configured"
	}
	rm -rf "$BUILD/stage/usr" "$BUILD/stage/examples"
	mkdir -p "$BUILD/stage/examples"
	"$TOP/rig/in-root.sh" meson compile -C build/guest -j "$JOBS"
	"$TOP/rig/in-root.sh" meson install -C build/guest --no-rebuild --quiet --destdir /srv/build/stage
	find "$BUILD/guest/userspace/examples" -maxdepth 1 -type f -executable -exec cp {} "$BUILD/stage/examples/" \;
	cp "$TOP"/userspace/examples/*.py "$BUILD/stage/examples/"
	"$TOP/benchmarks/perftest/build.sh"
	scripts
}

install_here() {
	"$TOP/rig/setup.sh" build
	"$TOP/rig/configure.sh" install gcc -Dtests=none "--prefix=${PREFIX:-/usr/local}"
	meson compile -C "$BUILD/install" -j "$JOBS"
	meson install -C "$BUILD/install" --no-rebuild ${DESTDIR:+--destdir "$DESTDIR"}
}

scripts() {
	local dir
	for dir in rig demo tests bench selftests; do rm -rf "${BUILD:?}/stage/$dir"; mkdir -p "$BUILD/stage/$dir"; done
	cp "$TOP"/rig/guest/lib.sh "$BUILD/stage/rig/"
	cp "$TOP"/demo/guest/*.sh "$BUILD/stage/demo/"
	cp -r "$TOP"/tests/harness/vm/. "$TOP"/tests/vm/. "$BUILD/stage/tests/"
	cp -r "$TOP/tests/transports/traces" "$BUILD/stage/tests/"
	(cd "$TOP" && cp --parents tests/transports/meta.sh tests/harness/tap.sh "$BUILD/stage/")
	cp "$TOP"/benchmarks/guest/*.sh "$BUILD/stage/bench/"
	[ ! -d "$BUILD/selftests" ] || cp -rT "$(readlink -f "$BUILD/selftests")" "$BUILD/stage/selftests"
}

arguments 1 1 "fabric | guest | scripts | install" "$@"
case $1 in
fabric | guest | scripts) "$1" ;;
install) install_here ;;
*) one_of WHAT "$1" fabric guest scripts install ;;
esac
