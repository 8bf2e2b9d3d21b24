# SPDX-License-Identifier: MIT
# TAP of tests that are shell scripts. Source it; it runs nothing. The end of a test: tap_plan, if it prints a plan, and
# exit $bad.
number=0 bad=0

# tap STATUS NAME [TEXT]: one more test, passed if STATUS is 0; TEXT explains a failure
tap() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d - %s\n' "$number" "$2"
	else
		printf 'not ok %d - %s\n' "$number" "$2"
		[ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /'
		bad=1
	fi
}

# same NAME GOT WANT
same() {
	local status=0
	[ "$2" = "$3" ] || status=1
	tap $status "$1" "got '$2', want '$3'"
}

tap_plan() { echo "1..$number"; }
