# SPDX-License-Identifier: MIT
# Tagged writes until the host kills this guest (tests/guest-killed.sh).

test_traffic_until_the_end() {
	mkfifo /tmp/never
	hold_mr "$endpoint" "$nic_ext" "$nic_8bit" ext write </tmp/never >/tmp/hold.out 2>&1 &
	exec 3>/tmp/never
	wait_for 30 grep -q ready /tmp/hold.out || { cat /tmp/hold.out; return 1; }
	touch /srv/traffic
	sleep 60
	echo "nobody has killed the guest"
	return 1
}
