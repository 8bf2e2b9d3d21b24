# SPDX-License-Identifier: MIT
# KUnit suites that the series adds (patches 14 and 15).
. /opt/tphbuf/tests/ktap.sh

test_dma_buf_tph() { kunit dmabuf_kunit dma-buf-tph; }
test_pcie_tph() { kunit tph_kunit pcie-tph; }
