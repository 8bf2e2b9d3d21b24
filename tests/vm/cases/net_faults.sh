# SPDX-License-Identifier: MIT
# Faults during an all-reduce over tagged memory: a killed rank, memory switched off, resets, another tag. Each rank gets
# an error within 40 s and closes all it has; nothing hangs.
. /opt/tphbuf/tests/net.sh

DEVICES=(--device "$endpoint,2,st=0x5a,xst=0x1234,ph=2/st=0x21,xst=0x2121,ph=1"
	--device "$endpoint2,2,st=0x5b,xst=0x4321,ph=3/st=0x22,xst=0x2222,ph=0")

faults() { # ARGUMENTS...
	fabric-tally "$endpoint" --clear >/dev/null
	net_check TPHBUF_NET_TAG=require -- --no-points --no-data --faults --timeout 120 "$@" -v
	! grep '# SKIP' /tmp/net.tap || return 1
}

test_two_ranks() {
	faults "${DEVICES[@]:0:2}"
	only_tags "$endpoint" "16 0x1234 2" "8 0x21 1"
}

# The fault concerns the memory of ranks 0 and 1; ranks 2 and 3 learn of it by their connections.
test_four_ranks() {
	faults --ranks 4 "${DEVICES[@]}"
	only_tags "$endpoint" "16 0x1234 2" "8 0x21 1"
	only_tags "$endpoint2" "16 0x4321 3" "8 0x22 0"
}
