// SPDX-License-Identifier: MIT
// Stands for torchcomms' header of this name: the functions that an adapter implements, written from its interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "comms/uniflow/Result.h"

namespace uniflow
{

class CudaApi;
class CudaDriverApi;

enum class DmaBufMapping { Default, DataDirect };

struct DmaBuff {
	int fd{ -1 };
	uint64_t offset{ 0 };
	size_t len{ 0 };
	uint64_t iova{ 0 };
	uint64_t registrationBase{ 0 };
	size_t dmaBufLen{ 0 };
};

class DeviceAdapter
{
      public:
	virtual ~DeviceAdapter() = default;
	virtual Result<void *> pinnedHostAlloc(size_t size) = 0;
	virtual Status pinnedHostFree(void *ptr) = 0;
	virtual Result<void *> hostGetDevicePointer(void *hostPtr) = 0;
	virtual Result<bool> isDmaBuffSupported(int deviceId) = 0;
	virtual Result<DmaBuff> exportDmaBuff(int deviceId, void *ptr, size_t len,
					      DmaBufMapping mapping = DmaBufMapping::Default) = 0;
	virtual uint64_t resolveDevicePointer(const void *ptr) const noexcept
	{
		return reinterpret_cast<uint64_t>(ptr);
	}
	virtual bool allowsRegMrFallback() const noexcept
	{
		return true;
	}
	virtual Status closeDmaBuff(DmaBuff &buff) = 0;
};

std::shared_ptr<DeviceAdapter> createDeviceAdapter(
	std::shared_ptr<CudaApi> cudaApi = nullptr,
	std::shared_ptr<CudaDriverApi> cudaDriverApi = nullptr);
bool isNvlinkAvailable();

} // namespace uniflow
