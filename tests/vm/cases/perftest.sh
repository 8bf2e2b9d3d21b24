# SPDX-License-Identifier: MIT
# perftest with the vfio memory type: refuses what it cannot do, in any order of options.

# A server that fails once a client connects: what it says, and that it fails.
server_fails() { # TEXT SERVER_OPTION...
	local text=$1 out=/tmp/server.out
	shift
	timeout 30 ib_write_bw -F -s 64 -n 5 -p 18601 "$@" >$out 2>&1 &
	sleep 1
	timeout 30 ib_write_bw -F -s 64 -n 5 -p 18601 -d "$nic_ext" 127.0.0.1 >/dev/null 2>&1 || true
	if wait $!; then echo "the server did not fail"; return 1; fi
	cat $out
	grep -qiE "$text" $out
}

test_tag_that_cannot_be_applied_is_an_error() {
	server_fails 'not (used|applied)|namespace' -d "$nic_8bit" --vfio_st_ext=0x1234 --use_vfio="$endpoint" --vfio_bar=2
}

test_payload_check_finds_differences() {
	PARTS=differences bash /opt/tphbuf/usr/lib/perftest/traffic.sh /opt/tphbuf/usr/bin \
		"-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2 --vfio_st=0x5a --vfio_ph=2" "-d $nic_ext" 127.0.0.1
}
