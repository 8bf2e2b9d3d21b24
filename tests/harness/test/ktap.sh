#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Evaluation of the kernel's own tests by the guest's runner (tests/harness/vm/ktap.sh): none may
# be lost or invented. TAP.
. "$(dirname "$0")/tap.sh"
name_ib() { :; } # unused outside the guest
. "$TOP/tests/harness/vm/lib.sh"
. "$TOP/tests/harness/vm/ktap.sh"
PARTS=$work/parts

# ktap NAME WANT(pass|fail) PARTS LINE...: the KTAP lines, the verdict on the suite, and the
# expected parts
ktap() {
	local name=$1 want=$2 parts=$3 got=pass
	shift 3
	: >"$PARTS"
	printf '%s\n' "$@" | ktap_parts >/dev/null || got=fail
	same "$name" "$got, parts $(tr '\n' ';' <"$PARTS")" "$want, parts $parts"
}

ktap "no output at all" fail ""
ktap "a plan of nothing" fail "" "1..0"
ktap "results without a plan" fail "ok a;" "ok 1 a"
ktap "a test that did not run" fail "ok a;" "1..2" "ok 1 a"
ktap "a test too many" fail "ok a;ok b;" "1..1" "ok 1 a" "ok 2 b"
ktap "results of a lower level do not count" fail "" "1..1" "    ok 1 a"
ktap "diagnostics do not count" fail "" "1..1" "# ok 1 a" "#            OK  a"
ktap "a failed test is a part" pass "ok a;not ok b;" "1..2" "ok 1 a" "not ok 2 b"
ktap "a skipped test says so" pass "ok a # SKIP no device;" "1..1" "ok 1 a # SKIP no device"
ktap "the dash before a name is optional" pass "ok a;ok b;" "TAP version 13" "1..2" "ok 1 - a" "ok 2 b"
exit $bad
