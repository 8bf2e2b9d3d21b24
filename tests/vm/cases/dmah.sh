# SPDX-License-Identifier: MIT
# DMA handles and dma-bufs, on the Extended NIC and on the 8-bit one.

both() {
	dmah_ops "$1" "$endpoint" "$nic_ext" "$nic_8bit" ext
	dmah_ops "$1" "$endpoint" "$nic_8bit" "$nic_ext" 8bit
}

test_bad_handles() { both bad_handles; }
test_cpu_on_untagged_buffer() { both cpu_on_untagged; }
test_cpu_on_tagged_buffer_is_refused() { both cpu_on_tagged; }
test_tag_that_appears_later() { both tag_appears; }
test_hint_only() { both hint_only; }
test_hint_on_tag_of_the_other_namespace() { both hint_on_other_namespace; }
