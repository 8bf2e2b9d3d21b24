# SPDX-License-Identifier: MIT
# A case of its own: DMA_API_DEBUG warns about the CPU mapping of 7.3.4's udmabuf (a segment
# longer than the limit of its misc device), so debug kernels leave this case out.

test_udmabuf() { makes udmabuf; }
