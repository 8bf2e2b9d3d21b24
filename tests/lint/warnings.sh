#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The build enables its warnings: the command line for a file of the library, with -Werror,
# refuses one fault of each kind. TAP.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile=$(jq -r '[.[] | select(.file | endswith("util/number.c"))][0].command' "$COMMANDS" |
	sed -E 's/ -M[QF] [^ ]+//g; s/ -MD//; s/ -o [^ ]+//; s/ -c [^ ]+//')
status=0

refuses() { # WARNING CODE
	echo "$2" >"$work/x.c"
	if (cd "${COMMANDS%/*}" && $compile -Werror -c -o "$work/x.o" "$work/x.c") >"$work/said" 2>&1; then
		echo "not ok - $1 is refused"
		status=1
	elif grep -q -e "$1" "$work/said"; then
		echo "ok - $1 is refused"
	else
		echo "not ok - $1 is refused"
		sed 's/^/# /' "$work/said"
		status=1
	fi
}

refuses sign-conversion 'int sign(unsigned int x); int sign(unsigned int x) { return x; }'
refuses conversion 'char narrow(int x); char narrow(int x) { return x; }'
refuses missing-prototypes 'int f(int x) { return x; }'
refuses strict-prototypes 'int f();'
refuses vla 'int f(int n); int f(int n) { int a[n]; a[0] = n; return a[0]; }'
refuses shadow 'int f(int n); int f(int n) { if (n) { int n = 1; return n; } return n; }'
refuses unused-parameter 'int f(int n); int f(int n) { return 1; }'
exit $status
