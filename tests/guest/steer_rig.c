// SPDX-License-Identifier: MIT
#include "tests/guest/steer_rig.h"

#include <errno.h>
#include <linux/iommufd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD 0x3a5c9601u

static uint64_t region(struct steer *rig, uint32_t index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	require(!ioctl(rig->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info), "region %u: %m", index);
	return info.offset;
}

static uint32_t load(struct steer *rig, uint64_t off, uint32_t len)
{
	uint32_t value = 0;
	ssize_t n = pread(rig->dev.fd, &value, len, (off_t)off);

	require(n == (ssize_t)len, "read at 0x%lx: %m", (unsigned long)off);
	return value;
}

static void store(struct steer *rig, uint64_t off, uint32_t value, uint32_t len)
{
	ssize_t n = pwrite(rig->dev.fd, &value, len, (off_t)off);

	require(n == (ssize_t)len, "write at 0x%lx: %m", (unsigned long)off);
}

static uint32_t find_tph(struct steer *rig)
{
	uint32_t pos = 0x100, header, loops = 64;

	while (pos && loops--) {
		header = load(rig, rig->dev.config + pos, 4);
		if ((header & 0xffff) == PCI_EXT_CAP_ID_TPH)
			return pos;
		pos = header >> 20;
	}
	return 0;
}

static void map_memory(struct steer *rig)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.ioas_id = rig->dev.ioas,
		.length = STEER_LEN,
		.iova = STEER_IOVA,
	};

	rig->memory =
		mmap(NULL, STEER_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(rig->memory != MAP_FAILED, "memory: %m");
	map.user_va = (uintptr_t)rig->memory;
	require(!ioctl(rig->dev.iommufd, IOMMU_IOAS_MAP, &map), "IOMMU_IOAS_MAP: %m");
}

