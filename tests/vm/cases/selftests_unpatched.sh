# SPDX-License-Identifier: MIT
# Linux 7.3 as released exports dma-bufs as the series does: the selftest of patch 17 tests what was there before.
. /opt/tphbuf/tests/ktap.sh

test_dma_buf() { selftest vfio_pci_dma_buf_test "$endpoint"; }
