#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Write kernel/patches and kernel/series from the commits of a git tree (see apply.sh).
#   refresh.sh TREE [BASE]     BASE..HEAD of TREE; BASE is by default its root commit
# The output depends on the commits alone, so that refreshing twice changes nothing.
. "$(dirname "$0")/lib.sh"

tree=${1:-}
[ -n "$tree" ] && [ -d "$tree/.git" ] || die "usage: refresh.sh TREE [BASE]"
base=${2:-$(git -C "$tree" rev-list --max-parents=0 HEAD | tail -n 1)}

[ -z "$(git -C "$tree" status --porcelain --untracked-files=no)" ] || die "$tree has uncommitted changes"
[ -n "$(git -C "$tree" rev-list "$base..HEAD")" ] || die "no commits in $base..HEAD of $tree"

rm -rf "$PATCHES.part"
git -C "$tree" -c core.abbrev=12 -c diff.algorithm=myers format-patch --quiet --no-numbered \
	--zero-commit --no-signature --no-signoff --full-index --no-renames \
	-o "$PATCHES.part" "$base..HEAD"
[ ! -f "$PATCHES/0000-cover-letter.txt" ] || cp "$PATCHES/0000-cover-letter.txt" "$PATCHES.part/"
rm -rf "$PATCHES"
mv "$PATCHES.part" "$PATCHES"
{
	echo "# Patches in the order they apply; see kernel/README.md"
	cd "$PATCHES" && ls -- *.patch
} >"$TOP/kernel/series"
say "$(grep -c '^0' "$TOP/kernel/series") patches from $tree"
