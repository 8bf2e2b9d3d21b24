# SPDX-License-Identifier: MIT
# One perftest run between the two NICs with the endpoint's BAR as one side's buffer. Source it after
# rig/lib.sh with $endpoint, $nic_ext and $nic_8bit set.

run_number=0
run_port=20000

iterations() { # TOOL SIZE: enough for a stable figure, few enough for a guest without hardware virtualisation
	if [ "$2" -ge 1048576 ]; then echo 200
	elif [ "$2" -ge 65536 ]; then echo 1000
	else echo 2000; fi
}

tag_options() { # none | WIDTH:ST:PH
	local width st ph
	[ "$1" != none ] || return 0
	IFS=: read -r width st ph <<<"$1"
	case $width in
	8) echo "--vfio_st=$st --vfio_ph=$ph" ;;
	16) echo "--vfio_st_ext=$st --vfio_ph=$ph" ;;
	esac
}

tag_json() { # none | WIDTH:ST:PH
	local width st ph
	[ "$1" != none ] || { echo null; return; }
	IFS=: read -r width st ph <<<"$1"
	printf '{"width": %d, "st": "0x%x", "ph": %d}' "$width" "$((st))" "$((ph))"
}


# perf_run ARGUMENTS...: perf_once, repeated (at most twice) if perftest could not calibrate its
# clock and printed a bandwidth of zero or infinity for correct transfers.
perf_run() {
	local try
	for try in 1 2 3; do
		perf_once "$@"
		grep -qE '"(BW_average|t_typical)" *: *"?(0\.00|inf|-?nan)' "$run_dir/client.json" 2>/dev/null || return 0
		[ "$try" = 3 ] || echo "STORY: run $run_number: perftest could not calibrate its clock, repeating"
		run_number=$((run_number - 1))
	done
	run_number=$((run_number + 1))
}

# perf_once TOOL SIZE SIDE NIC TAG: SIDE (server or client) has the BAR as buffer, on NIC; the other side has
# host memory on the other NIC. The endpoint's counters are zero before and after. Leaves request.json,
# {server,client}.{json,log,rc}, tally.json.
perf_once() {
	local tool=$1 size=$2 side=$3 nic=$4 tag=$5 name dir other common bar server_args client_args
	run_number=$((run_number + 1))
	run_port=$((run_port + 1))
	name=$(printf '%s-%s-%s' "$tool" "$size" "${tag//:/-}")
	dir=/srv/runs/$(printf '%02d-%s' "$run_number" "$name")
	run_dir=$dir
	rm -rf "$dir"
	mkdir -p "$dir"
	printf '{"name": "%s", "tool": "ib_%s", "msg_bytes": %d, "iterations": %d, "side": "%s", "requested": %s}\n' \
		"$name" "$tool" "$size" "$(iterations "$tool" "$size")" "$side" "$(tag_json "$tag")" >"$dir/request.json"
	[ "$nic" = "$nic_8bit" ] && other=$nic_ext || other=$nic_8bit
	common="-F -s $size -n $(iterations "$tool" "$size") -p $run_port --verify_payload --out_json"
	bar="-d $nic --use_vfio=$endpoint --vfio_bar=2 --vfio_offset=0x100000 $(tag_options "$tag")"
	if [ "$side" = server ]; then
		server_args=$bar client_args="-d $other"
	else
		server_args="-d $other" client_args=$bar
	fi
	(
		timeout 150 ib_"$tool" $common $server_args --out_json_file="$dir/server.json" >"$dir/server.log" 2>&1
		echo $? >"$dir/server.rc"
	) &
	wait_for 10 listening "$run_port"
	timeout 150 ib_"$tool" $common $client_args --out_json_file="$dir/client.json" 127.0.0.1 >"$dir/client.log" 2>&1
	echo $? >"$dir/client.rc"
	wait $!
	fabric-tally "$endpoint" --take >"$dir/tally.json"
	echo "STORY: run $run_number $name: exit $(cat "$dir/server.rc")/$(cat "$dir/client.rc")"
}
