# SPDX-License-Identifier: MIT
# DMA handles and dma-bufs, on the Extended NIC and on the 8-bit one.

test_bad_handles() { both dmah_ops bad_handles; }
test_cpu_on_untagged_buffer_is_refused() { both dmah_ops cpu_on_untagged; }
test_cpu_on_buffer_of_another_exporter() { both dmah_ops cpu_on_foreign; }
test_cpu_on_host_memory() { both dmah_ops cpu_on_host_memory; }
test_cpu_on_tagged_buffer_is_refused() { both dmah_ops cpu_on_tagged; }
test_tag_that_appears_later() { both dmah_ops tag_appears; }
test_hint_only() { both dmah_ops hint_only; }
test_hint_on_tag_of_the_other_namespace() { both dmah_ops hint_on_other_namespace; }
