# SPDX-License-Identifier: MIT
# Tests in rotation: each commit runs one share of a list. Source this file after rig/lib/common.sh.

# share_of SHARES NUMBER NAME...: every SHARES-th name, from number NUMBER (0 and up). All numbers together give each
# name once.
share_of() {
	local shares=$1 number=$2 i=0 name
	shift 2
	for name; do
		[ $((i++ % shares)) != "$number" ] || echo "$name"
	done
}

# share_now SHARES: the number of this commit, from its hash, which a shallow clone has too; without git, of the day
share_now() {
	local hash
	hash=$(git -C "$TOP" rev-parse --verify --quiet HEAD 2>/dev/null) || hash=$(printf '%08x' $(($(date +%s) / 86400)))
	echo $((16#${hash:0:8} % $1))
}
