# SPDX-License-Identifier: MIT
# Failing allocations and user copies, one after the other (kernels with fault injection only).

# Allocations that may sleep fail too, without a message for each; the program selects the failing
# one.
inject() { # KIND
	local dir=/sys/kernel/debug/$1
	echo 0 >"$dir/verbose"
	for file in ignore-gfp-wait ignore-gfp-highmem cache-filter; do
		[ ! -e "$dir/$file" ] || echo N >"$dir/$file"
	done
	[ ! -e "$dir/min-order" ] || echo 0 >"$dir/min-order"
}

test_every_place_that_can_fail() {
	local kind
	for kind in failslab fail_page_alloc fail_usercopy; do inject $kind; done
	fail_nth "$endpoint" "$nic_8bit" "$nic_ext"
}

test_all_operations_work_afterwards() { bar_ops two_tags "$endpoint" "$nic_ext" "$nic_8bit" ext; }
