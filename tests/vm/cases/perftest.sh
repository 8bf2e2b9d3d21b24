# SPDX-License-Identifier: MIT
# perftest with the vfio memory type: refuses what it cannot do, in any order of options.

test_tag_that_cannot_be_applied_is_an_error() {
	perftest_server_fails 'not (used|applied)|namespace' -d "$nic_8bit" --vfio_st_ext=0x1234 --use_vfio="$endpoint" --vfio_bar=2
}

test_payload_check_finds_differences() {
	PARTS=differences bash /opt/tphbuf/usr/lib/perftest/traffic.sh /opt/tphbuf/usr/bin \
		"-d $nic_8bit --use_vfio=$endpoint --vfio_bar=2 --vfio_st=0x5a --vfio_ph=2" "-d $nic_ext" 127.0.0.1
}
