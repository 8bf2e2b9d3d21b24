#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nccl-net-check with dma-bufs and devices of fake_memory.c: what else runs only in a virtual machine. TAP.
#
#   check_memory.sh CHECK PLUGIN BROKEN FAKE-MEMORY SLOW-COPY RANGES TRACE    program, libraries, a trace with dma-bufs
set -u
CHECK=$(readlink -f "$1") PLUGIN=$(readlink -f "$2") BROKEN_SO=$(readlink -f "$3") FAKE=$(readlink -f "$4")
COPY=$(readlink -f "$5") RANGES=$(readlink -f "$6") TRACE=$(readlink -f "$7")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export TPHBUF_NET_BACKEND=loop NCCL_SOCKET_IFNAME=lo BROKEN_BASE=$PLUGIN FAKE_LOG=$dir/log
. "$(dirname "$0")/../harness/tap.sh"

# check NAME STATUS TEXT VARIABLE=... ARGUMENT...: the exit status, and a line that the output has
check() {
	local name=$1 want=$2 text=$3 rc=0 variables=()
	shift 3
	while [[ $1 = [A-Z]*=* ]]; do
		variables+=("$1")
		shift
	done
	rm -f "$FAKE_LOG"
	said=$(env LD_PRELOAD="$FAKE" "${variables[@]}" "$CHECK" --timeout 100 "$@" </dev/null 2>&1) || rc=$?
	[ $rc = "$want" ] && grep -qF -- "$text" <<<"$said"
	tap $? "$name" "$said"
}

# logged NAME TEXT: all that the fake devices have noted
logged() {
	said=$(cat "$FAKE_LOG")
	[ "$said" = "$2" ]
	tap $? "$1" "$said"
}

for point in C11 C12 C14; do
	check "$point is tested" 0 "ok 1 - $point " --no-data --only $point "$PLUGIN"
	check "broken $point fails" 1 "not ok 1 - $point " BROKEN=$point --no-data --only $point "$BROKEN_SO"
done
said=$(LD_PRELOAD=$FAKE sh -c 'exec "$0" --timeout 100 --no-data --only C11,C12,C14 "$1" <&-' "$CHECK" "$PLUGIN" 2>&1)
[ "$(grep -c '^ok' <<<"$said") $(grep -c SKIP <<<"$said")" = "3 0" ]
tap $? "without standard input, too" "$said"
check "a trace" 0 "# rank 1: 14 dma-bufs, 0 dma-bufs replayed as host memory" --replay "$TRACE" "$PLUGIN"

data=(--no-points --bytes "4096,5")
check "memory of a device" 0 "ok 2 - all-reduce 3 ranks, 5 bytes of each" "${data[@]}" --ranks 3 --only all-reduce --device fake0,2 "$PLUGIN"
logged "has a range for what each rank sends and receives" "fake0 BAR2 0+0x3000 none
fake0 BAR2 0x3000+0x4000 none
fake0 BAR2 0x7000+0x3000 none
fake0 BAR2 0xa000+0x4000 none
fake0 BAR2 0xe000+0x3000 none
fake0 BAR2 0x11000+0x4000 none"
check "memory of two devices, with tags" 0 "ok 2 - point-to-point 5 ranks, 5 bytes of each" "${data[@]}" --ranks 5 --only point-to-point \
	--device fake0,2,st=0x5a,ph=2/st=0x5b,ph=1 --device fake1,0,st=0x11,ph=0 "$PLUGIN"
logged "each rank has the next tag of its device" "fake0 BAR2 0+0x1000 st=0x5a,ph=2
fake0 BAR2 0x1000+0x1000 st=0x5a,ph=2
fake0 BAR2 0x2000+0x1000 st=0x5b,ph=1
fake0 BAR2 0x3000+0x1000 st=0x5b,ph=1
fake0 BAR2 0x4000+0x1000 st=0x5a,ph=2
fake0 BAR2 0x5000+0x1000 st=0x5a,ph=2
fake1 BAR0 0+0x1000 st=0x11,ph=0
fake1 BAR0 0x1000+0x1000 st=0x11,ph=0
fake1 BAR0 0x2000+0x1000 st=0x11,ph=0
fake1 BAR0 0x3000+0x1000 st=0x11,ph=0"
check "a device that is missing" 1 "0000:ff:1f.7" "${data[@]}" --only all-gather --device 0000:ff:1f.7,2 "$PLUGIN"
check "sixteen buffers of a device" 0 "ok 1 - all-to-all 8 ranks" "${data[@]}" --ranks 8 --only all-to-all --device fake0,2 "$PLUGIN"
check "a device by address" 0 "ok 2 - reduce-scatter" TPHBUF_NET_COPY="$COPY" "${data[@]}" --only reduce-scatter --device-memory --device fake0,2 "$PLUGIN"
check "whose dma-buf a library knows" 0 "ok 2 - reduce-scatter" TPHBUF_NET_MEMORY="$RANGES" "${data[@]}" --only reduce-scatter --device-memory \
	--device fake0,2 "$PLUGIN"

check "memory that is revoked" 0 "ok 1 - C26 revoked memory becomes an error" --no-data --only C26 --device fake0,2 "$PLUGIN"
[[ $said != *SKIP* ]]
tap $? "is tested" "$said"
check "broken C26 fails" 1 "# a message into revoked memory is done without an error" BROKEN=C26 --no-data --only C26 --device fake0,2 "$BROKEN_SO"
for fault in revoke reset; do
	check "$fault" 0 "ok 1 - $fault during an all-reduce: an error at each of 3 ranks" --no-points --no-data --faults --only $fault --ranks 3 \
		--device fake0,2 "$PLUGIN"
	[[ $said != *SKIP* && $said =~ "# $fault: errors after "[0-9]+\ [0-9]+\ [0-9]+" ms, by rank" ]]
	tap $? "gives each rank an error" "$said"
done
check "a reset that cannot be" 1 "not ok 1 - reset during an all-reduce" FAKE_NO_RESET=1 --no-points --no-data --faults --only reset --device fake0,2 "$PLUGIN"
[[ $said =~ "# rank "[01]": reset:" && $said != *"no error within"* ]]
tap $? "ends at once, with its reason" "$said"
# The loop back end cannot notice it.
check "a new tag" 1 "not ok 1 - re-tag during an all-reduce" --timeout 6 --no-points --no-data --faults --only re-tag --device fake0,2 "$PLUGIN"
said=$(uniq "$FAKE_LOG" | tail -3)
[ "$said" = "fake0 tag st=0xee,xst=0xeeee,ph=3
fake0 memory off
fake0 memory on" ]
tap $? "is set on each buffer before the memory is off and on" "$said"
tap_plan
exit $bad
