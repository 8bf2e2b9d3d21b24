#!/bin/bash
# SPDX-License-Identifier: MIT
# All NICs and endpoints of the fabric at the same time, 64 queue pairs each: large.sh ITERATIONS
# Endpoint N is written through NIC N and by NIC N + 1, with a tag of its own; its tally must have that tag and nothing
# else. Prints the bytes and the time of all together.
. /opt/tphbuf/rig/lib.sh

iterations=${1:-20} size=65536 qps=64
fail() { echo "BENCH: FAILED: $*"; exit 1; }

listening_all() { local n; for n in "${!eps[@]}"; do listening $((23000 + n)) || return 1; done; }

# tag N: options of perftest, and the row that the tally must have
tag() {
	if [ $(($1 % ${#ibs[@]} % 2)) = 0 ]; then # NICs alternate: Extended TPH, 8-bit TPH
		options=(--vfio_st_ext=$((0x1000 + $1)) --vfio_ph=2)
		row=$(printf '"width": 16, "st": "0x%x", "ph": 2' $((0x1000 + $1)))
	else
		options=(--vfio_st=$((0x40 + $1)) --vfio_ph=1)
		row=$(printf '"width": 8, "st": "0x%x", "ph": 1' $((0x40 + $1)))
	fi
}
perftest() { # N OPTION...
	timeout 600 ib_write_bw -F -q $qps -s $size -n "$iterations" -p $((23000 + $1)) "${@:2}" >"/srv/$1.${role}.log" 2>&1
}

load_mlx5 && load_vfio || fail "drivers"
eps=($(endpoints))
for bdf in "${eps[@]}"; do
	bind_vfio "$bdf" || fail "vfio-pci"
	fabric-tally "$bdf" --clear >/dev/null || fail "fabric-tally"
done
for bdf in $(nics); do wait_for 60 port_active "$(ib_of "$bdf")" || fail "port"; ibs+=("$(ib_of "$bdf")"); done
ip link set lo up
echo "BENCH: ${#ibs[@]} NICs, ${#eps[@]} endpoints, $qps queue pairs for each"

for n in "${!eps[@]}"; do
	tag "$n"
	role=server perftest "$n" -d "${ibs[n % ${#ibs[@]}]}" --use_vfio="${eps[n]}" --vfio_bar=2 "${options[@]}" &
	servers+=($!)
done
wait_for 300 listening_all || fail "servers"
start=${EPOCHREALTIME/./}
for n in "${!eps[@]}"; do
	role=client perftest "$n" -d "${ibs[(n + 1) % ${#ibs[@]}]}" 127.0.0.1 &
	clients+=($!)
done
for pid in "${clients[@]}"; do wait "$pid" || fail "a client"; done
us=$((${EPOCHREALTIME/./} - start))
for pid in "${servers[@]}"; do wait "$pid" || fail "a server"; done

for n in "${!eps[@]}"; do
	tag "$n"
	fabric-tally "${eps[n]}" >"/srv/tally.$n" || fail "fabric-tally"
	[ "$(grep -o '"width": [^}]*"ph": [0-3]' "/srv/tally.$n")" = "$row" ] || fail "endpoint $n: $(cat "/srv/tally.$n")"
	writes=$(sed -n 's/.*"writes": \([0-9]*\), "writes_tagged": \([0-9]*\),.*/\1 \2/p' "/srv/tally.$n")
	[ "${writes% *}" = "${writes#* }" ] && [ "${writes% *}" -gt 0 ] || fail "endpoint $n: $writes"
done
bytes=$((iterations * size * qps * ${#eps[@]}))
echo "BENCH: tags exact; $((bytes >> 20)) MiB in $((us / 1000)) ms with the connections, $((bytes / us)) MB/s"
grep -h '^ 65536' /srv/*.client.log | awk '{ sum += $4 } END { printf "BENCH: sum of the rates reported by perftest: %.0f MiB/s\n", sum }'
