// SPDX-License-Identifier: MIT
/*
 * feature_ops TEST BDF [BDF]: VFIO_DEVICE_FEATURE_DMA_BUF_TPH by raw ioctl, bad arguments first. The
 * library is used to open the device and to export a buffer only.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <tphbuf/tphbuf.h>
#include <unistd.h>

#include "tests/guest/foreign.h"
#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define GET   VFIO_DEVICE_FEATURE_GET
#define SET   VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

typedef struct vfio_device_feature_dma_buf_tph tph_t;

struct request {
	struct vfio_device_feature head;
	tph_t tph;
	uint8_t more[64];
};

struct rig {
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	int fd;	    /* of the device */
	int dmabuf; /* of the buffer */
};

static const struct tphbuf_range range = { 0x10000, 0x10000 };

static void rig_open(struct rig *rig, const char *bdf)
{
	require(!tphbuf_ctx_new(NULL, &rig->ctx), "no context");
	require(!tphbuf_device_open(rig->ctx, bdf, NULL, &rig->dev), "%s",
		tphbuf_ctx_error(rig->ctx));
	require(!tphbuf_device_memory(rig->dev, true), "%s", tphbuf_ctx_error(rig->ctx));
	require(!tphbuf_buffer_export(rig->dev, 2, &range, 1, NULL, &rig->buf), "%s",
		tphbuf_ctx_error(rig->ctx));
	rig->fd = tphbuf_device_fd(rig->dev);
	rig->dmabuf = tphbuf_buffer_fd(rig->buf);
}

static void rig_close(struct rig *rig)
{
	tphbuf_buffer_close(rig->buf);
	tphbuf_device_close(rig->dev);
	tphbuf_ctx_free(rig->ctx);
}

static int feature(struct rig *rig, uint32_t op, uint32_t argsz, tph_t *tph)
{
	struct request request = { .head = { .argsz = argsz,
					     .flags = VFIO_DEVICE_FEATURE_DMA_BUF_TPH | op },
				   .tph = *tph };
	int ret = ioctl(rig->fd, VFIO_DEVICE_FEATURE, &request.head) ? -errno : 0;

	*tph = request.tph;
	return ret;
}

#define FULL  (uint32_t)(sizeof(struct vfio_device_feature) + sizeof(tph_t))
#define LEAST (FULL - (uint32_t)sizeof(uint32_t)) /* "supported" is output only */

static void expect(struct rig *rig, const char *what, uint32_t op, uint32_t argsz, tph_t tph,
		   int want)
{
	int ret = feature(rig, op, argsz, &tph);

	require(ret == want, "%s: %d (%s) instead of %d", what, ret, strerror(-ret), want);
}

static tph_t get(struct rig *rig)
{
	tph_t tph = { .dmabuf_fd = rig->dmabuf };
	int ret = feature(rig, GET, FULL, &tph);

	require(!ret, "GET: %s", strerror(-ret));
	return tph;
}

static void holds(struct rig *rig, const char *what, uint32_t flags, uint8_t st, uint16_t ext,
		  uint8_t ph)
{
	tph_t tph = get(rig);

	require(tph.flags == flags && tph.steering_tag == st && tph.steering_tag_ext == ext &&
			tph.ph == ph,
		"%s: flags %x st %x ext %x ph %u", what, tph.flags, tph.steering_tag,
		tph.steering_tag_ext, tph.ph);
}

static void test_sizes(struct rig *rig, tph_t good)
{
	tph_t tph = { .dmabuf_fd = rig->dmabuf, .supported = 0xa5a5a5a5 };

	for (uint32_t argsz = 0; argsz < LEAST; argsz++) {
		expect(rig, "short SET", SET, argsz, good, -EINVAL);
		expect(rig, "short GET", GET, argsz, good, -EINVAL);
	}
	holds(rig, "after short requests", 0, 0, 0, 0);
	for (uint32_t argsz = LEAST; argsz < FULL; argsz++) {
		expect(rig, "SET without supported", SET, argsz, good, 0);
		require(!feature(rig, GET, argsz, &tph) && tph.flags == good.flags &&
				tph.supported == 0xa5a5a5a5,
			"GET of %u bytes: supported 0x%x", argsz, tph.supported);
	}
	expect(rig, "longer SET", SET, FULL + 64, good, 0);
	expect(rig, "longer GET", GET, FULL + 64, good, 0);
}

