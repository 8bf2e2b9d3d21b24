# SPDX-License-Identifier: MIT
# The NIC's driver is unbound while a process holds tagged MRs; after the next bind all works again.

holder= # process id of hold_mr

hold() { # NIC PEER ext|8bit
	rm -f /tmp/hold.in /tmp/hold.out
	mkfifo /tmp/hold.in
	hold_mr "$endpoint" "$1" "$2" "$3" </tmp/hold.in >/tmp/hold.out 2>&1 &
	holder=$!
	exec 3>/tmp/hold.in
	wait_for 30 grep -q ready /tmp/hold.out || { cat /tmp/hold.out; return 1; }
}

# Lets the holder deregister and exit.
release() {
	local rc=0
	exec 3>&-
	wait "$holder" || rc=$?
	cat /tmp/hold.out
	[ $rc = 0 ]
}

again() {
	local bdf
	for bdf in $(nics); do
		wait_for 20 has_ib "$bdf"
		wait_for 20 port_active "$(ib_of "$bdf")"
	done
	nic_ext=$(ib_of "$(nics | sed -n 1p)")
	nic_8bit=$(ib_of "$(nics | sed -n 2p)")
	bar_ops two_tags "$endpoint" "$nic_ext" "$nic_8bit" ext
	bar_ops two_tags "$endpoint" "$nic_8bit" "$nic_ext" 8bit
	# All entries of the table are free again.
	st_limits table_full "$endpoint" "$nic_ext" "$nic_8bit" ext
	st_limits table_full "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

unbind_under_mrs() { # BDF NIC PEER ext|8bit
	hold "$2" "$3" "$4"
	echo "$1" >/sys/bus/pci/drivers/mlx5_core/unbind
	release
	echo "$1" >/sys/bus/pci/drivers/mlx5_core/bind
}

test_unbind_with_live_mrs() {
	unbind_under_mrs "$(nics | sed -n 1p)" "$nic_ext" "$nic_8bit" ext
	again
	unbind_under_mrs "$(nics | sed -n 2p)" "$nic_8bit" "$nic_ext" 8bit
	again
}

test_rmmod_with_live_mrs() {
	hold "$nic_ext" "$nic_8bit" ext
	rmmod ib_umad mlx5_ib mlx5_core
	release
	load_mlx5
	again
}

test_rmmod_of_mlx5_ib_only() {
	hold "$nic_8bit" "$nic_ext" 8bit
	rmmod ib_umad mlx5_ib
	release
	load_mlx5
	again
}