void steer_open(struct steer *rig, const char *bdf)
{
	int tries = 100, ret;

	*rig = (struct steer){ .bdf = bdf };
	while ((ret = vfio_open(&rig->dev, bdf)) == -EBUSY && tries--)
		usleep(20000);
	require(!ret, "%s: %s", bdf, strerror(-ret));
	rig->witness = region(rig, ENG_WITNESS_BAR);
	store(rig, rig->dev.config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	rig->cap = find_tph(rig);
	require(witness_get(rig, ENG_WIT_MAGIC) == ENG_WIT_MAGIC_VALUE, "%s is no DMA engine", bdf);
	map_memory(rig);
}

void steer_close(struct steer *rig)
{
	vfio_close(&rig->dev);
	munmap(rig->memory, STEER_LEN);
}

uint32_t cfg_get(struct steer *rig, uint32_t off, uint32_t len)
{
	return load(rig, rig->dev.config + rig->cap + off, len);
}

void cfg_put(struct steer *rig, uint32_t off, uint32_t value, uint32_t len)
{
	store(rig, rig->dev.config + rig->cap + off, value, len);
}

uint32_t ctrl_get(struct steer *rig)
{
	return cfg_get(rig, FAB_TPH_CTRL, 4);
}

void ctrl_put(struct steer *rig, uint32_t value)
{
	cfg_put(rig, FAB_TPH_CTRL, value, 4);
}

uint32_t witness_get(struct steer *rig, uint32_t off)
{
	return load(rig, rig->witness + off, 4);
}

void witness_put(struct steer *rig, uint32_t off, uint32_t value)
{
	store(rig, rig->witness + off, value, 4);
}

uint32_t table_size(struct steer *rig)
{
	return ((cfg_get(rig, PCI_TPH_CAP, 4) & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT) + 1;
}

uint32_t table_entry(struct steer *rig, uint32_t entry)
{
	witness_put(rig, ENG_WIT_ENTRY, entry);
	return witness_get(rig, ENG_WIT_ENTRY_ST);
}

int steer_raw(struct steer *rig, uint32_t op, uint32_t argsz,
	      const struct vfio_device_feature_tph_st *head, uint32_t *data, uint32_t n)
{
	size_t header = sizeof(struct vfio_device_feature) + sizeof(*head);
	struct vfio_device_feature *request = calloc(1, header + n * sizeof(*data));
	struct vfio_device_feature_tph_st *body;
	int ret;

	require(request, "no memory");
	body = (void *)request->data;
	request->argsz = argsz;
	request->flags = op | VFIO_DEVICE_FEATURE_TPH_ST;
	memcpy(body, head, sizeof(*head));
	if (n)
		memcpy(body->data, data, n * sizeof(*data));
	ret = ioctl(rig->dev.fd, VFIO_DEVICE_FEATURE, request) ? -errno : 0;
	if (n)
		memcpy(data, body->data, n * sizeof(*data));
	free(request);
	return ret;
}

static int whole(struct steer *rig, uint32_t op, uint32_t flags, uint16_t index, uint16_t count,
		 uint32_t *data)
{
	const struct vfio_device_feature_tph_st head = { .flags = flags,
							 .index = index,
							 .count = count };
	uint32_t argsz = (uint32_t)(sizeof(struct vfio_device_feature) + sizeof(head) +
				    count * sizeof(*data));

	return steer_raw(rig, op, argsz, &head, data, count);
}

int steer_set(struct steer *rig, uint32_t flags, uint16_t index, uint16_t count,
	      const uint32_t *cpus)
{
	uint32_t copy[STEER_MAX];

	memcpy(copy, cpus, count * sizeof(*cpus));
	return whole(rig, VFIO_DEVICE_FEATURE_SET, flags, index, count, copy);
}

int steer_get(struct steer *rig, uint16_t index, uint16_t count, uint32_t *tags)
{
	return whole(rig, VFIO_DEVICE_FEATURE_GET, 0, index, count, tags);
}

int steer_probe(struct steer *rig, uint32_t op)
{
	return whole(rig, op | VFIO_DEVICE_FEATURE_PROBE, 0, 0, 0, NULL);
}

void expect_errno(const char *what, int got, int want)
{
	require(got == want, "%s: %s instead of %s", what, got ? strerror(-got) : "success",
		want ? strerror(-want) : "success");
}

void expect_ctrl(struct steer *rig, const char *what, uint32_t want)
{
	uint32_t seen = ctrl_get(rig), real = witness_get(rig, ENG_WIT_TPH_CTRL);

	require(seen == want, "%s: control register reads 0x%x instead of 0x%x", what, seen, want);
	if (want & FAB_TPH_CTRL_REQ_EN)
		require(real == want, "%s: the device has 0x%x instead of 0x%x", what, real, want);
	else
		require(!(real & FAB_TPH_CTRL_REQ_EN), "%s: the device is enabled: 0x%x", what,
			real);
}

static uint32_t engine_get(struct steer *rig, uint32_t off)
{
	return load(rig, rig->dev.regs + off, 4);
}

static void engine_put(struct steer *rig, uint32_t off, uint32_t value)
{
	store(rig, rig->dev.regs + off, value, 4);
}

void steer_start(struct steer *rig, uint32_t hint, uint32_t len)
{
	memset(rig->memory, 0, STEER_LEN);
	engine_put(rig, ENG_ADDR_LO, STEER_IOVA);
	engine_put(rig, ENG_ADDR_HI, 0);
	engine_put(rig, ENG_LENGTH, len);
	engine_put(rig, ENG_VALUE, PAYLOAD);
	engine_put(rig, ENG_HINT, hint);
	engine_put(rig, ENG_START, 1);
}

void steer_finish(struct steer *rig, uint32_t len)
{
	time_t end = time(NULL) + 20;
	uint32_t status;

	while ((status = engine_get(rig, ENG_STATUS)) == ENG_BUSY)
		require(time(NULL) < end, "the engine is busy");
	require(status == ENG_DONE, "the transfer failed: %u", status);
	require(!memcmp(rig->memory, &(uint32_t){ PAYLOAD }, 4) &&
			!memcmp(rig->memory + len - 4, &(uint32_t){ PAYLOAD }, 4),
		"the data did not arrive");
}

void expect_row(struct steer *rig, const char *what, uint32_t side, uint32_t width, uint32_t st,
		uint32_t ph)
{
	uint32_t rows, got, tag, hint;

	witness_put(rig, ENG_WIT_SIDE, side);
	rows = witness_get(rig, ENG_WIT_ROWS);
	require(rows == 1, "%s: %u kinds of TLPs", what, rows);
	witness_put(rig, ENG_WIT_ROW, 0);
	require(witness_get(rig, ENG_WIT_ROW_WRITE), "%s: reads", what);
	got = witness_get(rig, ENG_WIT_ROW_WIDTH);
	tag = witness_get(rig, ENG_WIT_ROW_ST);
	hint = witness_get(rig, ENG_WIT_ROW_PH);
	require(got == width && tag == st && (!width || hint == ph),
		"%s: TLPs carry a %u-bit tag 0x%x ph %u instead of %u bits 0x%x ph %u", what, got,
		tag, hint, width, st, ph);
}

void expect_wire(struct steer *rig, const char *what, uint32_t hint, uint32_t width, uint32_t st)
{
	witness_put(rig, ENG_WIT_CLEAR, 1);
	steer_start(rig, hint, 1024);
	steer_finish(rig, 1024);
	expect_row(rig, what, ENG_WIT_SENT, width, st, 1);
}
