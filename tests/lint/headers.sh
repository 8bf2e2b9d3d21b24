#!/bin/sh
# SPDX-License-Identifier: MIT
# Every public header compiles alone, as C and as C++, with many warnings enabled.
set -u
include=$(dirname "$0")/../../userspace/include
status=0
for header in "$include"/tphbuf/*.h; do
	name=tphbuf/${header##*/}
	for mode in "${CC:-cc} -std=c11 -x c" "${CXX:-c++} -std=c++17 -x c++"; do
		if echo "#include <$name>" | $mode -fsyntax-only -pedantic -Wall -Wextra \
			-Wconversion -Wshadow -Werror -I"$include" -; then
			echo "ok - $name with $mode"
		else
			echo "not ok - $name with $mode"
			status=1
		fi
	done
done
exit $status
