#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Judge the runs of one demo VM and report: a table on the terminal, JSON in a file.
#   report.sh VM_FOLDER OUT.json
# A run is ok when both sides of perftest ended with 0, the payload compared equal, TLPs arrived, and
# every one of them carried exactly the requested tag (no hint if none was requested). The all-reduce is ok when every sum
# is right and every TLP carried the tag of the rank that it was sent to.
. "$(dirname "$0")/../kernel/tools/all-series.sh"
. "$TOP/rig/lib/qemu.sh"
vm=$1 out=$2

subjects() {
	local name
	for name in $(series_patches); do
		sed -n '/^Subject: /{s/^Subject: \[[^]]*\] //;h;:next;n;/^ /{H;b next};x;s/\n//g;p;q}' "$TOP/kernel/$name"
	done | jq -R . | jq -s .
}

runs() {
	local dir
	for dir in "$vm"/out/runs/*/; do
		jq -n --slurpfile request "$dir/request.json" \
			--argjson server "$(json_or_null "$dir/server.json")" \
			--argjson client "$(json_or_null "$dir/client.json")" \
			--argjson tally "$(json_or_null "$dir/tally.json")" \
			--arg server_rc "$(cat "$dir/server.rc" 2>/dev/null)" \
			--arg client_rc "$(cat "$dir/client.rc" 2>/dev/null)" -f "$TOP/demo/judge.jq"
	done | jq -s .
}

all_reduce() {
	jq -n --slurpfile request "$vm/out/all-reduce/request.json" --argjson tally "$(json_or_null "$vm/out/all-reduce/tally.json")" \
		--rawfile tap "$vm/out/all-reduce/tap" --arg rc "$(cat "$vm/out/all-reduce/rc")" -f "$TOP/demo/all_reduce.jq"
}

json_or_null() { jq -e . "$1" 2>/dev/null || echo null; }

accel=$(accelerator)
jq -n --arg kernel "$(cat "$vm/out/kernel")" --argjson series "$(subjects)" --arg qemu "$(qemu_version)" \
	--arg accel "${accel%%,*}" --argjson runs "$(runs)" \
	--argjson all_reduce "$(all_reduce)" --slurpfile register "$vm/out/register.json" \
	--slurpfile topology <(cat "$vm"/out/topo-*.json) '
	($register[0] | .ok and .tag.text == "st=0x5a,ph=2" and .applied.state == "yes" and .applied.tag.text == .tag.text) as $registered
	| {kernel: $kernel, series: $series, qemu: $qemu, accel: $accel,
	 note: "bandwidth and latency: fabric model, not NIC performance",
	 topology: $topology, register: $register[0], registered_ok: $registered, runs: $runs, all_reduce: $all_reduce,
	 ok: ($registered and ($runs | length) > 0 and ($runs | all(.ok)) and $all_reduce.ok)}' >"$out"

jq -r '
	def pad(n): tostring | . + (" " * ([n - length, 0] | max));
	def lpad(n): tostring | (" " * ([n - length, 0] | max)) + .;
	"kernel \(.kernel) with \(.series | length) patches, QEMU \(.qemu), \(.accel); bandwidth: fabric model, not NIC performance",
	"",
	("run" | pad(30)) + ("MB/s" | lpad(9)) + ("us" | lpad(8)) + ("TLPs" | lpad(9)) + ("tagged" | lpad(9)) + "  " + ("tags seen" | pad(24)) + "payload  verdict",
	(.runs[] |
	 (.name | pad(30)) + ((.bw_MBps // "") | lpad(9)) + ((.lat_us // "") | lpad(8)) + (.tlps_to_bar | lpad(9)) + (.tlps_tagged | lpad(9)) + "  " +
	 ((if (.tags | length) == 0 then "none" else (.tags | map("\(.width)-bit \(.st) ph \(.ph)") | join("; ")) end) | pad(24)) +
	 ((if .payload_ok then "equal" else "NOT OK" end) | pad(9)) + (if .ok then "ok" else "FAILED: " + (.why | join("; ")) end)),
	"",
	(.all_reduce |
	 "\(.name): \(.tlps_to_bar) TLPs, tags seen \(.tags | map("\(.width)-bit \(.st) ph \(.ph)") | join("; ")), " +
	 (if .ok then "every sum right, ok" else "FAILED: " + (.why | join("; ")) end)),
	"",
	(if .ok then "every untagged run without a hint, every tagged run with exactly its tag"
	 else "FAILED: " + ((if .registered_ok then [] else ["the registration of step 3"] end) + [(.runs[], .all_reduce) | select(.ok | not) | .name] | join(", ")) end)' "$out"
"$TOP/benchmarks/report/page.py" "$(dirname "$out")"
say "report: ${out#"$TOP"/}, $(dirname "${out#"$TOP"/}")/index.html"
jq -e .ok "$out" >/dev/null || die "the demo failed; see the runs above and ${out#"$TOP"/}"
