// SPDX-License-Identifier: MIT
#include "TphbufDeviceAdapter.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace uniflow
{

namespace
{

constexpr size_t page = 4096;

std::string hex(uint64_t value)
{
	char text[32];

	std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
	return text;
}

} // namespace

Status TphbufDeviceAdapter::addPool(const struct tphbuf_buffer *buf, uint64_t base)
{
	const uint64_t length = tphbuf_buffer_length(buf);

	if (!length || base % page || base + (length - 1) < base)
		return Err(ErrCode::InvalidArgument,
			   "addPool: the buffer is empty, or its addresses from " + hex(base) +
				   " wrap or do not begin at a page");
	std::lock_guard<std::mutex> lock(mutex_);
	for (const Pool &pool : pools_)
		if (base - pool.base < pool.length || pool.base - base < length)
			return Err(ErrCode::InvalidArgument, "addPool: " + hex(base) +
								     " overlaps the pool at " +
								     hex(pool.base));
	pools_.push_back({ base, length, tphbuf_buffer_fd(buf) });
	return Ok();
}

Status TphbufDeviceAdapter::removePool(uint64_t base)
{
	std::lock_guard<std::mutex> lock(mutex_);
	for (auto pool = pools_.begin(); pool != pools_.end(); ++pool) {
		if (pool->base != base)
			continue;
		pools_.erase(pool);
		return Ok();
	}
	return Err(ErrCode::InvalidArgument, "removePool: no pool begins at " + hex(base));
}

/* Bounce buffers of the host. ibv_reg_mr() pins them. */
Result<void *> TphbufDeviceAdapter::pinnedHostAlloc(size_t size)
{
	void *p = size && size <= SIZE_MAX - page ?
			  std::aligned_alloc(page, (size + page - 1) / page * page) :
			  nullptr;

	if (!p)
		return Err(ErrCode::ResourceExhausted,
			   "pinnedHostAlloc: no " + std::to_string(size) + " bytes");
	return p;
}

Status TphbufDeviceAdapter::pinnedHostFree(void *ptr)
{
	std::free(ptr);
	return Ok();
}

Result<void *> TphbufDeviceAdapter::hostGetDevicePointer(void *hostPtr)
{
	return hostPtr;
}

Result<bool> TphbufDeviceAdapter::isDmaBuffSupported(int /* deviceId */)
{
	return true;
}

Result<DmaBuff> TphbufDeviceAdapter::exportDmaBuff(int /* deviceId */, void *ptr, size_t len,
						   DmaBufMapping mapping)
{
	const uint64_t addr = resolveDevicePointer(ptr);

	if (mapping == DmaBufMapping::DataDirect)
		return Err(ErrCode::NotImplemented,
			   "exportDmaBuff: data direct pins the buffer, and vfio wants to be able to revoke it");
	if (!len)
		return Err(ErrCode::InvalidArgument, "exportDmaBuff: no bytes");
	std::lock_guard<std::mutex> lock(mutex_);
	for (const Pool &pool : pools_) {
		const uint64_t offset = addr - pool.base;
		DmaBuff buff;

		if (offset >= pool.length || len > pool.length - offset)
			continue;
		buff.fd = pool.fd;
		buff.offset = offset;
		buff.len = len;
		buff.iova = offset;
		buff.registrationBase = pool.base;
		buff.dmaBufLen = static_cast<size_t>(pool.length);
		return buff;
	}
	return Err(ErrCode::InvalidArgument,
		   "exportDmaBuff: " + hex(addr) + "+" + hex(len) +
			   " is not inside one pool; tell it by addPool()");
}

bool TphbufDeviceAdapter::allowsRegMrFallback() const noexcept
{
	return false;
}

/* The descriptor is the buffer's. */
Status TphbufDeviceAdapter::closeDmaBuff(DmaBuff &buff)
{
	buff.fd = -1;
	return Ok();
}

std::shared_ptr<TphbufDeviceAdapter> tphbufDeviceAdapter()
{
	static const auto adapter = std::make_shared<TphbufDeviceAdapter>();

	return adapter;
}

std::shared_ptr<DeviceAdapter> createDeviceAdapter(std::shared_ptr<CudaApi> /* cudaApi */,
						   std::shared_ptr<CudaDriverApi> /* cudaDriverApi */)
{
	return tphbufDeviceAdapter();
}

bool isNvlinkAvailable()
{
	return false;
}

} // namespace uniflow
