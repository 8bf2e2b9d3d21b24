#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tests in rotation (tests/harness/share.sh): no name is lost or runs twice. TAP.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/harness/share.sh"

# all_shares SHARES NAME...: the names of every share, sorted, in one line
all_shares() {
	local shares=$1 number
	shift
	for ((number = 0; number < shares; number++)); do share_of "$shares" "$number" "$@"; done | sort | xargs
}

same "a share" "$(share_of 3 1 a b c d e | xargs)" "b e"
same "each name is in one share" "$(all_shares 4 a b c d e f g h i)" "a b c d e f g h i"
same "more shares than names" "$(all_shares 4 a b)" "a b"
same "one share has all" "$(all_shares 1 a b c)" "a b c"
now=$(share_now 4)
same "the number of this commit is one of four" "$((now >= 0 && now < 4))" 1
same "the same commit has the same number" "$(share_now 4)" "$now"
# The share begins while virtual machines run on build/stage: of rig/ nothing may be called, which makes it anew.
same "a share builds kernels only" "$(sed -n '/^debug_kernel()/,/^}$/p; /^debug_share()/,/^}$/p' "$TOP/tests/harness/check.sh" | grep -c 'build.sh"') \
$(sed -n '/^debug_share()/,/^}$/p' "$TOP/tests/harness/check.sh" | grep -c 'rig/')" "1 0"
TOP=$work # no repository
now=$(GIT_CEILING_DIRECTORIES=$(dirname "$work") share_now 4)
same "without git there is a number, too" "$((now >= 0 && now < 4))" 1
exit $bad