static void test_operations(struct rig *rig, tph_t good)
{
	expect(rig, "no operation", 0, FULL, good, -EINVAL);
	expect(rig, "SET and GET", SET | GET, FULL, good, -EINVAL);
	expect(rig, "PROBE", PROBE, FULL, good, 0);
	expect(rig, "PROBE SET", PROBE | SET, FULL, good, 0);
	expect(rig, "PROBE GET", PROBE | GET, FULL, good, 0);
	expect(rig, "PROBE SET GET", PROBE | SET | GET, FULL, good, 0);
	holds(rig, "PROBE changed nothing", 0, 0, 0, 0);
}

static void test_fields(struct rig *rig, tph_t good)
{
	tph_t bad;

	for (int bit = 2; bit < 32; bit++) {
		bad = good;
		bad.flags |= 1u << bit;
		expect(rig, "undefined flag", SET, FULL, bad, -EINVAL);
	}
	for (int ph = 4; ph < 256; ph++) {
		bad = good;
		bad.ph = (uint8_t)ph;
		expect(rig, "ph above 3", SET, FULL, bad, -EINVAL);
	}
	bad = good;
	holds(rig, "after bad fields", 0, 0, 0, 0);
	bad.supported = ~0u;
	expect(rig, "supported is ignored", SET, FULL, bad, 0);
	bad = get(rig);
	expect(rig, "SET of what GET returned", SET, FULL, bad, 0);
	holds(rig, "set", good.flags, good.steering_tag, good.steering_tag_ext, good.ph);
	bad.flags = 0;
	expect(rig, "clear", SET, FULL, bad, 0);
}

static void test_descriptors(struct rig *rig, tph_t good)
{
	int pipes[2];

	require(!pipe(pipes), "pipe: %m");
	good.dmabuf_fd = -1;
	expect(rig, "fd -1", SET, FULL, good, -EBADF);
	good.dmabuf_fd = 1 << 20;
	expect(rig, "fd that is not open", GET, FULL, good, -EBADF);
	good.dmabuf_fd = pipes[0];
	expect(rig, "a pipe", SET, FULL, good, -EINVAL);
	good.dmabuf_fd = rig->fd;
	expect(rig, "the device itself", GET, FULL, good, -EINVAL);
}

/* The payload ends where memory ends. */
static void test_fault(struct rig *rig, tph_t good)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vfio_device_feature head = { .argsz = FULL,
					    .flags = VFIO_DEVICE_FEATURE_DMA_BUF_TPH | SET };

	require(page != MAP_FAILED && !munmap(page + 4096, 4096), "mmap: %m");
	memcpy(page + 4096 - sizeof(head), &head, sizeof(head));
	require(ioctl(rig->fd, VFIO_DEVICE_FEATURE, page + 4096 - sizeof(head)) && errno == EFAULT,
		"no payload: %m");
	memcpy(page + 4096 - sizeof(head) - 8, &head, sizeof(head));
	memcpy(page + 4096 - 8, &good, 8);
	require(ioctl(rig->fd, VFIO_DEVICE_FEATURE, page + 4096 - sizeof(head) - 8) &&
			errno == EFAULT,
		"half a payload: %m");
	holds(rig, "after faults", 0, 0, 0, 0);
}

static void test_arguments(struct rig *rig)
{
	tph_t good = {
		.dmabuf_fd = rig->dmabuf, .flags = VFIO_DMA_BUF_TPH_ST, .steering_tag = 1, .ph = 1
	};

	test_operations(rig, good);
	test_fields(rig, good);
	test_descriptors(rig, good);
	test_fault(rig, good);
	test_sizes(rig, good);
}

