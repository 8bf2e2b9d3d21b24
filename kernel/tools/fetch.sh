#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Find a pristine Linux 7.3 tarball or tree and unpack it to the folder named.
#   fetch.sh tarball                print the path of a tarball, downloading the Debian package when needed
#   fetch.sh unpack DIR [PATH...]   a pristine tree in DIR, or only these parts of it
# KERNEL_SRC=<tree or tarball> replaces the download.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/rig/lib/apt.sh"
. "$TOP/kernel/BASE"

download() {
	local cached deb
	cached=$(ls "$CACHE"/source/linux-source-"$version".tar.* 2>/dev/null | head -n 1 || true)
	if [ -z "$cached" ]; then
		mkdir -p "$CACHE/source/deb.part"
		suite_apt_update trixie-backports >&2
		(cd "$CACHE/source/deb.part" && suite_apt trixie-backports download "$package" >&2) ||
			die "$package is not on the Debian mirror; give the kernel by KERNEL_SRC=<tree or tarball>"
		deb=$(ls -t "$CACHE/source/deb.part"/*.deb | head -n 1)
		dpkg-deb -x "$deb" "$CACHE/source/deb.part"
		dpkg-deb -f "$deb" Version >"$CACHE/source/debian-version"
		mv "$CACHE"/source/deb.part/usr/src/linux-source-"$version".tar.* "$CACHE/source/"
		rm -rf "$CACHE/source/deb.part"
		cached=$(ls "$CACHE"/source/linux-source-"$version".tar.*)
	fi
	printf '%s\n' "$cached"
}

tarball() {
	if [ -n "${KERNEL_SRC:-}" ]; then
		[ -e "$KERNEL_SRC" ] || die "KERNEL_SRC=$KERNEL_SRC does not exist"
		printf '%s\n' "$KERNEL_SRC"
	else
		with_lock source download
	fi
}

unpack() {
	local dir=$1 from parts
	shift
	parts=(${@:+Makefile "$@"})
	from=$(tarball)
	rm -rf "$dir.part"
	mkdir -p "$dir.part"
	if [ -d "$from" ]; then
		tar -c -C "$from" "${parts[@]:-.}" | tar -x -C "$dir.part"
	else
		tar -xf "$from" -C "$dir.part" --strip-components=1 --wildcards --no-wildcards-match-slash "${parts[@]/#/*/}"
	fi
	grep -q "^VERSION = ${version%.*}$" "$dir.part/Makefile" &&
		grep -q "^PATCHLEVEL = ${version#*.}$" "$dir.part/Makefile" ||
		die "$from is not Linux $version ($(make -s -C "$dir.part" kernelversion 2>/dev/null || echo unknown)); the series needs $version"
	rm -rf "$dir"
	mv "$dir.part" "$dir"
}

case ${1:-} in
tarball) tarball ;;
unpack) unpack "${2:?folder}" "${@:3}" ;;
*) die "usage: fetch.sh tarball | unpack DIR [PATH...]" ;;
esac
