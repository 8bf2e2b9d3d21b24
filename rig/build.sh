#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build what the rig runs, once the kernels and the guest root are there:
#   build.sh fabric    device models, for the host   -> build/fabric
#   build.sh guest     library, command, perftest, test programs, scripts, for the guest -> build/stage
. "$(dirname "$0")/lib/common.sh"

fabric() {
	make -C "$TOP/userspace/fabric" -j"$JOBS" BUILD="$BUILD/fabric" MLX5_IFC="$BUILD/kernel/patched/mlx5"
}

guest() {
	mkdir -p "$BUILD/guest" "$BUILD/stage"
	"$TOP/rig/in-root.sh" make -C userspace -j"$JOBS" BUILD=/srv/build/guest UAPI=/mnt/uapi lib cli examples
	"$TOP/rig/in-root.sh" make -C userspace BUILD=/srv/build/guest UAPI=/mnt/uapi \
		DESTDIR=/srv/build/stage PREFIX=/usr install
	rm -rf "$BUILD/stage/examples"
	cp -r "$BUILD/guest/bin/examples" "$BUILD/stage/"
	cp "$TOP"/userspace/examples/*.py "$BUILD/stage/examples/"
	"$TOP/benchmarks/perftest/build.sh"
	"$TOP/rig/in-root.sh" make -C tests/guest -j"$JOBS" BUILD=/srv/build/guest UAPI=/mnt/uapi \
		STAGE=/srv/build/stage
	scripts
}

scripts() {
	local dir
	for dir in rig demo tests bench selftests; do rm -rf "${BUILD:?}/stage/$dir"; mkdir -p "$BUILD/stage/$dir"; done
	cp "$TOP"/rig/guest/lib.sh "$BUILD/stage/rig/"
	cp "$TOP"/demo/guest/*.sh "$BUILD/stage/demo/"
	cp -r "$TOP"/tests/harness/vm/. "$TOP"/tests/vm/. "$BUILD/stage/tests/"
	cp "$TOP"/benchmarks/guest/*.sh "$BUILD/stage/bench/"
	[ ! -d "$BUILD/selftests" ] || cp -rT "$(readlink -f "$BUILD/selftests")" "$BUILD/stage/selftests"
}

case ${1:-} in
fabric | guest | scripts) "$1" ;;
*) die "usage: build.sh fabric | guest | scripts" ;;
esac
