#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Make the root with the checkers of make lint (Debian 13) in the cache and link it to build/lint-root.
. "$(dirname "$0")/lib/common.sh"
. "$TOP/rig/lib/apt.sh"

make_root() {
	local root=$1 packages
	packages=$(grep -v '^#' "$TOP/rig/lint-packages" | tr -s '\n' ',')
	rm -rf "$root.part"
	mmdebstrap --mode=root --variant=minbase --skip=check/empty --aptopt='APT::Install-Recommends "false"' \
		--include="${packages%,}" --customize-hook='rm -f "$1"/etc/resolv.conf' \
		trixie "$root.part" "deb $(debian_mirror) trixie main"
	mv "$root.part" "$root"
}

host_packages mmdebstrap debian-archive-keyring
key=$(hash_of "$TOP/rig/lint-packages" "$TOP/rig/lint-root.sh")
root=$CACHE/lint-root-$key
[ -d "$root" ] || with_lock lint-root make_root "$root"
ln -sfn "$root" "$BUILD/lint-root"
