#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The ledger of make soak: sums, and their way into the committed files. TAP.
set -u
soak=$(dirname "$0")/soak.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export SOAK_LEDGER=$dir/ledger SOAK_TOTAL=$dir/total SOAK_TEXT=$dir/text
. "$(dirname "$0")/../harness/tap.sh"
line() { printf 'now\t%s\t%s\t0x1\t%s\t%s\t%s\t%s\n' "$@" >>"$SOAK_LEDGER"; } # commit part amount unit result seconds

row() { sed -n "s/^| $1 |/&/p"; }
# The last commit is of no interest here, and a copy of the tree has none.
without_commit() { sed 's/ [^ |]* |$//'; }

line aaa fuzz_tag 1000 executions ok 1800
line aaa fuzz_tag 500 executions FAILED 1800
line aaa retag 7 cycles ok 360
same "amounts, hours, turns and failures are added" "$("$soak" --sums | row fuzz_tag | without_commit)" "| fuzz_tag | 1500 executions | 1.00 | 2 | 1 |"
printf '%s\n' before '<!-- sums: x -->' 'old table' '<!-- end of sums -->' after >"$SOAK_TEXT"
"$soak" --merge
same "what is merged is no longer in the ledger" "$(ls "$dir" | tr '\n' ' ')" "ledger.merged text total "
same "the text keeps what is around the table" "$(sed -n '1,2p;$p' "$SOAK_TEXT" | tr '\n' ' ')" "before <!-- sums: x --> after "
same "the table replaces the old one" "$(grep -c 'old table' "$SOAK_TEXT") $(row retag <"$SOAK_TEXT" | without_commit)" "0 | retag | 7 cycles | 0.10 | 1 | 0 |"
same "the sums are those of the file" "$("$soak" --sums)" "$(sed -n '/^<!-- sums/,/^<!-- end/p' "$SOAK_TEXT" | sed '1d;$d')"
line bbb retag 3 cycles ok 360
"$soak" --merge
"$soak" --merge
same "a later ledger is added once" "$(row retag <"$SOAK_TEXT" | without_commit)" "| retag | 10 cycles | 0.20 | 2 | 0 |"
same "hours of all parts" "$(row all <"$SOAK_TEXT")" "| all | | 1.20 | | | |"
unset SOAK_TOTAL SOAK_TEXT
same "the committed table is that of the committed file" "$("$soak" --sums | without_commit)" \
	"$(sed -n '/^<!-- sums/,/^<!-- end/p' "$(dirname "$soak")/../../docs/endurance.md" | sed '1d;$d' | without_commit)"
tap_plan
exit $bad
