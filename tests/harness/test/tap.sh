# SPDX-License-Identifier: MIT
# For the tests of this folder: TAP, and a folder to work in. They end with "exit $bad".
. "$(dirname "$0")/../../../rig/lib/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0 bad=0

same() { # NAME GOT WANT
	number=$((number + 1))
	if [ "$2" = "$3" ]; then echo "ok $number - $1"; else echo "not ok $number - $1 (got '$2')"; bad=1; fi
}
