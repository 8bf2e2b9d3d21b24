# SPDX-License-Identifier: MIT
# What an MR and its tag do when the device goes away under them, or the tag changes at a bad moment.

test_device_closed_with_live_mr() { both device_close idle; }
test_device_closed_under_traffic() { both device_close under_traffic; }
test_reset_by_vfio_under_traffic() { both reset_ops vfio; }
test_memory_off_under_traffic() { both reset_ops memory_off; }
test_reset_by_sysfs_under_traffic() { both reset_ops sysfs; }
# mlx5_ib says "mkey" each time it makes one for a dma-buf: more often than there are registrations, as those that
# meet a changed tag when they map start over.
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
