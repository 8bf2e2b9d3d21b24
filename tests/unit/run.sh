#!/bin/sh
# SPDX-License-Identifier: MIT
# Run test programs and check scripts that speak TAP; print what fails and one
# summary line; with TAP=1 in the environment, also every result. Each has a deadline. Exit status 0 only if all passed.
set -u
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

for program in "$@" ./check-headers.sh ./check-exports.sh ./check-man.sh \
	./check-completion.sh ./check-compilers.sh ./check-valgrind.sh; do
	timeout 300 "$program" >"$out" 2>&1 </dev/null
	status=$?
	ok=$(grep -c '^ok' "$out")
	skip=$(grep -c '^ok.*# SKIP' "$out")
	bad=$(grep -c '^not ok' "$out")
	# A crash or a deadline is a failure that no line tells of.
	[ $status = 0 ] || [ "$bad" != 0 ] || bad=1
	# So is a program that tests nothing.
	[ "$ok" != 0 ] || [ "$bad" != 0 ] || bad=1
	passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
	[ -z "${TAP:-}" ] || grep -E '^(not )?ok' "$out"
	grep '# SKIP' "$out" | sed 's/^ok[^-]*- /skipped: /'
	if [ "$bad" != 0 ]; then
		echo "FAILED ${program##*/} (exit $status)"
		grep -v '^ok' "$out" | tail -n 60
	fi
done
echo "unit: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
