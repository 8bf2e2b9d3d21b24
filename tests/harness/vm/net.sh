# SPDX-License-Identifier: MIT
# For cases about NCCL's network plugin.

PLUGIN=/opt/tphbuf/usr/lib/libnccl-net-tphbuf.so

with_plugin() { # ENVIRONMENT... COMMAND...: by default the verbs back end, rendezvous on the loopback interface
	ip link set lo up
	env LD_LIBRARY_PATH=/opt/tphbuf/usr/lib TPHBUF_NET_BACKEND=verbs NCCL_SOCKET_IFNAME=lo "$@"
}

net_check() { # ENVIRONMENT... -- ARGUMENTS...: nccl-net-check on the plugin; its TAP must have no failure
	# 120 s for a test: a loaded machine is slow. A later --timeout counts.
	local vars=() status=0
	while [ "$1" != -- ]; do vars+=("$1"); shift; done
	shift
	with_plugin "${vars[@]}" nccl-net-check --timeout 120 "$@" $PLUGIN >/tmp/net.tap 2>&1 || status=$?
	cat /tmp/net.tap
	[ $status = 0 ] && grep -q '^ok 1 ' /tmp/net.tap
}

# only_tags BDF "WIDTH ST PH"...: writes have arrived at the endpoint's BAR, each of them carried one of these tags, and
# each tag was seen
only_tags() {
	local bdf=$1 tally seen
	shift
	tally=$(fabric-tally "$bdf")
	note "$tally"
	[[ $tally =~ \"writes\":\ ([0-9]+),\ \"writes_tagged\":\ ([0-9]+) ]] || return 1
	[ "${BASH_REMATCH[1]}" -gt 0 ] || { echo "no write arrived at $bdf"; return 1; }
	equal "tagged writes" "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}" || return 1
	seen=$(grep -o '"kind": "write"[^}]*' <<<"$tally" |
		sed -E 's/.*"width": ([0-9]+), "st": "(0x[0-9a-f]+)", "ph": ([0-9]).*/\1 \2 \3/' | sort)
	equal "tags of the writes" "$seen" "$(printf '%s\n' "$@" | sort)"
}
