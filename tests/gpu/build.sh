#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the inputs of tests/gpu/run.sh into BUILD: libtphbuf, the plugin with the loop back end, one plugin for
# each table alone, and nccl_rank. Needs a C compiler and nccl.h; no GPU, no RDMA packages.
#
#   tests/gpu/build.sh BUILD UAPI [NCCL]
#
# UAPI is where headers_install of the patched kernel put its include/. NCCL holds include/nccl.h and
# lib/libnccl.so.2; without it nccl_rank is not built.
set -eu
TOP=$(readlink -f "$(dirname "$0")/../..")
BUILD=$1 UAPI=$(readlink -f "$2") NCCL=${3:-}
CC=${CC:-cc}
US=$TOP/userspace
mkdir -p "$BUILD/lib" "$BUILD/bin" "$BUILD/obj"
BUILD=$(readlink -f "$BUILD")
FLAGS="-std=gnu11 -O2 -g -fPIC -fvisibility=hidden -I$US -I$US/include -I$US/transports/include -isystem $UAPI/include"

sources=$(cd "$US" && find util lib -name '*.c' ! -path 'lib/verbs/*' ! -path 'lib/drm/*')
# shellcheck disable=SC2086
(cd "$US" && $CC $FLAGS -shared -Wl,-soname,libtphbuf.so.1 -Wl,--version-script=lib/libtphbuf.map \
	-o "$BUILD/lib/libtphbuf.so.1" $sources -ldl -lpthread)
ln -sf libtphbuf.so.1 "$BUILD/lib/libtphbuf.so"

plugin() { # plugin FILE MAP
	# shellcheck disable=SC2016,SC2046,SC2086
	$CC $FLAGS -shared -Wl,--version-script="$2" -Wl,-rpath,'$ORIGIN' -o "$BUILD/lib/$1" \
		$(find "$US/transports/nccl" -name '*.c' ! -name 'verbs*') -L"$BUILD/lib" -ltphbuf -ldl -lpthread
}
plugin libnccl-net-tphbuf.so "$US/transports/nccl/plugin.map"
for v in 6 7 8 9 10 12; do
	printf '{ global: ncclNetPlugin_v%s; local: *; };\n' "$v" >"$BUILD/obj/v$v.map"
	plugin "libnccl-net-tphbuf-v$v.so" "$BUILD/obj/v$v.map"
done
# shellcheck disable=SC2086
[ -z "$NCCL" ] || $CC -std=gnu11 -O1 -g -Wall -I"$TOP" -I"$US" -I"$NCCL/include" -I"${CUDA:-/usr/local/cuda}/include" \
	-o "$BUILD/bin/nccl_rank" "$TOP/tests/gpu/nccl_rank.c" "$TOP/tests/harness/args.c" "$US/util/number.c" -L"$NCCL/lib" -l:libnccl.so.2 -Wl,--allow-shlib-undefined -ldl
