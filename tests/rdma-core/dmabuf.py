# SPDX-License-Identifier: MIT
"""Let rdma-core's dma-buf tests run on a given dma-buf instead of one of a GPU.

The tests make their buffers through pyverbs.mr.DmaBufMR with a GPU's number. It is replaced in the
modules of the tests by a class that registers the descriptor given, and that reads and writes the
bytes through the BAR's file in sysfs.
"""
import mmap
import os

from pyverbs.mr import DmaBufMR


class Bar:
    """The bytes of a BAR, by its sysfs file."""

    def __init__(self, where):
        bdf, bar = where.rsplit(':', 1)
        path = f'/sys/bus/pci/devices/{bdf}/resource{bar}'
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.map = mmap.mmap(fd, os.stat(path).st_size)
        os.close(fd)


SLICE = 16 << 20  # bytes of the dma-buf for one region: two ends of a connection do not overlap
SLICES = 2


def make_class(dmabuf_fd, bar):
    class DescriptorMR(DmaBufMR):
        """DmaBufMR on a slice of a dma-buf that exists already."""

        made = 0

        def __init__(self, pd, length, access, dmabuf=None, offset=0, gpu=0, gtt=0):
            self.base = DescriptorMR.made % SLICES * SLICE
            DescriptorMR.made += 1
            super().__init__(pd, length, access, dmabuf=dmabuf_fd, offset=self.base + offset)

        @property
        def buf(self):
            """The first address: pyverbs registers with the offset as address."""
            return self.offset

        def write(self, data, length, offset=0):
            if isinstance(data, str):
                data = data.encode()
            start = self.offset + offset
            bar.map[start:start + length] = data[:length]

        def read(self, length, offset):
            start = self.offset + offset
            return bar.map[start:start + length]

    return DescriptorMR


def install(dmabuf_fd, where):
    from tests import test_mr  # pylint: disable=import-error
    test_mr.DmaBufMR = make_class(dmabuf_fd, Bar(where))
    test_mr.check_dmabuf_support = lambda gpu=0: None
    test_mr.check_dmabuf_mr_support = lambda pd, gpu=0: None  # makes a region, of a slice
