# SPDX-License-Identifier: MIT
# What administrators' tools say about the NIC model: one firmware version, one subnet prefix, counters that
# count, datagrams that arrive; and no refused command in the kernel log.

fabric_nic_counter() { cat "/sys/class/infiniband/$nic_ext/ports/1/$1"; }

test_one_firmware_version() {
	expect_text 'fw_ver:[[:space:]]*0\.1\.0000' ibv_devinfo -d "$nic_ext"
	expect_text 'fw.version 0\.1\.0000' devlink dev info
	expect_text 'enable_sriov|name' devlink dev param show
}

test_subnet_prefix_is_that_of_gid_0() {
	expect_text "link $nic_ext/1 subnet_prefix fe80:0000:0000:0000" rdma link
}

test_datagrams_arrive_and_count() {
	local sent before
	sent=$(fabric_nic_counter counters/port_xmit_data)
	before=$(fabric_nic_counter counters/port_rcv_packets)
	timeout 150 ibv_ud_pingpong -d "$nic_8bit" -p 18600 -n 200 >/srv/ud.log 2>&1 &
	wait_for 10 listening 18600
	expect_text '200 iters' timeout 150 ibv_ud_pingpong -d "$nic_ext" -p 18600 -n 200 127.0.0.1
	wait $!
	[ "$(fabric_nic_counter counters/port_xmit_data)" -gt "$sent" ] || { note "port_xmit_data stands still"; return 1; }
	[ "$(fabric_nic_counter counters/port_rcv_packets)" -ge $((before + 200)) ] || { note "port_rcv_packets: less than 200 more"; return 1; }
}

test_statistics_exist() {
	expect_text 'rx_write_requests [0-9]' rdma statistic show
	[ -e "/sys/class/infiniband/$nic_ext/ports/1/hw_counters/out_of_buffer" ] || { note "no hw_counters"; return 1; }
}

test_no_command_was_refused() {
	if dmesg | grep -E 'ACCESS_REG|_CAP.*failed|COUNTER.*failed'; then return 1; fi
}
