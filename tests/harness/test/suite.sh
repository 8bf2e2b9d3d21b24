#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Counting of results by make check (tests/harness/suite.sh): no failure may be lost, no skip may
# be silent. TAP.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/harness/suite.sh"
out=$work
EXPECTED_SKIPS=$out/expected
echo "known: not here" >"$EXPECTED_SKIPS"

# counts TITLE "PASSED FAILED SKIPPED" NAME STATUS LINE...: a suite NAME that prints the lines and ends with STATUS
counts() {
	local title=$1 want=$2 name=$3 status=$4
	shift 4
	passed=0 failed=0 skipped=0
	suite "$name" bash -c 'printf "%s\n" "${@:2}"; exit "$1"' - "$status" "$@" >/dev/null
	same "$title" "$passed $failed $skipped" "$want"
}

counts "passed" "2 0 0" a 0 "ok 1 - x" "ok 2 - y"
counts "one failed" "1 1 0" a 1 "ok 1 - x" "not ok 2 - y"
counts "a failure with status 0 counts" "1 1 0" a 0 "ok 1 - x" "not ok 2 - y"
counts "a bad end counts" "1 1 0" a 3 "ok 1 - x"
counts "no test at all is a failure" "0 1 0" a 0 "hello"
counts "an expected skip" "1 0 1" known 0 "ok 1 - x" "ok 2 - not here # SKIP reason"
counts "nothing but an expected skip" "0 0 1" known 0 "ok 1 - not here # SKIP reason"
counts "an unexpected skip is a failure" "1 1 0" known 0 "ok 1 - x" "ok 2 - other # SKIP reason"
counts "expected of another suite only" "0 1 0" a 0 "ok 1 - not here # SKIP reason"
exit $bad
