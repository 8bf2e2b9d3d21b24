#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make bench: figures as ratios of two sides measured in turn (A B B A), with a 95 % interval; a target is met only if
# the interval lies on its right side. Costs that can be counted are counted. Writes build/report/bench.json.
#   PAIRS=N    pairs of each timed figure (10)
# Figures are those of the fabric model under QEMU; they are not NIC performance.
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/demo/fabric.sh"
. "$TOP/rig/lib/apt.sh"

out=$BUILD/vm/bench/out

# The guest asks for a copy by a file, so that it falls between two of the guest's measurements.
answer_guest() {
	local number=1
	while sleep 0.02; do
		[ -e "$out/ask.$number" ] || continue
		"$BUILD/host/benchmarks/noise" copy >"$out/answer.part"
		mv "$out/answer.part" "$out/answer.$number"
		number=$((number + 1))
	done
}

timed() {
	local helper status=0
	rm -rf "$out"
	answer_guest &
	helper=$!
	"$TOP/rig/vm.sh" -n bench -d 2400 "${DEMO_FABRIC[@]/#/-f}" bench/bench.sh "${PAIRS:-10}" || status=$?
	kill "$helper"
	return "$status"
}

# instructions of N requests by fab_dma(), start of the program included
dma_instructions() { # KIND N
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$BUILD/host/benchmarks/fab_dma" "$1" "$2" 2>&1 |
		sed -n 's/.*Collected : //p'
}
counted_dma() {
	local side kind
	for _ in 1 2 3 4 5 6; do
		for side in "ours tagged" "peer untagged"; do
			kind=${side#* }
			say "dma.count ${side% *} $((($(dma_instructions "$kind" 2000) - $(dma_instructions "$kind" 1000)) / 1000))"
		done
	done >"$BUILD/report/dma-count"
}

# counted NAME SECONDS SCRIPT [ARG...]: in a guest whose clock counts instructions
counted() {
	ACCEL=tcg,thread=single "$TOP/rig/vm.sh" -n "$1" -d "$2" "${DEMO_FABRIC[@]/#/-f}" -q -icount -q shift=0,sleep=off "${@:3}"
}

# 4 NICs and 8 endpoints, each below a switch of a second level. Functions below one such switch share an IOMMU group, so
# that one process would have to own all its endpoints.
large() {
	local fabric=() n
	for n in 0 1 2 3; do fabric+=("-f--nic=nic$n,lid=$((n + 1)),tph=$([ $((n % 2)) = 0 ] && echo ext || echo 8bit)"); done
	for n in 0 1 2 3 4 5 6 7; do fabric+=("-f--endpoint=ep$n,bar-mb=16,completer=ext"); done
	"$TOP/rig/vm.sh" -n bench-large -d 1500 -m 2G -l 1 "${fabric[@]}" bench/large.sh
}

"$TOP/rig/all.sh" 6
host_packages valgrind >/dev/null
"$TOP/rig/configure.sh" host >/dev/null
meson compile -C "$BUILD/host" >/dev/null
mkdir -p "$BUILD/report"
stage 6/11 "measurements, in the VM" timed
stage 7/11 "NCCL's network plugin, in the VM" "$TOP/rig/vm.sh" -n bench-net -d 2400 "${DEMO_FABRIC[@]/#/-f}" \
	bench/net.sh "${PAIRS:-10}"
# The shares of the library and of a tag are smaller than the variation between registrations, so instructions are
# counted.
stage 8/11 "instructions of registrations" counted bench-count 1500 bench/count.sh
stage 9/11 "instructions of 10,000 registrations" counted bench-scale 1500 bench/scale.sh 10000 100
stage 10/11 "instructions of fab_dma()" counted_dma
stage 11/11 "4 NICs, 8 endpoints, 512 queue pairs, in the VM" large

"$TOP/benchmarks/report/bench.py" "$BUILD"/vm/bench{,-net,-count,-scale}/out/values "$BUILD/report/dma-count" >"$BUILD/report/bench.json"
"$TOP/benchmarks/report/page.py" "$BUILD/report"
status=0
"$TOP/benchmarks/report/bench.py" --text <"$BUILD/report/bench.json" || status=$?
say "on this host, without the model:"
"$TOP/benchmarks/list.sh" "$BUILD/host/userspace/cli/tphbuf"
"$BUILD/host/benchmarks/registry_lookup"
"$BUILD/host/benchmarks/fab_dma"
"$BUILD/host/benchmarks/fab_rc"
"$BUILD/host/benchmarks/fab_doorbell" || say "doorbells by socket: not measured"
say "in the VM:"
grep -h '^BENCH: ' "$BUILD"/vm/bench-{scale,large}/console.log | tr -d '\r' | sed 's/^BENCH: //'
say "report: build/report/bench.json, index.html"
case $status in
0) ;;
3) say "no target was missed, but not all are shown: repeat on an idle machine, with more PAIRS" && exit 3 ;;
*) die "a target was missed" ;;
esac
