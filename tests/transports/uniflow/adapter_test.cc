// SPDX-License-Identifier: MIT
/*
 * The example DeviceAdapter for Uniflow, against the headers of torchcomms (-Duniflow_src=) or the stubs beside this file.
 * Two functions of libtphbuf are replaced: a buffer is a length and a descriptor. TAP.
 */
#include <cstdio>

#include "transports/uniflow/TphbufDeviceAdapter.h"

struct tphbuf_buffer {
	int fd;
	uint64_t length;
};

extern "C" int tphbuf_buffer_fd(const struct tphbuf_buffer *buf)
{
	return buf->fd;
}
extern "C" uint64_t tphbuf_buffer_length(const struct tphbuf_buffer *buf)
{
	return buf ? buf->length : 0;
}

using namespace uniflow;

static int number, failed;

static void check(bool ok, const char *what)
{
	std::printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, what);
	failed |= !ok;
}

template <class R> static bool fails(const R &result, ErrCode code)
{
	return !result.hasValue() && result.error().code() == code &&
	       !result.error().message().empty();
}

static void *at(uint64_t addr)
{
	return reinterpret_cast<void *>(addr);
}

int main()
{
	const struct tphbuf_buffer first = { 5, 0x10000 }, second = { 6, 0x4000 }, empty = { 7, 0 };
	const auto adapter = tphbufDeviceAdapter();
	const uint64_t base = 0x200000000;

	check(fails(adapter->addPool(nullptr, base), ErrCode::InvalidArgument), "no buffer");
	check(fails(adapter->addPool(&empty, base), ErrCode::InvalidArgument), "an empty buffer");
	check(fails(adapter->addPool(&first, base + 1), ErrCode::InvalidArgument),
	      "a base inside a page");
	check(fails(adapter->addPool(&first, UINT64_MAX & ~0xfffull), ErrCode::InvalidArgument),
	      "addresses that wrap");
	check(fails(adapter->exportDmaBuff(0, at(base), 1), ErrCode::InvalidArgument), "no pool");
	check(adapter->addPool(&first, base).hasValue(), "a pool");
	check(fails(adapter->addPool(&second, base + 0xf000), ErrCode::InvalidArgument),
	      "an overlap");
	check(fails(adapter->addPool(&second, base - 0x1000), ErrCode::InvalidArgument),
	      "an overlap from below");
	check(adapter->addPool(&second, base + 0x10000).hasValue(), "a second pool beside it");
	check(fails(adapter->exportDmaBuff(0, at(base - 1), 2), ErrCode::InvalidArgument),
	      "before a pool");
	check(fails(adapter->exportDmaBuff(0, at(base + 0xffff), 2), ErrCode::InvalidArgument),
	      "across the seam of two pools");
	check(fails(adapter->exportDmaBuff(0, at(base), SIZE_MAX), ErrCode::InvalidArgument),
	      "all bytes");
	check(fails(adapter->exportDmaBuff(0, at(base), 0), ErrCode::InvalidArgument), "no bytes");
	check(fails(adapter->exportDmaBuff(0, at(base), 1, DmaBufMapping::DataDirect),
		    ErrCode::NotImplemented),
	      "data direct");
	check(!adapter->allowsRegMrFallback(), "no registration by address");
	check(!isNvlinkAvailable(), "no NVLink");

	auto part = adapter->exportDmaBuff(0, at(base + 0x10000 + 0x1234), 0x100);
	check(part.hasValue() && part.value().fd == 6 && part.value().offset == 0x1234 &&
		      part.value().len == 0x100,
	      "a part of the second pool");
	/* Uniflow: the address in a work request is the pointer minus registrationBase. */
	check(part.hasValue() &&
		      base + 0x10000 + 0x1234 - part.value().registrationBase == part.value().iova &&
		      part.value().iova % 4096 == part.value().offset % 4096,
	      "addresses of work requests");
	check(part.hasValue() && adapter->closeDmaBuff(part.value()).hasValue() &&
		      part.value().fd == -1,
	      "the descriptor is given back");
	check(adapter->exportDmaBuff(0, at(base + 0x10000), 0x4000).hasValue(), "and still there");
	check(fails(adapter->removePool(base + 1), ErrCode::InvalidArgument), "removal of no pool");
	check(adapter->removePool(base).hasValue() &&
		      !adapter->exportDmaBuff(0, at(base), 1).hasValue(),
	      "a pool is removed");

	auto host = adapter->pinnedHostAlloc(100);
	check(host.hasValue() && reinterpret_cast<uint64_t>(host.value()) % 4096 == 0 &&
		      adapter->hostGetDevicePointer(host.value()).value() == host.value() &&
		      adapter->pinnedHostFree(host.value()).hasValue(),
	      "host memory");
	check(fails(adapter->pinnedHostAlloc(0), ErrCode::ResourceExhausted) &&
		      fails(adapter->pinnedHostAlloc(SIZE_MAX), ErrCode::ResourceExhausted),
	      "host memory of an impossible size");
	check(createDeviceAdapter().get() == adapter.get(), "Uniflow gets this adapter");
	std::printf("1..%d\n", number);
	return failed;
}
