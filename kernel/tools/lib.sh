# SPDX-License-Identifier: MIT
# Shared by the tools of the series. Source it; it runs nothing except rig/lib/common.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../../rig/lib/common.sh"

# Kernels that share a tree compile the same files again after each change between them.
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

# apply_series TREE: all patches, on a pristine tree.
apply_series() {
	local name
	for name in $(series_patches); do apply_patch "$1" "$name"; done
}

# config_merge NAME...: fragments of kernel/config as one, without comments; of two lines for one option the last
# counts.
config_merge() {
	(cd "$TOP/kernel/config" && sed 's/[[:space:]]*#.*//' "$@") |
		grep -v '^$' | tac | awk -F= '!seen[$1]++' | tac
}
