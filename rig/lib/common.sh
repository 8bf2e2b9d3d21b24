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

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
misused() { printf 'error: %s\n' "$*" >&2; exit 2; } # the arguments are wrong

# arguments LEAST MOST USAGE "$@": a script with other numbers of arguments says so and ends.
arguments() {
	local usage="${0##*/}${3:+ $3}"
	[ $(($# - 3)) -ge "$1" ] || misused "missing argument; usage: $usage"
	[ $(($# - 3)) -le "$2" ] || misused "superfluous argument; usage: $usage"
}

# whole_number NAME VALUE LEAST MOST: decimal or with 0x; anything else ends the script.
whole_number() {
	[[ $2 =~ ^(0|[1-9][0-9]{0,17}|0x[0-9a-fA-F]{1,15})$ ]] && (($2 >= $3 && $2 <= $4)) ||
		misused "$1 '$2' is not a whole number from $3 to $4"
}

# one_of NAME VALUE WORD...: ends the script unless the value is one of the words.
one_of() {
	local word
	for word in "${@:3}"; do [ "$word" != "$2" ] || return 0; done
	misused "$1 '$2' is not one of ${*:3}"
}

whole_number JOBS "$JOBS" 1 4096
mkdir -p "$BUILD" "$CACHE"

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
