#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demo's judges (demo/judge.jq, demo/all_reduce.jq) must refuse every kind of defective run: one good run, then one
# defect each. TAP.
. "$(dirname "$0")/tap.sh"

good_request='{"name": "r", "tool": "ib_write_bw", "msg_bytes": 8, "side": "server", "requested": {"width": 8, "st": "0x5a", "ph": 2}}'
good_side='{"test_info": {"payload_ok": true}, "results": {"BW_average": 1.5}}'
good_tally='{"writes": 10, "writes_tagged": 10, "tags": [{"kind": "write", "width": 8, "st": "0x5a", "ph": 2, "count": 10}]}'

# judge NAME WANT(true|false) [VARIABLE=VALUE]...
judge() {
	local name=$1 want=$2 got
	local request=$good_request server=$good_side client=$good_side tally=$good_tally server_rc=0 client_rc=0
	shift 2
	local "$@"
	got=$(jq -n --slurpfile request <(echo "$request") --argjson server "$server" --argjson client "$client" \
		--argjson tally "$tally" --arg server_rc "$server_rc" --arg client_rc "$client_rc" -f "$TOP/demo/judge.jq" | jq .ok)
	same "$name" "$got" "$want"
}

untagged_request=$(jq -c '.requested = null' <<<"$good_request")
untagged_tally='{"writes": 10, "writes_tagged": 0, "tags": []}'
no_payload='{"test_info": {"payload_ok": false}, "results": {}}'

judge "a good tagged run passes" true x=
judge "a good untagged run passes" true request="$untagged_request" tally="$untagged_tally"
judge "server failed" false server_rc=1
judge "client failed" false client_rc=124
judge "server status missing" false server_rc=
judge "no counters" false tally=null
judge "no write arrived" false tally='{"writes": 0, "writes_tagged": 0, "tags": []}'
judge "one write without hint" false tally="$(jq -c '.writes = 11' <<<"$good_tally")"
judge "wrong tag" false tally="$(jq -c '.tags[0].st = "0x5b"' <<<"$good_tally")"
judge "the tag in decimal" false tally="$(jq -c '.tags[0].st = 90' <<<"$good_tally")"
judge "wrong hint" false tally="$(jq -c '.tags[0].ph = 1' <<<"$good_tally")"
judge "wrong width" false tally="$(jq -c '.tags[0].width = 16' <<<"$good_tally")"
judge "a second tag" false tally="$(jq -c '.tags += [.tags[0] + {st: "0x1"}]' <<<"$good_tally")"
judge "a hint without a request" false request="$untagged_request"
judge "no bandwidth" false client="$(jq -c '.results.BW_average = 0' <<<"$good_side")"
judge "payload differs" false server="$no_payload" client="$no_payload"
judge "payload not compared" false server=null client=null

sum_request='{"ranks": 2, "block_bytes": 8192, "requested": [{"width": 16, "st": "0x1234", "ph": 2}, {"width": 8, "st": "0x21", "ph": 1}]}'
sum_tally='{"writes": 128, "writes_tagged": 128, "tags": [{"kind": "write", "width": 8, "st": "0x21", "ph": 1, "count": 64},
	{"kind": "write", "width": 16, "st": "0x1234", "ph": 2, "count": 64}, {"kind": "read", "width": 8, "st": "0x21", "ph": 1, "count": 9}]}'
sum_tap='ok 1 - all-reduce 2 ranks, 8192 bytes of each
1..1'

# judge_sum NAME WANT(true|false) [VARIABLE=VALUE]...: the same for the all-reduce
judge_sum() {
	local name=$1 want=$2 got
	local request=$sum_request tally=$sum_tally tap=$sum_tap rc=0
	shift 2
	local "$@"
	got=$(jq -n --slurpfile request <(echo "$request") --argjson tally "$tally" --arg tap "$tap" --arg rc "$rc" \
		-f "$TOP/demo/all_reduce.jq" | jq .ok)
	same "all-reduce: $name" "$got" "$want"
}

judge_sum "a good run passes" true x=
judge_sum "the program failed" false rc=1
judge_sum "status missing" false rc=
judge_sum "a sum is wrong" false tap="not $sum_tap"
judge_sum "nothing was compared" false tap="1..0"
judge_sum "another test ran" false tap="ok 1 - point-to-point 2 ranks, 8192 bytes of each"
judge_sum "skipped" false tap="ok 1 - all-reduce 2 ranks # SKIP no device"
judge_sum "no counters" false tally=null
judge_sum "no write arrived" false tally='{"writes": 0, "writes_tagged": 0, "tags": []}'
judge_sum "one write without hint" false tally="$(jq -c '.writes = 129' <<<"$sum_tally")"
judge_sum "a rank with the other's tag" false tally="$(jq -c 'del(.tags[0])' <<<"$sum_tally")"
judge_sum "a third tag" false tally="$(jq -c '.tags += [.tags[0] + {st: "0x22"}]' <<<"$sum_tally")"
judge_sum "wrong hint" false tally="$(jq -c '.tags[0].ph = 2' <<<"$sum_tally")"
judge_sum "wrong width" false tally="$(jq -c '.tags[0].width = 16' <<<"$sum_tally")"
judge_sum "too few writes for the data" false tally="$(jq -c '.tags[0].count = 3' <<<"$sum_tally")"
exit $bad
