#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Make a root with tools of tests (Debian 13) in the cache and link it to build/NAME-root.
#   tools-root.sh NAME    lint: checkers of make lint; browser: that of make check-report. rig/NAME-packages lists them.
. "$(dirname "$0")/lib/common.sh"
. "$TOP/rig/lib/apt.sh"
name=${1:?lint or browser}
list=$TOP/rig/$name-packages

make_root() {
	local root=$1 packages
	packages=$(grep -v '^#' "$list" | tr -s '\n' ',')
	rm -rf "$root.part"
	mmdebstrap --mode=root --variant=minbase --skip=check/empty --aptopt='APT::Install-Recommends "false"' \
		--include="${packages%,}" --customize-hook='rm -f "$1"/etc/resolv.conf' \
		trixie "$root.part" "deb $(debian_mirror) trixie main"
	mv "$root.part" "$root"
}

host_packages mmdebstrap debian-archive-keyring
key=$(hash_of "$list" "$TOP/rig/tools-root.sh")
root=$CACHE/$name-root-$key
[ -d "$root" ] || with_lock "$name-root" make_root "$root"
ln -sfn "$root" "$BUILD/$name-root"