static void test_semantics(struct rig *rig)
{
	tph_t tph = { .dmabuf_fd = rig->dmabuf,
		      .flags = VFIO_DMA_BUF_TPH_ST,
		      .steering_tag = 0x5a,
		      .steering_tag_ext = 0x1234,
		      .ph = 2 };

	require(get(rig).supported == (VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT),
		"supported is %x", get(rig).supported);
	holds(rig, "fresh buffer", 0, 0, 0, 0);
	expect(rig, "8-bit only", SET, FULL, tph, 0);
	holds(rig, "tag of an unset namespace is ignored", VFIO_DMA_BUF_TPH_ST, 0x5a, 0, 2);
	tph.flags = VFIO_DMA_BUF_TPH_ST_EXT;
	expect(rig, "16-bit only", SET, FULL, tph, 0);
	holds(rig, "a SET replaces everything", VFIO_DMA_BUF_TPH_ST_EXT, 0, 0x1234, 2);
	tph.flags |= VFIO_DMA_BUF_TPH_ST;
	tph.ph = 0;
	expect(rig, "both", SET, FULL, tph, 0);
	holds(rig, "both", VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT, 0x5a, 0x1234, 0);
	require(!tphbuf_device_reset(rig->dev), "reset: %s", tphbuf_ctx_error(rig->ctx));
	holds(rig, "after a reset", VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT, 0x5a, 0x1234, 0);
	require(!tphbuf_device_memory(rig->dev, false), "memory off: %s",
		tphbuf_ctx_error(rig->ctx));
	expect(rig, "SET while revoked", SET, FULL, tph, 0);
	require(!tphbuf_device_memory(rig->dev, true), "memory on: %s", tphbuf_ctx_error(rig->ctx));
	tph.flags = 0;
	expect(rig, "clear", SET, FULL, tph, 0);
	holds(rig, "cleared", 0, 0, 0, 0);
}

/* Revoking a revoked buffer and restoring a present one change nothing, in either order. */
static void test_revoked_twice(struct rig *rig)
{
	tph_t tph = {
		.dmabuf_fd = rig->dmabuf, .flags = VFIO_DMA_BUF_TPH_ST, .steering_tag = 0x5a, .ph = 2
	};
	static const char steps[] = "00r0r11r0110"; /* memory off, memory on, reset */
	const char *step;
	int ret;

	expect(rig, "SET", SET, FULL, tph, 0);
	for (step = steps; *step; step++) {
		ret = *step == 'r' ? tphbuf_device_reset(rig->dev) :
				     tphbuf_device_memory(rig->dev, *step == '1');
		require(!ret, "step %d: %s", (int)(step - steps), tphbuf_ctx_error(rig->ctx));
		holds(rig, step, VFIO_DMA_BUF_TPH_ST, 0x5a, 0, 2);
	}
}

static void test_foreign(struct rig *rig)
{
	int memfd = foreign_memfd(0x10000);
	tph_t tph = { .flags = VFIO_DMA_BUF_TPH_ST, .steering_tag = 1 };

	tph.dmabuf_fd = foreign_udmabuf(memfd, 0x10000);
	expect(rig, "SET on a udmabuf", SET, FULL, tph, -EINVAL);
	expect(rig, "GET on a udmabuf", GET, FULL, tph, -EINVAL);
	tph.dmabuf_fd = foreign_heap_buffer(0x10000);
	expect(rig, "SET on a heap buffer", SET, FULL, tph, -EINVAL);
	expect(rig, "GET on a heap buffer", GET, FULL, tph, -EINVAL);
}

/* The buffer of one device, the feature of another. */
static void test_other_device(struct rig *rig, const char *bdf)
{
	tph_t tph = { .flags = VFIO_DMA_BUF_TPH_ST, .steering_tag = 1 };
	struct rig other;

	rig_open(&other, bdf);
	tph.dmabuf_fd = other.dmabuf;
	expect(rig, "SET on the buffer of another device", SET, FULL, tph, -EINVAL);
	expect(rig, "GET on the buffer of another device", GET, FULL, tph, -EINVAL);
	holds(&other, "the other buffer", 0, 0, 0, 0);
	rig_close(&other);
}

