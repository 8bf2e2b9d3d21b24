# SPDX-License-Identifier: MIT
# What the tools of the series share. Source it; it runs nothing but rig/lib/common.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../../rig/lib/common.sh"


# Going back and forth between kernels that share a tree compiles the same files again.
export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-2G}

# Series in the order they apply: a folder of kernel/ each.
topics() { cat "$TOP/kernel/topics"; }

# series_patches [TOPIC]: patches of one series, or of all, in the order they apply, as paths below kernel/.
series_patches() {
	local topic
	for topic in ${1:-$(topics)}; do
		sed "/^#/d; /^\$/d; s,^,$topic/patches/," "$TOP/kernel/$topic/series"
	done
}

# The contents of these patches, one after the other.
series_text() { (cd "$TOP/kernel" && cat $(series_patches)); }

apply_patch() { # TREE NAME
	patch -d "$1" -p1 -s -f --no-backup-if-mismatch <"$TOP/kernel/$2" ||
		die "$2 does not apply to $(make -s -C "$1" kernelversion)"
}

# apply_series TREE: all of it, on a tree that has nothing of it.
apply_series() {
	local name
	for name in $(series_patches); do apply_patch "$1" "$name"; done
}

# config_merge NAME...: fragments of kernel/config as one, without the reasons; of two lines for one option the
# later counts.
config_merge() {
	(cd "$TOP/kernel/config" && sed 's/[[:space:]]*#.*//' "$@") |
		grep -v '^$' | tac | awk -F= '!seen[$1]++' | tac
}
