#!/bin/sh
# SPDX-License-Identifier: MIT
# The libraries export exactly the symbols of their maps, NCCL's plugin its tables and nothing else, and every public function
# of the headers is in a map. Needs the libraries built in $LIB_DIR, and $NCCL_PLUGIN.
set -u
us=$(cd "$(dirname "$0")/../../userspace" && pwd)
status=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

compare() { # WHAT FILE FILE
	if [ -s "$2" ] && diff -u "$2" "$3"; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		status=1
	fi
}

names() { grep -oE '\btphbuf_[a-z0-9_]+;' "$1" | tr -d ';' | sort; }

for pair in tphbuf:lib/libtphbuf.map tphbuf-verbs:lib/verbs/libtphbuf-verbs.map \
	tphbuf-drm:lib/drm/libtphbuf-drm.map; do
	lib=lib${pair%%:*}.so
	names "$us/${pair#*:}" >"$tmp/map"
	nm -D --defined-only "$LIB_DIR/$lib" | awk '$2 != "A" { print $3 }' |
		sed 's/@.*//' | sort >"$tmp/elf"
	compare "$lib exports what its map lists" "$tmp/map" "$tmp/elf"
	if readelf -d "$LIB_DIR/$lib" | grep -q "SONAME.*\[$lib\.1\]"; then
		echo "ok - soname of $lib"
	else
		echo "not ok - soname of $lib"
		status=1
	fi
done

for version in 6 7 8 9 10 11 12; do echo "ncclNetPlugin_v$version"; done | sort >"$tmp/map"
nm -D --defined-only "$NCCL_PLUGIN" | awk '$2 != "A" { print $3 }' | sort >"$tmp/elf"
compare "$(basename "$NCCL_PLUGIN") exports its tables" "$tmp/map" "$tmp/elf"

# Declarations: the first tphbuf_ name followed by "(" after TPHBUF_API.
cat "$us"/include/tphbuf/*.h | tr '\n' ' ' | grep -oE 'TPHBUF_API [^;]*;' |
	grep -oE '\btphbuf_[a-z0-9_]+\(' | tr -d '(' | sort >"$tmp/headers"
for map in lib/libtphbuf.map lib/verbs/libtphbuf-verbs.map lib/drm/libtphbuf-drm.map; do names "$us/$map"; done |
	grep -v '^tphbuf_priv_' | sort -u >"$tmp/maps"
compare "the maps list the functions of the headers" "$tmp/headers" "$tmp/maps"

# A vfio-only user needs no RDMA stack and no libdrm.
if readelf -d "$LIB_DIR/libtphbuf.so" | grep -E 'NEEDED.*(ibverbs|libnl|cjson|drm)'; then
	echo "not ok - libtphbuf needs only libc"
	status=1
else
	echo "ok - libtphbuf needs only libc"
fi
exit $status
