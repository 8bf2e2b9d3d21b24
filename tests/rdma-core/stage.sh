#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Put rdma-core's tests and the runner into build/stage/rdma-core, for the guest.
# RDMA_CORE_SRC=FILE replaces the download of the source tarball.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/rig/lib/apt.sh"

HERE=$TOP/tests/rdma-core
base() { awk -v key="$1" '$1 == key { print $2 }' "$HERE/BASE"; }

installed=$(chroot "$(readlink -f "$BUILD/root")" dpkg-query -W -f '${Version}' python3-pyverbs)
[ "${installed%-*}" = "$(base version)" ] ||
	die "the guest root has pyverbs $installed, tests/rdma-core/BASE names $(base version): update BASE and expected"
tarball=${RDMA_CORE_SRC:-$CACHE/source/rdma-core_$(base version).orig.tar.gz}
[ -n "${RDMA_CORE_SRC:-}" ] || with_lock rdma-core fetch_pool "$(base pool)" "$(base sha256)" "$tarball"
printf '%s  %s\n' "$(base sha256)" "$tarball" | sha256sum -c --quiet ||
	die "$tarball is not rdma-core $(base version): wrong sha256"
rm -rf "$BUILD/stage/rdma-core"
mkdir -p "$BUILD/stage/rdma-core"
tar -xf "$tarball" -C "$BUILD/stage/rdma-core" --strip-components=1 --no-same-owner \
	"rdma-core-$(base version)/tests"
cp "$HERE/run.py" "$HERE/dmabuf.py" "$HERE/expected" "$BUILD/stage/rdma-core/"
