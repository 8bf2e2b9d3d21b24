#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run test programs and check scripts that speak TAP, one for each CPU at a time; print what fails and one summary line;
# with TAP=1 in the environment, also every result. Each has a deadline. Exit status 0 only if all passed.
set -u
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The long ones first.
lint=../lint
programs=(./valgrind.sh $lint/compilers.sh "$@" $lint/headers.sh $lint/exports.sh $lint/man.sh $lint/completion.sh $lint/p2p-hosts.sh)

run() { # NUMBER
	local rc=0
	timeout 600 "${programs[$1]}" >"$work/$1" 2>&1 </dev/null || rc=$?
	echo $rc >"$work/$1.status"
}

count() { # NUMBER
	local out=$work/$1 status ok skip bad
	status=$(cat "$out.status")
	ok=$(grep -c '^ok' "$out")
	skip=$(grep -c '^ok.*# SKIP' "$out")
	bad=$(grep -c '^not ok' "$out")
	# A crash or a deadline is a failure that no line tells of.
	[ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
	# So is a program that tests nothing.
	[ "$ok" != 0 ] || [ "$bad" != 0 ] || bad=1
	passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
	[ -z "${TAP:-}" ] || grep -E '^(not )?ok' "$out"
	grep '# SKIP' "$out" | sed 's/^ok[^-]*- /skipped: /'
	if [ "$bad" != 0 ]; then
		echo "FAILED ${programs[$1]##*/} (exit $status)"
		grep -v '^ok' "$out" | tail -n 60
	fi
}

for i in "${!programs[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	run "$i" &
done
wait
for i in "${!programs[@]}"; do count "$i"; done
echo "unit: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
