#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make bench: figures as ratios of two sides measured in turn (A B B A), with a 95 % interval; a target is met only if
# the interval lies on its right side. Costs that can be counted are counted. Writes build/report/bench.json.
#   PAIRS=N      pairs of each timed figure (10)
#   PARTS="rxe bar"   measure these parts only; the report keeps what runs before have measured of the others
# The parts, with the seconds each takes on two idle cores, and whether they need an idle machine:
#   rxe siw bar net host   timed in a VM (host: without VM); need one
#   large                  timed; a throughput without target
#   count scale dma        instructions are counted: any machine will do
# Figures are those of the fabric model under QEMU; they are not NIC performance.
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/demo/fabric.sh"
. "$TOP/rig/lib/apt.sh"

ALL="rxe siw bar net host large count scale dma"
parts=${PARTS:-$ALL} pairs=${PAIRS:-10}
values=$BUILD/report/bench # one file for each part: how it was measured, and its values

# The guest asks for a copy by a file, so that it falls between two of the guest's measurements. The copy has the fabric's
# priority.
answer_guest() { # FOLDER
	local number=1 first=()
	! chrt -f 1 true 2>/dev/null || first=(chrt -f 1)
	while sleep 0.02; do
		[ -e "$1/ask.$number" ] || continue
		${first[@]+"${first[@]}"} "$BUILD/host/benchmarks/noise" copy >"$1/answer.part"
		mv "$1/answer.part" "$1/answer.$number"
		number=$((number + 1))
	done
}

in_vm() { # PART SECONDS SCRIPT [ARG...]
	"$TOP/rig/vm.sh" -n "bench-$1" -d "$2" "${DEMO_FABRIC[@]/#/-f}" "${@:3}" && cp "$BUILD/vm/bench-$1/out/values" "$new"
}

part_rxe() { in_vm rxe 1200 bench/bench.sh "$pairs" rxe; }
part_siw() { in_vm siw 1200 bench/bench.sh "$pairs" siw; }
part_bar() {
	local helper status=0
	rm -rf "$BUILD/vm/bench-bar/out"
	answer_guest "$BUILD/vm/bench-bar/out" &
	helper=$!
	in_vm bar 1200 bench/bench.sh "$pairs" bar || status=$?
	kill "$helper"
	return "$status"
}
part_net() { in_vm net 2400 bench/net.sh "$pairs"; }

# instructions of N requests by fab_dma(), start of the program included
dma_instructions() { # KIND N
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$BUILD/host/benchmarks/fab_dma" "$1" "$2" 2>&1 |
		sed -n 's/.*Collected : //p'
}
part_dma() {
	local side kind
	host_packages valgrind >&2 || return
	for _ in 1 2 3 4 5 6; do
		for side in "ours tagged" "peer untagged"; do
			kind=${side#* }
			say "dma.count ${side% *} $((($(dma_instructions "$kind" 2000) - $(dma_instructions "$kind" 1000)) / 1000))"
		done
	done >"$new"
}

# The shares of the library and of a tag are smaller than the variation between registrations, so instructions are
# counted, in a guest whose clock counts them.
counted() { # PART SECONDS SCRIPT [ARG...]
	ACCEL=tcg,thread=single in_vm "$1" "$2" -q -icount -q shift=0,sleep=off "${@:3}"
}
part_count() { counted count 1500 bench/count.sh; }
part_scale() {
	counted scale 1500 bench/scale.sh 10000 100 && said_by_guest scale
}

# 4 NICs and 8 endpoints, each below a switch of a second level. Functions below one such switch share an IOMMU group, so
# that one process would have to own all its endpoints.
part_large() {
	local fabric=() n
	for n in 0 1 2 3; do fabric+=("-f--nic=nic$n,lid=$((n + 1)),tph=$([ $((n % 2)) = 0 ] && echo ext || echo 8bit)"); done
	for n in 0 1 2 3 4 5 6 7; do fabric+=("-f--endpoint=ep$n,bar-mb=16,completer=ext"); done
	"$TOP/rig/vm.sh" -n bench-large -d 1500 -m 2G -l 1 "${fabric[@]}" bench/large.sh && said_by_guest large
}

# Without VM and without peer: what is printed stands in the report as text.
part_host() {
	{
		"$TOP/benchmarks/list.sh" "$BUILD/host/userspace/cli/tphbuf" &&
			"$BUILD/host/benchmarks/registry_lookup" &&
			"$BUILD/host/benchmarks/fab_dma" &&
			"$BUILD/host/benchmarks/fab_rc" &&
			{ "$BUILD/host/benchmarks/fab_doorbell" || say "doorbells by socket: not measured"; }
	} | sed 's/^/said /' >"$new"
}

said_by_guest() { # PART: its lines without a peer
	tr -d '\r' <"$BUILD/vm/bench-$1/console.log" | sed -n 's/^BENCH: /said /p' >>"$new"
}

# Which commit was measured, when, and how busy the machine was before: the first line of a part's file
head_line() {
	local commit
	commit=$(git -C "$TOP" describe --always --dirty 2>/dev/null) || commit=unknown
	say "measured $commit $(date -u +%Y-%m-%dT%H:%MZ) $(cut -d ' ' -f 1 /proc/loadavg)"
}

# Runs in the condition of stage(), where errexit is off.
measure() { # PART
	local head
	head=$(head_line)
	new=$BUILD/log/bench-$1.values
	rm -f "$new"
	"part_$1" || return
	{ say "$head" && cat "$new"; } >"$values/$1"
}

arguments 0 0 "(PAIRS and PARTS are variables)" "$@"
whole_number PAIRS "$pairs" 1 10000
for part in $parts; do one_of PART "$part" $ALL; done
set -- $parts
total=$(($# + 5))
"$TOP/rig/all.sh" $#
"$TOP/rig/configure.sh" host >/dev/null
meson compile -C "$BUILD/host" >/dev/null
mkdir -p "$values"
number=5
for part in $parts; do
	number=$((number + 1))
	stage "$number/$total" "measurements: $part" measure "$part"
done

"$TOP/benchmarks/report/bench.py" "$values" >"$BUILD/report/bench.json"
"$TOP/benchmarks/report/page.py" "$BUILD/report"
status=0
"$TOP/benchmarks/report/bench.py" --text <"$BUILD/report/bench.json" || status=$?
say "report: build/report/bench.json, index.html"
case $status in
0) ;;
3) say "no target was missed, but not all are shown: repeat on an idle machine, with more PAIRS" && exit 3 ;;
*) die "a target was missed; the lines above with MISSED name it" ;;
esac
