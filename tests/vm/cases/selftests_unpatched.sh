# SPDX-License-Identifier: MIT
# Linux 7.3 as released exports dma-bufs like the series: the selftest of patch 17 covers
# behaviour that the series keeps.
. /opt/tphbuf/tests/ktap.sh

test_dma_buf() { selftest vfio_pci_dma_buf_test "$endpoint"; }
