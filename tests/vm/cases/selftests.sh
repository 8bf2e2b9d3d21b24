# SPDX-License-Identifier: MIT
# The vfio selftests that the series adds, on an endpoint that completes TPH requests.
. /opt/tphbuf/tests/ktap.sh

test_dma_buf() { selftest vfio_pci_dma_buf_test "$endpoint"; }
test_dma_buf_tph() { selftest vfio_pci_dma_buf_tph_test "$endpoint" -T device_without_tph; }
test_tph_st() { selftest vfio_pci_tph_st_test "$endpoint" -t device_without; }
