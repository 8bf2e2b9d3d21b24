#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Install the host packages that are missing (needs root only then).
#   setup.sh build      only what compiling user space needs
#   setup.sh [tests]    what the demo needs; tests: also what only tests need
. "$(dirname "$0")/lib/common.sh"
. "$TOP/rig/lib/apt.sh"
arguments 0 1 "[build | tests]" "$@"
[ $# = 0 ] || one_of WHAT "$1" build tests
command -v apt-get >/dev/null || die "this is not a Debian system: the rig needs Debian 12 or 13 (apt, dpkg)"
lists=("$TOP/rig/build-packages")
[ "${1:-}" = build ] || lists+=("$TOP/rig/host-packages")
[ "${1:-}" != tests ] || lists+=("$TOP/rig/test-packages")
host_packages $(awk '!/^#/ && NF { print $1 }' "${lists[@]}")
