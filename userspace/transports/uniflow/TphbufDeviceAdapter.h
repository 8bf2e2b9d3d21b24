// SPDX-License-Identifier: MIT
/*
 * Example: tagged device memory for Uniflow (torchcomms), as the DeviceAdapter of an accelerator that vfio owns.
 *
 * Uniflow asks its adapter for the dma-buf of a VRAM segment and registers it with each NIC. The adapter answers from
 * pools: buffers of libtphbuf, tagged by the accelerator's runtime before, each with the device addresses that stand
 * for its bytes. Descriptors stay the buffers'. Work requests carry the offset in the buffer, so that device addresses
 * need not agree with it in any page.
 *
 * Device memory is never registered by its address: allowsRegMrFallback() is false, and a pointer outside all pools is
 * an error.
 *
 * Build it with the user's copy of torchcomms in the include path (docs/transports.md). An accelerator's build has one
 * createDeviceAdapter(); this one's returns the adapter of the process.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <tphbuf/buffer.h>

#include "comms/uniflow/drivers/DeviceAdapter.h"

namespace uniflow
{

class TphbufDeviceAdapter : public DeviceAdapter
{
      public:
	~TphbufDeviceAdapter() override = default;

	/*
	 * The bytes of @buf are at the device addresses from @base on. @buf stays open, and its tag unchanged, as long as
	 * segments of it are registered. InvalidArgument: an empty buffer, or an overlap with another pool.
	 */
	Status addPool(const struct tphbuf_buffer *buf, uint64_t base);
	/* NotImplemented never, InvalidArgument if no pool begins at @base. */
	Status removePool(uint64_t base);

	Result<void *> pinnedHostAlloc(size_t size) override;
	Status pinnedHostFree(void *ptr) override;
	Result<void *> hostGetDevicePointer(void *hostPtr) override;
	Result<bool> isDmaBuffSupported(int deviceId) override;
	Result<DmaBuff> exportDmaBuff(int deviceId, void *ptr, size_t len,
				      DmaBufMapping mapping = DmaBufMapping::Default) override;
	bool allowsRegMrFallback() const noexcept override;
	Status closeDmaBuff(DmaBuff &buff) override;

      private:
	struct Pool {
		uint64_t base;
		uint64_t length;
		int fd;
	};

	std::mutex mutex_;
	std::vector<Pool> pools_;
};

/* The adapter that createDeviceAdapter() gives to Uniflow, for addPool(). */
std::shared_ptr<TphbufDeviceAdapter> tphbufDeviceAdapter();

} // namespace uniflow
