# SPDX-License-Identifier: MIT
# Random operations, and a check for leaks. STRESS_SECONDS and SEED come from the boot (kernel arguments).

vfio_buffers() { grep -c vfio /sys/kernel/debug/dma_buf/bufinfo || true; }

test_everything_at_random() {
	equal "buffers before" "$(vfio_buffers)" 0
	stress "$endpoint" "$nic_8bit" "$nic_ext" "${STRESS_SECONDS:-20}" "${SEED:-}"
	equal "leaked buffers" "$(vfio_buffers)" 0
}

test_all_operations_work_afterwards() {
	bar_ops two_tags "$endpoint" "$nic_ext" "$nic_8bit" ext
	bar_ops revoke "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}
