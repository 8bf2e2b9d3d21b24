# SPDX-License-Identifier: MIT
# For the tests of this folder: TAP, and a folder to work in.
. "$(dirname "$0")/../../../rig/lib/common.sh"
. "$TOP/tests/harness/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
