# SPDX-License-Identifier: MIT
# perftest with the vfio memory type: refuses what it cannot do, in any order of options.

test_tag_that_cannot_be_applied_is_an_error() {
	expect_fail '[0-9]+' 'applied' timeout 20 ib_write_bw -d "$nic_8bit" --vfio_st_ext=0x1234 --use_vfio="$endpoint" \
		--vfio_bar=2 -F -s 64 -n 5 -p 18601
}
