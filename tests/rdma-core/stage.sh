#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Put rdma-core's tests and the runner into build/stage/rdma-core, for the guest.
# RDMA_CORE_SRC=FILE replaces the download of the source tarball.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/rig/lib/apt.sh"

HERE=$TOP/tests/rdma-core
version=$(pinned "$HERE" version)
installed=$(chroot "$(readlink -f "$BUILD/root")" dpkg-query -W -f '${Version}' python3-pyverbs)
[ "${installed%-*}" = "$version" ] ||
	die "the guest root has pyverbs $installed, tests/rdma-core/BASE names $version: update BASE and expected"
tarball=$(pinned_source "$HERE" rdma-core "${RDMA_CORE_SRC:-}")
rm -rf "$BUILD/stage/rdma-core"
mkdir -p "$BUILD/stage/rdma-core"
tar -xf "$tarball" -C "$BUILD/stage/rdma-core" --strip-components=1 --no-same-owner \
	"rdma-core-$version/tests"
cp "$HERE/run.py" "$HERE/dmabuf.py" "$HERE/expected" "$BUILD/stage/rdma-core/"
