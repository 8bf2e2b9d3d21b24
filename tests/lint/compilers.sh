#!/bin/sh
# SPDX-License-Identifier: MIT
# Library, command and examples build with gcc and with clang under the warnings of userspace/Makefile, which are
# errors, -Wconversion with the conversions of sign among them. With -O3 gcc follows values further and warns of more.
set -u
us=../../userspace
status=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int sign(unsigned int x); int sign(unsigned int x) { return x; }' >"$work/sign.c"

build() { # COMPILER BUILD_FOLDER TARGET...
	compiler=$1 folder=$2
	shift 2
	make -s -C "$us" CC="$compiler" CFLAGS="${optimise:--O2} -g" CPPFLAGS= LDFLAGS= BUILD="$folder" UAPI="$UAPI" "$@" 2>&1
}

result() { # NAME CONDITION...
	name=$1
	shift
	if "$@"; then echo "ok - $name"; else echo "not ok - $name"; status=1; fi
}

for compiler in gcc clang; do
	folder=$BUILD/product
	[ $compiler = gcc ] || folder=$folder-$compiler
	said=$(build $compiler "$work" "$work/obj/$work/sign.o")
	case $said in
	*sign.c*sign-conversion*) result "$compiler refuses a conversion of sign" true ;;
	*) echo "$said"; result "$compiler refuses a conversion of sign" false ;;
	esac
	result "$compiler builds library, command and examples" build $compiler "$folder" all
done
optimise=-O3 result "gcc builds library and command with -O3" build gcc "$work/O3" lib cli
exit $status
