#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demo's judge (demo/judge.jq) must refuse every kind of defective run: one good run, then one
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
exit $bad
