# SPDX-License-Identifier: MIT
# KUnit suites that the series adds.
. /opt/tphbuf/tests/ktap.sh

test_dma_buf_tph() { kunit dmabuf_kunit dma-buf-tph; }
test_pcie_tph() { kunit pcie_tph_kunit pcie_tph; }
test_umem_dmabuf_tph() { kunit umem_dmabuf_tph_kunit ib_umem_dmabuf_tph; }
