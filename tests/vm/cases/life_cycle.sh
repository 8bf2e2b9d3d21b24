# SPDX-License-Identifier: MIT
# What an MR and its tag do when the device goes away under them, or the tag changes at a bad moment.

both() { # PROGRAM TEST
	"$1" "$2" "$endpoint" "$nic_ext" "$nic_8bit" ext
	"$1" "$2" "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

test_device_closed_with_live_mr() { both device_close idle; }
test_device_closed_under_traffic() { both device_close under_traffic; }
test_reset_by_vfio_under_traffic() { both reset_ops vfio; }
test_memory_off_under_traffic() { both reset_ops memory_off; }
test_reset_by_sysfs_under_traffic() { both reset_ops sysfs; }
test_set_races_with_registration() { both set_race register; }
test_set_races_with_page_faults() { both set_race fault; }

test_open_races_with_reset() { open_race "$endpoint" ext; }

test_rereg_is_refused() {
	both rereg host_memory
	both rereg tagged
	both rereg untagged
}
