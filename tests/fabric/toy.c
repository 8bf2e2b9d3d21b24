// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fabric/toy.h"

const struct fab_cfg_opts toy_opts = {
	.id = { .vendor = 0x1234,
		.device = 0x0001,
		.subvendor = 0x1234,
		.subdevice = 2,
		.class_code = 0x120000 },
	.serial = 0x1122334455667788,
	.completer = FAB_TPH_EXT,
	.requester = FAB_TPH_EXT,
	.st_entries = 64,
	.vectors = 4,
	.msix_bar = 0,
	.msix_table = 0x2000,
	.msix_pba = 0x3000,
};

static void note(struct toy *toy, bool write, unsigned int bar, uint64_t off, uint32_t len)
{
	if (toy->accesses < TOY_ACCESSES)
		toy->access[toy->accesses] = (struct toy_access){ write, bar, off, len };
	toy->accesses++;
}

static void bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf, uint32_t len)
{
	struct toy *toy = (struct toy *)dev;

	assert_in_range(len, 1, 8);
	assert_true(off + len <= TOY_BAR0_SIZE);
	note(toy, false, bar, off, len);
	memcpy(buf, toy->registers + off, len);
}

static void bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
		      uint32_t len)
{
	struct toy *toy = (struct toy *)dev;

	assert_in_range(len, 1, 8);
	assert_true(off + len <= TOY_BAR0_SIZE);
	note(toy, true, bar, off, len);
	memcpy(toy->registers + off, buf, len);
}

static void reset(struct fab_device *dev)
{
	((struct toy *)dev)->resets++;
}

static void cfg_written(struct fab_device *dev, uint32_t off, uint32_t len)
{
	(void)off;
	(void)len;
	((struct toy *)dev)->cfg_writes++;
}

static void received(struct fab_device *dev, unsigned int bar, const struct fab_tlp_run *run)
{
	(void)bar;
	(void)run;
	((struct toy *)dev)->runs++;
}

static void toy_free(struct fab_device *dev)
{
	fab_device_fini(dev);
	free(dev);
}

static const struct fab_device_ops ops = {
	.kind = "toy",
	.reset = reset,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.cfg_written = cfg_written,
	.tlps_received = received,
	.free = toy_free,
};

struct fab_fabric *toy_fabric(void)
{
	struct fab_fabric *fabric;

	assert_int_equal(fab_fabric_new(&fabric), 0);
	return fabric;
}

struct toy *toy_add(struct fab_fabric *fabric, const char *name, const struct fab_cfg_opts *opts)
{
	struct toy *toy = calloc(1, sizeof(*toy));

	assert_non_null(toy);
	assert_int_equal(fab_device_init(&toy->dev, &ops, name), 0);
	assert_int_equal(fab_device_add_bar(&toy->dev, 0, TOY_BAR0_SIZE, false, false, 0x1000,
					    0x1000),
			 0);
	assert_int_equal(fab_device_add_bar(&toy->dev, 2, TOY_BAR2_SIZE, true, true, 0,
					    TOY_BAR2_SIZE),
			 0);
	assert_int_equal(fab_cfg_build(&toy->dev, opts), 0);
	fab_fabric_add(fabric, &toy->dev);
	return toy;
}

void toy_put(struct toy *toy, uint32_t off, uint32_t value, uint32_t len)
{
	fab_device_cfg_write(&toy->dev, off, &value, len);
}

uint32_t toy_get(struct toy *toy, uint32_t off, uint32_t len)
{
	uint32_t value = 0;

	fab_device_cfg_read(&toy->dev, off, &value, len);
	return value;
}

void toy_enable(struct toy *toy, uint32_t bar0, uint64_t bar2)
{
	toy_put(toy, PCI_BASE_ADDRESS_0, bar0, 4);
	toy_put(toy, PCI_BASE_ADDRESS_2, (uint32_t)bar2, 4);
	toy_put(toy, PCI_BASE_ADDRESS_3, (uint32_t)(bar2 >> 32), 4);
	toy_put(toy, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

int toy_memory(uint64_t size)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

void *toy_mem_at(struct fab_mem *mem, uint64_t iova, unsigned int need, uint64_t *run)
{
	const struct fab_range *range = fab_mem_range(mem, iova, need);

	*run = range ? range->size - (iova - range->iova) : 0;
	return range ? (uint8_t *)range->host + (iova - range->iova) : NULL;
}
