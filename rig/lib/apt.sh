# SPDX-License-Identifier: MIT
# Debian packages: the host's own, and those of other suites from the mirror the host already uses.
# Source this file after common.sh. The mirror's host name comes from apt; no script contains one.

# The mirror of the main archive that this machine is configured with.
debian_mirror() {
	local site
	site=$(apt-get indextargets --format '$(SITE) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 !~ /security/ { print $1; exit }')
	[ -n "$site" ] || die "apt has no package mirror: run 'apt-get update', or configure one in /etc/apt/sources.list"
	printf '%s\n' "$site"
}

# host_packages NAME...: install the missing packages, and change no others.
host_packages() {
	local missing=() name
	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	say "installing: ${missing[*]}"
	[ "$(id -u)" = 0 ] || die "root is needed to install: apt-get install ${missing[*]}"
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# suite_apt SUITE: a private apt state for one other suite under build/apt; prints the options that select it.
suite_apt_dir() { printf '%s/apt/%s\n' "$BUILD" "$1"; }

suite_apt_update() {
	local suite=$1 dir
	dir=$(suite_apt_dir "$suite")
	mkdir -p "$dir"/{lists/partial,cache/archives/partial}
	printf 'deb %s %s main\n' "$(debian_mirror)" "$suite" >"$dir/sources.list"
	suite_apt "$suite" update -q
}

suite_apt() {
	local dir
	dir=$(suite_apt_dir "$1")
	shift
	apt-get -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root "$@"
}

# fetch_pool POOL_PATH SHA256 FILE: one file of the mirror's pool, checked.
fetch_pool() {
	local path=$1 sha=$2 file=$3
	if [ -f "$file" ] && printf '%s  %s\n' "$sha" "$file" | sha256sum -c --quiet 2>/dev/null; then
		return 0
	fi
	mkdir -p "$(dirname "$file")"
	/usr/lib/apt/apt-helper download-file "$(debian_mirror)/$path" "$file.part" "SHA256:$sha" ||
		die "cannot get $path from the Debian mirror; give a local copy instead (see README, offline use)"
	mv "$file.part" "$file"
}

# pinned FOLDER KEY: a value of FOLDER/BASE, which names a source tarball: version, pool, sha256.
pinned() { awk -v key="$2" '$1 == key { print $2 }' "$1/BASE"; }

# pinned_source FOLDER NAME [FILE]: prints the path of NAME's tarball that FOLDER/BASE names, fetched once; FILE replaces
# the download. Dies unless the checksum is right.
pinned_source() {
	local version name file
	version=$(pinned "$1" version)
	name=$2_$version.orig.tar.gz
	file=${3:-$CACHE/source/$name}
	[ -n "${3:-}" ] || with_lock "$2-source" fetch_pool "$(pinned "$1" pool)" "$(pinned "$1" sha256)" "$file" >&2
	[ -f "$file" ] || die "$file is no file; it must be $name"
	printf '%s  %s\n' "$(pinned "$1" sha256)" "$file" | sha256sum -c --quiet >&2 ||
		die "$file is not $2 $version: wrong sha256"
	printf '%s\n' "$file"
}
