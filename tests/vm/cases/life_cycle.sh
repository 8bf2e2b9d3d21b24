# SPDX-License-Identifier: MIT
# An MR and its tag when the device is reset or closed in use, or when the tag changes during
# registration.

test_device_closed_with_live_mr() { both device_close idle; }
test_device_closed_under_traffic() { both device_close under_traffic; }
test_reset_by_vfio_under_traffic() { both reset_ops vfio; }
test_memory_off_under_traffic() { both reset_ops memory_off; }
test_reset_by_sysfs_under_traffic() { both reset_ops sysfs; }
# mlx5_ib logs "mkey" for each mkey of a dma-buf: more often than once per registration, since a
# registration restarts when the tag has changed by the time of its mapping.
test_set_races_with_registration() {
	local control=/tmp/debugfs/dynamic_debug/control mark made asked
	mkdir -p /tmp/debugfs
	mount -t debugfs debugfs /tmp/debugfs
	echo 'func reg_user_mr_dmabuf format mkey +p' >$control
	for _ in 1 2 3 4 5; do # one round has about five restarts, rarely none
		mark=$(dmesg | wc -l)
		both set_race register >/tmp/race.out
		cat /tmp/race.out
		made=$(dmesg | tail -n +$((mark + 1)) | grep -c 'reg_user_mr_dmabuf.*mkey')
		asked=$(awk '{ sum += $1 } END { print sum }' /tmp/race.out)
		note "$asked registrations, $made mkeys"
		[ "$made" -le "$asked" ] || break
	done
	echo 'func reg_user_mr_dmabuf format mkey -p' >$control
	umount /tmp/debugfs
	[ "$made" -gt "$asked" ]
}

test_set_races_with_page_faults() { both set_race fault; }

test_open_races_with_reset() { open_race "$endpoint" ext; }

test_rereg_is_refused() {
	both rereg host_memory
	both rereg tagged
	both rereg untagged
}
