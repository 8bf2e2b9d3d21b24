# SPDX-License-Identifier: MIT
# A source of its own case: DMA_API_DEBUG finds fault with how 7.3.4's udmabuf maps for the CPU (a segment longer than
# its misc device says it takes), so debug kernels leave it out.

test_udmabuf() { makes udmabuf; }
