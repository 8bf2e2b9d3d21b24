# SPDX-License-Identifier: MIT
# The command line of a program, which is the first argument of the test that sources this file. TAP.
program=$1
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

check() { # NAME STATUS TEXT ARGUMENT...: the program ends with STATUS and says TEXT, a basic regular expression
	local name=$1 want=$2 text=$3 said rc=0
	shift 3
	said=$("$program" "$@" 2>&1) || rc=$?
	[ $rc = "$want" ] && grep -q -- "$text" <<<"$said"
	tap $? "$name" "exit $rc instead of $want, said: $said"
}

checked() { # the end of the test
	tap_plan
	exit $bad
}
