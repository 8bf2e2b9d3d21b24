// SPDX-License-Identifier: MIT
#include "tests/guest/tally.h"

#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fabric/endpoint/regs.h"
#include "tests/guest/rdma.h"

static uint64_t reg(struct tphbuf_device *dev, uint64_t base, uint32_t off, size_t len)
{
	uint64_t value = 0;
	ssize_t n = pread(tphbuf_device_fd(dev), &value, len, (off_t)(base + off));

	require(n == (ssize_t)len, "reading register 0x%x: %m", off);
	return value;
}

static void set(struct tphbuf_device *dev, uint64_t base, uint32_t off, uint32_t value)
{
	ssize_t n = pwrite(tphbuf_device_fd(dev), &value, sizeof(value), (off_t)(base + off));

	require(n == sizeof(value), "writing register 0x%x: %m", off);
}

static uint64_t registers(struct tphbuf_device *dev)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = EP_REGS_BAR };
	int ret = ioctl(tphbuf_device_fd(dev), VFIO_DEVICE_GET_REGION_INFO, &info);

	require(!ret, "VFIO_DEVICE_GET_REGION_INFO: %m");
	require(!tphbuf_device_memory(dev, true), "memory decoding of %s", tphbuf_device_bdf(dev));
	require(reg(dev, info.offset, EP_MAGIC, 4) == EP_MAGIC_VALUE,
		"%s is not the fabric's endpoint", tphbuf_device_bdf(dev));
	return info.offset;
}

void tally_clear(struct tphbuf_device *dev)
{
	set(dev, registers(dev), EP_CLEAR, 1);
}

void tally_read(struct tphbuf_device *dev, struct tally *tally)
{
	uint64_t base = registers(dev);

	*tally = (struct tally){
		.writes = reg(dev, base, EP_MWR_TLPS, 8),
		.writes_tagged = reg(dev, base, EP_MWR_TAGGED, 8),
		.reads = reg(dev, base, EP_MRD_TLPS, 8),
		.reads_tagged = reg(dev, base, EP_MRD_TAGGED, 8),
		.nrows = (unsigned int)reg(dev, base, EP_ROWS, 4),
	};
	require(tally->nrows <= TALLY_ROWS, "%u different tags arrived", tally->nrows);
	for (unsigned int i = 0; i < tally->nrows; i++) {
		struct tally_row *row = &tally->row[i];

		set(dev, base, EP_ROW, i);
		row->write = reg(dev, base, EP_ROW_KIND, 4) == EP_KIND_MWR;
		row->th = reg(dev, base, EP_ROW_TH, 4);
		row->width = (uint32_t)reg(dev, base, EP_ROW_WIDTH, 4);
		row->st = (uint32_t)reg(dev, base, EP_ROW_ST, 4);
		row->ph = (uint32_t)reg(dev, base, EP_ROW_PH, 4);
		row->tlps = reg(dev, base, EP_ROW_TLPS, 8);
	}
}

void tally_expect(const struct tally *tally, uint32_t width, uint32_t st, uint32_t ph)
{
	require(tally->writes, "no write arrived at the BAR");
	for (unsigned int i = 0; i < tally->nrows; i++) {
		const struct tally_row *row = &tally->row[i];

		if (!row->write)
			continue;
		require(row->th == !!width, "%lu writes %s a hint", (unsigned long)row->tlps,
			row->th ? "carry" : "carry no");
		require(!width || (row->width == width && row->st == st && row->ph == ph),
			"%lu writes carry %u-bit tag 0x%x ph %u instead of %u-bit 0x%x ph %u",
			(unsigned long)row->tlps, row->width, row->st, row->ph, width, st, ph);
	}
}
