#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Libraries of a vendor in plugin and harness: sums, and device memory by its address. And a plugin that hides errors,
# which --faults must find.
#
#   hooks.sh CHECK PLUGIN SUM WRONG-SUM RANGES BROKEN    programs and libraries, built
set -u
CHECK=$1 PLUGIN=$(readlink -f "$2") SUM=$(readlink -f "$3") WRONG=$(readlink -f "$4") RANGES=$(readlink -f "$5")
BROKEN_SO=$(readlink -f "$6")
export TPHBUF_NET_BACKEND=loop NCCL_SOCKET_IFNAME=lo
. "$(dirname "$0")/../harness/tap.sh"

# result NAME WANT(ok|not ok) TEXT ENVIRONMENT... COMMAND...: the TAP line of the run's only test, and what the run says
result() {
	local name=$1 want=$2 text=$3 out
	shift 3
	out=$(env "$@" </dev/null 2>&1)
	grep -q "^$want 1 " <<<"$out" && grep -qF -- "$text" <<<"$out"
	tap $? "$name" "$out"
}

one() { # TEST ARGUMENTS...: one data test of the harness
	local test=$1
	shift
	echo "$CHECK" -v --no-points --only "$test" --bytes 65536 "$@" "$PLUGIN"
}

result "a library makes the sums" ok "" $(one all-reduce --reduce "$SUM")
result "a wrong sum of the library is noticed" "not ok" "element" $(one all-reduce --reduce "$WRONG")
result "device memory by address is refused without a library" "not ok" "set TPHBUF_NET_COPY" \
	$(one point-to-point --device-memory)
result "an address that the library does not know is refused" "not ok" "ranges does not know their dma-buf" \
	TPHBUF_NET_MEMORY="$RANGES" $(one point-to-point --device-memory)
result "a library that gives a file for a dma-buf is refused" "not ok" "not a dma-buf" \
	TPHBUF_NET_MEMORY="$RANGES" RANGES_FILE="$CHECK" $(one point-to-point --device-memory)
result "a library without the symbol is refused" "not ok" "does not define tphbuf_net_memory_v1" \
	TPHBUF_NET_MEMORY="$SUM" $(one point-to-point)
result "a plugin that hides a dead peer fails --faults" "not ok" "no end within 8 s" BROKEN=C24 BROKEN_BASE="$PLUGIN" \
	"$CHECK" --no-points --no-data --faults --only kill --timeout 8 "$BROKEN_SO"
traces=$(mktemp -d)
trap 'rm -rf "$traces"' EXIT
result "an all-reduce is recorded" "ok" "" TPHBUF_NET_TRACE="$traces/%p" $(one all-reduce)
result "another one is, into one file" "ok" "" TPHBUF_NET_TRACE="$traces/one" $(one all-to-all)
cat "$traces"/[0-9]* >"$traces/all"
result "its trace is played" "ok" "" "$CHECK" --replay "$traces/all" "$PLUGIN"
result "and so is the other one" "ok" "" "$CHECK" --replay "$traces/one" "$PLUGIN"
tap_plan
exit $bad