/* A buffer outlives its device; the feature of a new open of the device does not own it. */
static void test_closed_device(struct rig *rig, const char *bdf)
{
	tph_t tph = { .flags = VFIO_DMA_BUF_TPH_ST, .steering_tag = 1 };
	int dmabuf = dup(rig->dmabuf);

	require(dmabuf >= 0, "dup: %m");
	rig_close(rig);
	rig_open(rig, bdf);
	tph.dmabuf_fd = dmabuf;
	expect(rig, "SET on a buffer of an earlier open", SET, FULL, tph, -EINVAL);
	expect(rig, "GET on a buffer of an earlier open", GET, FULL, tph, -EINVAL);
	close(dmabuf);
}

#define DOE_CAP 0x200 /* of the fabric's endpoint, when it has one */

/* Four bytes of config space of the function itself, as the kernel's own drivers see them. */
static uint32_t by_sysfs(const char *bdf, off_t off)
{
	char path[128];
	uint32_t value = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0 && pread(fd, &value, 4, off) == 4, "%s: %m", path);
	close(fd);
	return value;
}

/* The DOE mailbox is the kernel's: what a user of vfio writes there does not reach the function. */
static void test_doe(struct rig *rig, const char *bdf)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = VFIO_PCI_CONFIG_REGION_INDEX };
	uint32_t value = 0x5a5a1234, status;
	off_t doe;

	require(!ioctl(rig->fd, VFIO_DEVICE_GET_REGION_INFO, &info), "config region: %m");
	doe = (off_t)info.offset + DOE_CAP;
	require((by_sysfs(bdf, DOE_CAP) & 0xffff) == PCI_EXT_CAP_ID_DOE, "no DOE capability");
	require(pwrite(rig->fd, &value, 4, doe + PCI_DOE_WRITE) == 4, "write: %m");
	require(pwrite(rig->fd, &value, 2, doe + PCI_DOE_WRITE + 2) == 2, "write of 2 bytes: %m");
	require(pwrite(rig->fd, &value, 1, doe + PCI_DOE_WRITE + 1) == 1, "write of a byte: %m");
	require(!by_sysfs(bdf, DOE_CAP + PCI_DOE_WRITE), "0x%x is in the write mailbox",
		by_sysfs(bdf, DOE_CAP + PCI_DOE_WRITE));
	require(pread(rig->fd, &status, 4, doe + PCI_DOE_STATUS) == 4 && !status,
		"status 0x%x of the function is readable", status);
}

int main(int argc, char **argv)
{
	enum {
		ARGUMENTS,
		SEMANTICS,
		REVOKED_TWICE,
		FOREIGN,
		DOE,
		CLOSED_DEVICE,
		OTHER_DEVICE
	} test;
	struct rig rig;

	args_count(argc, 2, 3, "TEST BDF [BDF]");
	test = args_word("TEST", argv[1],
			 "arguments|semantics|revoked_twice|foreign|doe|closed_device|other_device");
	args_count(argc, test == OTHER_DEVICE ? 3 : 2, test == OTHER_DEVICE ? 3 : 2,
		   test == OTHER_DEVICE ? "other_device BDF BDF" : "TEST BDF");
	rig_open(&rig, argv[2]);
	switch (test) {
	case ARGUMENTS:
		test_arguments(&rig);
		break;
	case SEMANTICS:
		test_semantics(&rig);
		break;
	case REVOKED_TWICE:
		test_revoked_twice(&rig);
		break;
	case FOREIGN:
		test_foreign(&rig);
		break;
	case DOE:
		test_doe(&rig, argv[2]);
		break;
	case CLOSED_DEVICE:
		test_closed_device(&rig, argv[2]);
		break;
	case OTHER_DEVICE:
		test_other_device(&rig, argv[3]);
		break;
	}
	rig_close(&rig);
	return 0;
}
