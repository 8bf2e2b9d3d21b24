#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tagged device memory in Python: tphbuf by ctypes, registration by pyverbs.

    pyverbs_tagged_mr.py 0000:03:00.0 2 st=0x5a,ph=2 mlx5_0

pyverbs' DmaBufMR takes the descriptor of any dma-buf. Its iova is the offset,
which lies at the right place in its page for every offset.
"""
import ctypes as c
import sys

import pyverbs.enums as e
from pyverbs.device import Context
from pyverbs.mr import DmaBufMR
from pyverbs.pd import PD

LENGTH = 0x100000


class Tag(c.Structure):
    """struct tphbuf_tag"""
    _fields_ = [("valid", c.c_uint32), ("xst", c.c_uint16),
                ("st", c.c_uint8), ("ph", c.c_uint8)]


class Range(c.Structure):
    """struct tphbuf_range"""
    _fields_ = [("offset", c.c_uint64), ("length", c.c_uint64)]


class ExportOpts(c.Structure):
    """struct tphbuf_export_opts"""
    _fields_ = [("size", c.c_size_t), ("tag", c.POINTER(Tag))]


lib = c.CDLL("libtphbuf.so.1")
lib.tphbuf_ctx_error.restype = c.c_char_p
lib.tphbuf_ctx_error.argtypes = [c.c_void_p]
lib.tphbuf_ctx_free.argtypes = [c.c_void_p]
lib.tphbuf_device_memory.argtypes = [c.c_void_p, c.c_bool]
lib.tphbuf_device_close.argtypes = [c.c_void_p]
lib.tphbuf_buffer_fd.argtypes = [c.c_void_p]
lib.tphbuf_buffer_close.argtypes = [c.c_void_p]


def check(ctx, ret):
    """A negative errno value becomes an exception with the library's text."""
    if ret:
        text = lib.tphbuf_ctx_error(ctx).decode()
        raise OSError(-ret, text or "failed")


def export(ctx, bdf, bar, tag):
    """Open the device and export the start of a BAR. Both are the caller's."""
    dev, buf = c.c_void_p(), c.c_void_p()
    check(ctx, lib.tphbuf_device_open(ctx, bdf.encode(), None, c.byref(dev)))
    check(ctx, lib.tphbuf_device_memory(dev, True))
    opts = ExportOpts(c.sizeof(ExportOpts), c.pointer(tag))
    check(ctx, lib.tphbuf_buffer_export(dev, bar, c.byref(Range(0, LENGTH)),
                                        c.c_size_t(1), c.byref(opts),
                                        c.byref(buf)))
    return dev, buf


def main(bdf, bar, text, ibdev):
    ctx, tag, why = c.c_void_p(), Tag(), c.c_char_p()
    if lib.tphbuf_tag_parse(text.encode(), c.byref(tag), c.byref(why)):
        sys.exit(f"{text}: {why.value.decode()}")
    check(ctx, lib.tphbuf_ctx_new(None, c.byref(ctx)))
    dev, buf = export(ctx, bdf, int(bar), tag)
    access = (e.IBV_ACCESS_LOCAL_WRITE | e.IBV_ACCESS_REMOTE_WRITE |
              e.IBV_ACCESS_REMOTE_READ)
    with Context(name=ibdev) as nic, PD(nic) as pd:
        with DmaBufMR(pd, LENGTH, access, lib.tphbuf_buffer_fd(buf), 0) as mr:
            print(f"registered: rkey {mr.rkey:#x}, {mr.length} bytes")
    lib.tphbuf_buffer_close(buf)
    lib.tphbuf_device_close(dev)
    lib.tphbuf_ctx_free(ctx)


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[2] not in tuple("012345"):
        print("usage: pyverbs_tagged_mr.py BDF BAR TAG IBDEV; BAR is 0 to 5", file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
