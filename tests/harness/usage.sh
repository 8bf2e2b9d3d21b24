# SPDX-License-Identifier: MIT
# The command line of a program, which is the first argument of the test that sources this file. TAP.
program=$1 number=0 bad=0

check() { # NAME STATUS TEXT ARGUMENT...: the program ends with STATUS and says TEXT, a basic regular expression
	local name=$1 want=$2 text=$3 said rc=0
	shift 3
	number=$((number + 1))
	said=$("$program" "$@" 2>&1) || rc=$?
	if [ $rc = "$want" ] && grep -q -- "$text" <<<"$said"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "# exit $rc instead of $want, said: $said"
		bad=1
	fi
}

checked() { # the end of the test
	echo "1..$number"
	exit $bad
}
