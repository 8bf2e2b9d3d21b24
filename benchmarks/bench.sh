#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make bench: every figure is a ratio of two medians, measured in one boot (memcpy: on the host). Writes build/report/bench.json.
# Figures are those of the fabric model under QEMU; they are not NIC performance.
. "$(dirname "$0")/../rig/lib/common.sh"
. "$TOP/demo/fabric.sh"

"$TOP/rig/all.sh" 2
mkdir -p "$BUILD/report"
stage 6/7 "measurements, in the VM" "$TOP/rig/vm.sh" -n bench -d 900 "${DEMO_FABRIC[@]/#/-f}" bench/bench.sh "${ROUNDS:-5}"
stage +/7 "NCCL's network plugin, in the VM" "$TOP/rig/vm.sh" -n bench-net -d 900 "${DEMO_FABRIC[@]/#/-f}" bench/net.sh "${ROUNDS:-5}"
# The shares of the library and of a tag are smaller than the variation between registrations, so
# instructions are counted.
ACCEL=tcg,thread=single stage 7/7 "instructions of registrations" "$TOP/rig/vm.sh" -n bench-count -d 300 \
	"${DEMO_FABRIC[@]/#/-f}" -q -icount -q shift=0,sleep=off bench/count.sh

# The peer of the BAR row is a plain copy in a process of the host, as the fabric is one.
"$TOP/rig/configure.sh" host >/dev/null
meson compile -C "$BUILD/host" >/dev/null
for _ in $(seq "${ROUNDS:-5}"); do
	echo "memcpy $("$BUILD/host/benchmarks/fab_dma" --copy)"
done >>"$BUILD/vm/bench/out/values"

# name  ours  peer  unit  target  sense: min = ratio must reach the target, max = must not pass it
jq -n --rawfile values <(cat "$BUILD"/vm/bench{,-net,-count}/out/values) '
	def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
	($values | split("\n") | map(select(length > 0) | split(" ") | {name: .[0], value: (.[1] | tonumber)})
	 | group_by(.name) | map({(.[0].name): (map(.value) | median)}) | add
	 | .["lib.library"] = .["lib.raw"] + .["lib.extra"]
	 # A ring of two ranks moves 16 MiB in each direction and sums 8 MiB; us.
	 | .["net.allowed"] = 32e6 / .["net.write_bw_both"] + .["net.sum"]
	 # 2 us of a CPU with an instruction each ns
	 | .["net.post_limit"] = 2000) as $m
	| [["ib_write_bw 64 KiB host to host, fabric over rxe", "fabric.write_bw.64K", "rxe.write_bw.64K", "MB/s", 20, "min"],
	   ["ib_write_bw 4 KiB host to host, fabric over rxe", "fabric.write_bw.4K", "rxe.write_bw.4K", "MB/s", 5, "min"],
	   ["ib_write_lat 8 B typical, fabric over rxe", "fabric.write_lat.8", "rxe.write_lat.8", "us", 0.7, "max"],
	   ["ib_write_bw 1 MiB into the BAR over memcpy", "bar.untagged", "memcpy", "MB/s", 0.5, "min"],
	   ["ib_write_bw 1 MiB into the BAR, tagged over untagged", "bar.tagged", "bar.untagged", "MB/s", 0.98, "min"],
	   ["ibv_reg_dmabuf_mr, tagged over untagged", "reg.tagged", "reg.untagged", "1000 instructions", 1.03, "max"],
	   ["export + tag + register, library over raw calls", "lib.library", "lib.raw", "1000 instructions", 1.02, "max"],
	   ["NCCL plugin 1 MiB host to host, over ib_write_bw", "net.bw", "net.write_bw", "MiB/s", 0.9, "min"],
	   ["all-reduce 16 MiB of two ranks, allowed over taken", "net.allowed", "net.all_reduce", "us", 0.6, "min"],
	   ["NCCL plugin, isend with the loop back end", "net.post", "net.post_limit", "instructions", 1, "max"],
	   ["registration, last over first 1000 of 10,000", "net.register.last", "net.register.first", "1000 instructions", 1.2, "max"],
	   ["region of the cache, among 10,000 over among 1000", "net.hit.many", "net.hit.few", "1000 instructions", 1.2, "max"]]
	| map({name: .[0], ours: $m[.[1]], peer: $m[.[2]], unit: .[3], ratio: ($m[.[1]] / $m[.[2]]),
	       target: .[4], sense: .[5]} | .ok = (if .sense == "min" then .ratio >= .target else .ratio <= .target end))' \
	>"$BUILD/report/bench.json"

say "fabric model figures, not NIC performance; medians of ${ROUNDS:-5} rounds in one boot"
jq -r '.[] | [(.name + " " * (56 - (.name | length))), ((.ours * 100 | round / 100 | tostring) + " / " + (.peer * 100 | round / 100 | tostring) + " " + .unit),
	"ratio \(.ratio * 1000 | round / 1000)", "target \(if .sense == "min" then ">=" else "<=" end) \(.target)", (if .ok then "ok" else "MISSED" end)] | join("  ")' \
	"$BUILD/report/bench.json"
say "on this host, without the model:"
"$TOP/benchmarks/list.sh" "$BUILD/host/userspace/cli/tphbuf"
"$BUILD/host/benchmarks/registry_lookup"
"$BUILD/host/benchmarks/fab_dma"
say "report: build/report/bench.json"
jq -e 'all(.ok)' "$BUILD/report/bench.json" >/dev/null || die "a target was missed"
