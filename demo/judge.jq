# SPDX-License-Identifier: MIT
# One run: the request, perftest's report, the completer's tally -> one entry of demo.json.
$request[0] as $r
| ($tally.writes // 0) as $writes
| ($tally.writes_tagged // 0) as $tagged
| [($tally.tags // [])[] | select(.kind == "write") | {width, st, ph, count}] as $tags
| (if $r.side == "client" then $client else $server end) as $receiver
| (if $r.tool | endswith("_lat") then "lat" else "bw" end) as $measure
# perftest counts in MiB/s
| (if $measure == "lat" then $client.results.t_typical else ($client.results.BW_average | if type == "number" then . * 1048.576 | round / 1000 else null end) end) as $figure
| ([($server.test_info.payload_ok // false), ($client.test_info.payload_ok // false)] | if $r.tool | endswith("_lat") then all else any end) as $payload
| [
	(if $server_rc != "0" then "server ended with \($server_rc)" else empty end),
	(if $client_rc != "0" then "client ended with \($client_rc)" else empty end),
	(if $tally == null then "no counters from the endpoint" else empty end),
	(if $writes == 0 then "no write TLP arrived at the BAR" else empty end),
	(if $r.requested == null and $tagged != 0 then "\($tagged) TLPs carry a hint that was not requested" else empty end),
	(if $r.requested != null and $tagged != $writes then "\($writes - $tagged) TLPs carry no hint" else empty end),
	(if $r.requested != null and ($tags | map({width, st, ph})) != [$r.requested] then "tags seen: \($tags | tojson)" else empty end),
	(if ($figure // 0) > 0 then empty else "perftest gave no figure" end),
	(if $payload then empty else "payload differs or was not compared" end)
  ] as $why
| {name: $r.name, tool: $r.tool, msg_bytes: $r.msg_bytes}
+ (if $measure == "lat" then {lat_us: $figure} else {bw_MBps: $figure} end)
+ {tlps_to_bar: $writes, tlps_tagged: $tagged, tags: $tags, requested: $r.requested,
   payload_ok: $payload, ok: ($why | length == 0), why: $why}
