#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Configure a Meson build of this checkout in build/NAME, for this machine:
#   configure.sh host       product and its tests; gcc -O3, whose data flow analysis gives more warnings
#   configure.sh asan       tests under AddressSanitizer and UndefinedBehaviorSanitizer; gcc
#   configure.sh clang      the second compiler
#   configure.sh tsan       tests of threads under ThreadSanitizer; gcc, whose run time is a library of its own: that of
#                           clang 14 is linked in and would call the wrappers of tests/mock
#   configure.sh coverage   lines and branches that the tests reach; gcc
#   configure.sh fuzz       fuzz targets with libFuzzer; clang
#   configure.sh NAME CC ARG...    any other, with this compiler and these options of Meson
# Each build serves several purposes; separate builds would compile the product nine times for
# make check.
. "$(dirname "$0")/lib/common.sh"

arguments 1 1000 "NAME [CC ARG...]" "$@"
name=$1
shift
case $name in
host) compiler=gcc args=(-Doptimization=3 -Dtests=host) ;;
asan) compiler=gcc args=(-Doptimization=1 -Dtests=host "-Db_sanitize=address,undefined" -Db_lundef=false
	"-Dc_args=-fno-sanitize-recover=all -fno-omit-frame-pointer") ;;
clang) compiler=clang args=(-Doptimization=1 -Dtests=host) ;;
tsan) compiler=gcc args=(-Doptimization=1 -Dtests=host -Db_sanitize=thread -Db_lundef=false) ;;
coverage) compiler=gcc args=(-Doptimization=0 -Dtests=host -Db_coverage=true) ;;
fuzz) compiler=clang args=(-Doptimization=1 -Dtests=host -Dfuzzer=true "-Db_sanitize=address,undefined" -Db_lundef=false
	"-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer") ;;
*)
	[ $# -gt 0 ] || misused "missing argument; usage: configure.sh $name CC [ARG...]"
	compiler=$1 args=("${@:2}")
	;;
esac

"$TOP/kernel/tools/headers.sh"
headers=$(readlink -f "$BUILD/headers")
args+=(--werror "-Duapi=$headers/uapi" "-Dmlx5_ifc=$headers/mlx5" -Dfabric=enabled)
wanted=$(hash_text "$compiler ${args[*]} $(meson --version)")
if [ "$(cat "$BUILD/$name/configured" 2>/dev/null)" != "$wanted" ]; then
	rm -rf "${BUILD:?}/$name"
	CC=$compiler meson setup "$BUILD/$name" "$TOP" "${args[@]}"
	echo "$wanted" >"$BUILD/$name/configured"
fi
