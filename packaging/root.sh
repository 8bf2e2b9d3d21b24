#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Make a root of a Debian release with what building and checking the packages needs, in the cache; prints its folder.
#   root.sh bookworm | trixie
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/rig/lib/apt.sh"

release=${1:-}
case $release in
bookworm | trixie) ;;
*) die "usage: root.sh bookworm | trixie" ;;
esac
needs=$(sed -n '/^Build-Depends:/,/^[A-Z].*:/ { s/^Build-Depends://; /^[A-Z]/!p }' "$TOP/packaging/debian/control" |
	sed 's/debhelper-compat ([^)]*)/debhelper/' | tr -d ' \n')

make_root() {
	[ ! -d "$1" ] || return 0
	rm -rf "$1.part"
	mmdebstrap --mode=root --variant=minbase --skip=check/empty --aptopt='APT::Install-Recommends "false"' \
		--include="build-essential,fakeroot,lintian,$needs" --customize-hook='rm -f "$1"/etc/resolv.conf' \
		"$release" "$1.part" "deb $(debian_mirror) $release main"
	mv "$1.part" "$1"
}

host_packages mmdebstrap debian-archive-keyring >&2
root=$CACHE/package-root-$(hash_text "$release $needs $(hash_of "$0")")
with_lock package-root make_root "$root" >&2
say "$root"
