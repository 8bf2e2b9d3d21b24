#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every program prints the version of the file VERSION: version.sh VERSION-FILE PROGRAM...
version=$(cat "$1")
shift
echo "1..$#"
for program; do
	wanted="$(basename "$program") $version"
	if [ "$("$program" --version)" = "$wanted" ]; then
		echo "ok - $wanted"
	else
		echo "not ok - $wanted"
	fi
done
