# SPDX-License-Identifier: MIT
# Run a suite and count its results. Source this file after rig/lib/common.sh; the caller sets $out, a folder.

EXPECTED_SKIPS=$TOP/tests/harness/expected-skips
passed=0 failed=0 skipped=0

# run NAME COMMAND...: a suite, its output and status kept in $out
run() {
	local name=$1 rc=0 start=$SECONDS
	shift
	"$@" >"$out/$name.tap" 2>"$out/$name.err" </dev/null || rc=$?
	echo "$rc $((SECONDS - start))" >"$out/$name.status.part"
	mv "$out/$name.status.part" "$out/$name.status"
}

# count NAME: the results of a suite that has run
count() {
	local name=$1 rc seconds ok bad skip line
	read -r rc seconds <"$out/$name.status"
	ok=$(grep -cE '^ok ' "$out/$name.tap" || true)
	bad=$(grep -cE '^not ok ' "$out/$name.tap" || true)
	skip=$(grep -ciE '^ok .*# *skip' "$out/$name.tap" || true)
	ok=$((ok - skip))
	while read -r line; do
		if ! grep -qxF "$name: $(skip_name "$line")" "$EXPECTED_SKIPS"; then
			bad=$((bad + 1)) skip=$((skip - 1))
			say "not ok - unexpected skip: $line" >>"$out/$name.err"
		fi
	done < <(grep -iE '^ok .*# *skip' "$out/$name.tap" || true)
	if [ "$rc" != 0 ] && [ "$bad" = 0 ]; then
		bad=1
		say "the suite ended with status $rc" >>"$out/$name.err"
	elif [ $((ok + bad + skip)) = 0 ]; then
		bad=1
		say "the suite ran no test" >>"$out/$name.err"
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '%-34s %4d passed %3d failed %3d skipped  %4d s\n' "$name" "$ok" "$bad" "$skip" "$seconds"
	[ "$skip" = 0 ] || grep -iE '^ok .*# *skip' "$out/$name.tap" | sed 's/^/    /'
	if [ "$bad" != 0 ]; then
		grep -E '^not ok ' "$out/$name.tap" | sed 's/^/    /' || true
		tail -n 40 "$out/$name.err" | sed 's/^/    | /'
	fi
}

suite() { # NAME COMMAND...
	run "$@"
	count "$1"
}

skip_name() { sed -E 's/^ok [0-9]* *-? *//; s/ *# *[Ss][Kk][Ii][Pp].*//' <<<"$1"; }
