#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make coverage: lines and branches of library, command and fabric that the unit, fuzz and fabric tests reach.
# Prints a line for each; build/coverage/html has every file.
. "$(dirname "$0")/../../rig/lib/common.sh"
. "$TOP/rig/lib/apt.sh"
arguments 0 0 "" "$@"

"$TOP/rig/setup.sh" tests
host_packages gcovr
"$TOP/rig/configure.sh" coverage >/dev/null
dir=$BUILD/coverage
meson compile -C "$dir"
find "$dir" -name '*.gcda' -delete
meson test -C "$dir" --no-rebuild --timeout-multiplier 3 --suite unit --suite fuzz --suite fabric >"$dir/tests.log" 2>&1 ||
	die "tests failed: $dir/tests.log"
mkdir -p "$dir/html"
gcovr --root "$TOP" --object-directory "$dir" --filter "$TOP/userspace/" --json "$dir/all.json" "$dir"
gcovr --root "$TOP" --add-tracefile "$dir/all.json" --html-details "$dir/html/index.html"
for part in lib cli fabric; do
	summary=$(gcovr --root "$TOP" --add-tracefile "$dir/all.json" --filter "userspace/$part/" --print-summary --output "$dir/$part.txt")
	printf '%-8s %s\n' "$part" "$(grep -E '^(lines|branches)' <<<"$summary" | tr '\n' ' ')"
done
