#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks that nccl-net-check tests each contract point: the sound plugin passes all; each broken
# one fails exactly its own.
#
#   meta.sh CHECK SOUND BROKEN BROKEN-WITH-SYMBOL [ARGUMENT...]    programs and libraries, built; further arguments
#                                                                  are those of CHECK
set -u
CHECK=$1 SOUND=$(readlink -f "$2") BROKEN_SO=$(readlink -f "$3") SYMBOL_SO=$(readlink -f "$4")
shift 4
export TPHBUF_NET_BACKEND=${TPHBUF_NET_BACKEND:-loop} NCCL_SOCKET_IFNAME=lo BROKEN_BASE=$SOUND
. "$(dirname "$0")/../harness/tap.sh"

failing() { sed -n 's/^not ok [0-9]* - \(C[0-9]*\) .*/\1/p' <<<"$1" | paste -sd' '; }
skipped() { sed -n 's/^ok [0-9]* - \(C[0-9]*\) .*# SKIP.*/\1/p' <<<"$1" | paste -sd' '; }

sound=$("$CHECK" --timeout 100 --no-data "$@" "$SOUND" </dev/null 2>&1)
points=$(sed -n 's/^\(not \)*ok [0-9]* - \(C[0-9]*\) .*/\2/p' <<<"$sound")
skips=" $(skipped "$sound") "
test -z "$(failing "$sound")"
tap $? "the sound plugin passes $(wc -w <<<"$points") points" "$sound"
wrapped=$(BROKEN=none "$CHECK" --timeout 100 --no-data "$@" "$BROKEN_SO" </dev/null 2>&1)
test -z "$(failing "$wrapped")"
tap $? "the wrapper alone breaks nothing" "$wrapped"
for point in $points; do
	case $skips in
	*" $point "*)
		tap 0 "$point # SKIP the point cannot be tested on this machine"
		continue
		;;
	esac
	library=$BROKEN_SO
	[ "$point" != C1 ] || library=$SYMBOL_SO
	# C10 needs a registration while a request is under way, which not every run has.
	for _ in 1 2 3; do
		out=$(BROKEN=$point "$CHECK" --no-data "$@" "$library" </dev/null 2>&1)
		[ -z "$(failing "$out")" ] || break
	done
	test "$(failing "$out")" = "$point"
	tap $? "broken $point fails exactly $point" "failing: $(failing "$out")"
done
tap_plan
exit $bad
