# SPDX-License-Identifier: MIT
# KUnit suites that the series adds.
. /opt/tphbuf/tests/ktap.sh

test_dma_buf_tph() { kunit dmabuf_kunit dma-buf-tph; }
test_pcie_tph() { kunit pcie_tph_kunit pcie_tph; }
