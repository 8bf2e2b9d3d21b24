# SPDX-License-Identifier: MIT
# The ring all-reduce of the demo: the request, nccl-net-check's TAP, the completer's tally -> its entry of demo.json.
# A rank receives each block but its own twice, once to sum and once the sum.
$request[0] as $r
| (($r.ranks - 1) * 2 * $r.block_bytes) as $bytes
| ($tally.writes // 0) as $writes
| ($tally.writes_tagged // 0) as $tagged
| [($tally.tags // [])[] | select(.kind == "write") | {width, st, ph, count}] as $tags
| ($tap | split("\n") | map(select(test("^(not )?ok ")))) as $lines
| [
	(if $rc != "0" then "nccl-net-check ended with \($rc)" else empty end),
	(if ($lines | length) > 0 and ($lines | all(startswith("ok ") and contains("all-reduce") and (contains("# SKIP") | not)))
	 then empty else "a sum is wrong or was not compared" end),
	(if $tally == null then "no counters from the endpoint" else empty end),
	(if $tagged != $writes then "\($writes - $tagged) TLPs carry no hint" else empty end),
	(if ($tags | map({width, st, ph}) | sort) != ($r.requested | sort) then "tags seen: \($tags | tojson)" else empty end),
	# 4096 bytes are the largest payload of a TLP.
	($tags[] | select(.count * 4096 < $bytes) | "\(.count) TLPs with \(.st) are too few for \($bytes) bytes")
  ] as $why
| {name: "ring all-reduce, \($r.ranks) ranks, \($r.ranks * $r.block_bytes) bytes", tlps_to_bar: $writes, tlps_tagged: $tagged,
   tags: $tags, requested: $r.requested, ok: ($why | length == 0), why: $why}
