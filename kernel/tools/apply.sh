#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Make a git tree of Linux with the series on top, one commit per patch, for development (see
# refresh.sh).
#   apply.sh TREE [TOPIC]     TREE must not exist. Without TOPIC the series of kernel/topics; TOPIC is for those of
#                             kernel/independent: only that series
. "$(dirname "$0")/lib.sh"

tree=${1:-}
[ -n "$tree" ] || die "usage: apply.sh TREE [TOPIC]"
[ ! -e "$tree" ] || die "$tree exists"

"$TOP/kernel/tools/fetch.sh" unpack "$tree"
cd "$tree"
git init --quiet
git add --all --force
git -c user.name=base -c user.email=base@invalid commit --quiet -m "Linux $(make -s kernelversion)"
series_patches "${2:-}" | while read -r name; do
	git -c user.name=series -c user.email=series@invalid am --quiet --keep-cr "$TOP/kernel/$name" ||
		die "$name does not apply to $(make -s kernelversion)"
done
say "$(git rev-list --count HEAD) commits in $tree; root commit is the base"
