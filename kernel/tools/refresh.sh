#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Write patches/ and series of a topic from the commits of a git tree (see apply.sh).
#   refresh.sh TOPIC TREE [BASE]     BASE..HEAD of TREE; BASE is by default the commit before the topic's first
#                                    patch: the root commit plus the patches of the topics before it; for a series
#                                    of kernel/independent the root commit
# The output depends on the commits alone, so that refreshing twice changes nothing.
. "$(dirname "$0")/lib.sh"

topic=${1:-} tree=${2:-}
[ -n "$tree" ] && [ -e "$tree/.git" ] || die "usage: refresh.sh TOPIC TREE [BASE]"
[ -d "$TOP/kernel/$topic" ] || die "kernel/$topic does not exist; topics: $(topics) $(cat "$TOP/kernel/independent")"
PATCHES=$TOP/kernel/$topic/patches

# The commit that the patches of the topics before this one end with.
base_of_topic() {
	local earlier before count=0
	before=$(topics)
	! grep -qxF "$topic" "$TOP/kernel/independent" || before=
	for earlier in $before; do
		[ "$earlier" != "$topic" ] || break
		count=$((count + $(series_patches "$earlier" | wc -l)))
	done
	git -C "$tree" rev-list --reverse HEAD | sed -n "$((count + 1))p"
}
base=${3:-$(base_of_topic)}

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
} >"$TOP/kernel/$topic/series"
say "$(series_patches "$topic" | wc -l) patches from $tree"
