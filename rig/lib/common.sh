# SPDX-License-Identifier: MIT
# Paths, messages and stage timing shared by every script. Source it; it runs nothing.
#
# TOP    the checkout                    BUILD  everything this checkout builds
# CACHE  results worth keeping between checkouts, each keyed by a hash of its inputs

set -euo pipefail
export LC_ALL=C

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tphbuf
JOBS=${JOBS:-$(nproc)}
mkdir -p "$BUILD" "$CACHE"

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# stage N/M TITLE COMMAND...: run COMMAND with its output in build/log, and print the time taken.
stage() {
	local number=$1 title=$2 log start
	shift 2
	mkdir -p "$BUILD/log"
	log=$BUILD/log/$(printf '%s' "$title" | tr -cs 'a-zA-Z0-9\n' '-').log
	start=$(date +%s%N)
	printf '[%s] %-44s ' "$number" "$title"
	if "$@" >"$log" 2>&1 </dev/null; then
		printf 'ok   %6.1f s\n' "$(( ($(date +%s%N) - start) / 100000000 ))e-1"
	else
		local rc=$?
		printf 'FAILED after %.1f s\n' "$(( ($(date +%s%N) - start) / 100000000 ))e-1"
		tail -n 30 "$log" | sed 's/^/    | /'
		die "stage \"$title\" failed (exit $rc); whole log: $log"
	fi
}

# hash_of PATH...: one short hash over names and contents of the files named (folders: recursively).
hash_of() {
	local path
	for path in "$@"; do
		if [ -d "$path" ]; then
			(cd "$path" && find . -type f ! -name '*.swp' | sort | xargs -r sha256sum)
		else
			sha256sum <"$path"
		fi
	done | sha256sum | cut -c1-16
}

# hash_text TEXT: the same for a string.
hash_text() { printf '%s' "$*" | sha256sum | cut -c1-16; }

# with_lock NAME COMMAND...: keeps two checkouts from filling the same cache entry at once.
with_lock() {
	local name=$1
	shift
	(
		flock 9 || exit 1
		"$@"
	) 9>"$CACHE/$name.lock"
}
