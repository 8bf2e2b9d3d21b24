// SPDX-License-Identifier: MIT
/*
 * bad_inputs BDF OTHER_BDF COUNT [SEED]: COUNT inputs, most of them bad, to the vfio features that export and tag
 * dma-bufs and to the dma-buf calls around them. Each answer is predicted; after each the tag is read back.
 */
#include "tests/guest/bad_inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/args.h"

#define PAGE	  4096u
#define HEAD	  sizeof(struct vfio_device_feature)
#define TPH_LEAST offsetof(tph_t, supported) /* of the structure; the rest is output only */
#define FULL	  (HEAD + sizeof(tph_t))
#define ALL_OPS	  (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE)

struct request {
	struct vfio_device_feature head;
	tph_t tph;
	uint8_t more[40];
};

struct export_request {
	struct vfio_device_feature head;
	struct vfio_device_feature_dma_buf buf;
	struct vfio_region_dma_range ranges[8];
};

void *place(struct rig *rig, const void *input, size_t avail, bool ro)
{
	memcpy(rig->page + PAGE - avail, input, avail);
	return (ro ? rig->page_ro : rig->page) + PAGE - avail;
}

uint32_t mostly_below(struct rig *rig, uint32_t n)
{
	return random_chance(&rig->random, 95) ? random_below(&rig->random, n) :
						 (uint32_t)random_next(&rig->random);
}

int descriptor_errno(const struct rig *rig, int fd)
{
	if (fd == rig->own)
		return 0;
	if (fd < 0 || fd > 1024 || fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	return -EINVAL;
}

int any_descriptor(struct rig *rig)
{
	const uint32_t n = sizeof(rig->foreign) / sizeof(rig->foreign[0]);
	uint32_t pick = random_below(&rig->random, 2 * n + 2);

	if (pick < n)
		return rig->foreign[pick];
	return pick == n     ? (int)random_next(&rig->random) :
	       pick == n + 1 ? (int)random_below(&rig->random, 64) :
			       rig->own;
}

/* The number of readable bytes of an input of that size: mostly all. */
static size_t any_avail(struct rig *rig, size_t size)
{
	return random_chance(&rig->random, 85) ? size : random_below(&rig->random, (uint32_t)size);
}

static uint32_t any_argsz(struct rig *rig, uint32_t full)
{
	return random_chance(&rig->random, 85) ? full : mostly_below(rig, full + 16);
}

/* Flags of mostly one operation. */
static uint32_t any_op(struct rig *rig)
{
	static const uint32_t usual[] = { VFIO_DEVICE_FEATURE_SET, VFIO_DEVICE_FEATURE_GET };
	uint32_t any = (uint32_t)random_next(&rig->random);

	if (random_chance(&rig->random, 80))
		return usual[any & 1];
	return random_chance(&rig->random, 80) ? any & ALL_OPS :
						 any & ~(uint32_t)VFIO_DEVICE_FEATURE_MASK;
}

/* The checks common to all features. Returns 1 to continue; 0 for a PROBE of the supported operations */
static int head_errno(const struct vfio_device_feature *head, size_t avail, uint32_t supported,
		      size_t size)
{
	uint32_t ops = head->flags & (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET);

	if (avail < HEAD)
		return -EFAULT;
	if (head->argsz < HEAD || head->flags & ~(uint32_t)(VFIO_DEVICE_FEATURE_MASK | ALL_OPS))
		return -EINVAL;
	if (!(head->flags & VFIO_DEVICE_FEATURE_PROBE) &&
	    ops == (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET))
		return -EINVAL;
	if (ops & ~supported)
		return -EINVAL;
	if (head->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (!ops || head->argsz - HEAD < size)
		return -EINVAL;
	return avail < HEAD + size ? -EFAULT : 1;
}

/* The bytes of the structure that GET writes. */
static size_t tph_written(const struct request *request)
{
	return request->head.argsz - HEAD < sizeof(tph_t) ? TPH_LEAST : sizeof(tph_t);
}

static int tph_errno(const struct rig *rig, const struct request *request, size_t avail, bool ro)
{
	bool set = request->head.flags & VFIO_DEVICE_FEATURE_SET;
	int ret = head_errno(&request->head, avail,
			     VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET, TPH_LEAST);

	if (ret != 1)
		return ret;
	if (set && (request->tph.flags & ~(uint32_t)(VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT) ||
		    request->tph.ph > 3))
		return -EINVAL;
	ret = descriptor_errno(rig, request->tph.dmabuf_fd);
	if (ret || set)
		return ret;
	return ro || avail < HEAD + tph_written(request) ? -EFAULT : 0;
}

/* SET replaces the whole state; a namespace without its flag reads back as zero. */
static void expect_set(struct rig *rig, const tph_t *tph)
{
	rig->tag = (tph_t){ .flags = tph->flags };
	if (tph->flags & VFIO_DMA_BUF_TPH_ST)
		rig->tag.steering_tag = tph->steering_tag;
	if (tph->flags & VFIO_DMA_BUF_TPH_ST_EXT)
		rig->tag.steering_tag_ext = tph->steering_tag_ext;
	if (tph->flags)
		rig->tag.ph = tph->ph;
}

static void same_tag(const struct rig *rig, const tph_t *tph, const char *where)
{
	require(tph->flags == rig->tag.flags && tph->steering_tag == rig->tag.steering_tag &&
			tph->ph == rig->tag.ph &&
			tph->steering_tag_ext == rig->tag.steering_tag_ext &&
			tph->supported == (VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT),
		"%s: flags 0x%x st 0x%x ext 0x%x ph %u supported 0x%x instead of flags 0x%x st 0x%x ext 0x%x ph %u",
		where, tph->flags, tph->steering_tag, tph->steering_tag_ext, tph->ph, tph->supported,
		rig->tag.flags, rig->tag.steering_tag, rig->tag.steering_tag_ext, rig->tag.ph);
}

/* "supported" is written if it was asked for. */
static void answered(const struct rig *rig, const struct request *request,
		     const struct request *sent)
{
	tph_t tph = request->tph;

	memcpy(&tph, &sent->tph, tph_written(request));
	if (tph_written(request) < sizeof(tph))
		tph.supported = VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT;
	same_tag(rig, &tph, "GET");
}

static void tag_is_unchanged(struct rig *rig)
{
	tph_t tph = { .dmabuf_fd = rig->own };
	int ret = vfio_tph(rig->dev.fd, VFIO_DEVICE_FEATURE_GET, &tph);

	require(!ret, "GET: %s", strerror(-ret));
	same_tag(rig, &tph, "read back");
}

void input_tph(struct rig *rig)
{
	uint64_t bits = random_next(&rig->random);
	struct request request = {
		.head = { .argsz = any_argsz(rig, FULL), .flags = VFIO_DEVICE_FEATURE_DMA_BUF_TPH | any_op(rig) },
		.tph = {
			.dmabuf_fd = any_descriptor(rig), .flags = mostly_below(rig, 4),
			.supported = random_chance(&rig->random, 90) ? 0 : (uint32_t)(bits >> 32),
			.steering_tag_ext = (uint16_t)bits, .steering_tag = (uint8_t)(bits >> 16),
			.ph = (uint8_t)mostly_below(rig, 4),
		},
	};
	size_t avail = any_avail(rig, FULL);
	bool ro = random_chance(&rig->random, 10);
	int want = tph_errno(rig, &request, avail, ro), got;
	struct request *sent = place(rig, &request, avail, ro);

	got = ioctl(rig->dev.fd, VFIO_DEVICE_FEATURE, sent) ? -errno : 0;
	require(got == want,
		"TPH flags 0x%x argsz %u avail %zu ro %d fd %d flags 0x%x supported 0x%x ph %u: %d instead of %d",
		request.head.flags, request.head.argsz, avail, ro, request.tph.dmabuf_fd,
		request.tph.flags, request.tph.supported, request.tph.ph, got, want);
	if (!got && (request.head.flags & ALL_OPS) == VFIO_DEVICE_FEATURE_SET)
		expect_set(rig, &request.tph);
	else if (!got && (request.head.flags & ALL_OPS) == VFIO_DEVICE_FEATURE_GET)
		answered(rig, &request, sent);
	tag_is_unchanged(rig);
}

static int ranges_errno(const struct rig *rig, const struct export_request *request)
{
	const struct vfio_region_dma_range *range;
	uint64_t bar = rig->bar[request->buf.region_index].start,
		 size = rig->bar[request->buf.region_index].size;
	uint64_t sum = 0, start, end;
	uint32_t i, n = request->buf.nr_ranges;

	for (i = 0; i < n; i++) {
		range = &request->ranges[i];
		if (!range->length || (range->offset | range->length) % PAGE)
			return -EINVAL;
		if (__builtin_add_overflow(sum, range->length, &sum))
			return -EINVAL;
	}
	if (sum >> 63)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		range = &request->ranges[i];
		if (__builtin_add_overflow(bar, range->offset, &start) ||
		    __builtin_add_overflow(start, range->length, &end))
			return -EOVERFLOW;
		if (end > bar + size)
			return -EINVAL;
	}
	return 0;
}

static int export_errno(const struct rig *rig, const struct export_request *request, size_t avail)
{
	const size_t fixed = HEAD + sizeof(request->buf);
	int ret = head_errno(&request->head, avail, VFIO_DEVICE_FEATURE_GET, sizeof(request->buf));

	if (ret != 1)
		return ret;
	if (!request->buf.nr_ranges || request->buf.flags)
		return -EINVAL;
	if (request->buf.region_index > 5 || !rig->bar[request->buf.region_index].size)
		return -ENODEV;
	if (request->buf.nr_ranges > 1u << 18) /* above the limit of kmalloc() */
		return -ENOMEM;
	if (avail < fixed + request->buf.nr_ranges * sizeof(request->ranges[0]))
		return -EFAULT;
	return ranges_errno(rig, request);
}

static uint64_t any_offset(struct rig *rig)
{
	uint64_t any = random_next(&rig->random);

	switch (random_below(&rig->random, 12)) {
	case 0:
		return any;
	case 1:
		return any & ~(uint64_t)(PAGE - 1);
	case 2:
		return (any & 0xff) << 56;
	case 3:
		return any & 0xffff;
	default:
		return (any & 0x1fff) * PAGE;
	}
}

void input_export(struct rig *rig)
{
	struct export_request request = {
		.head.flags = VFIO_DEVICE_FEATURE_DMA_BUF |
			      (random_chance(&rig->random, 85) ? VFIO_DEVICE_FEATURE_GET : any_op(rig)),
		.buf = {
			.region_index = random_chance(&rig->random, 85) ? 2 : mostly_below(rig, 12),
			.open_flags = random_chance(&rig->random, 50) ? O_RDWR | O_CLOEXEC : (uint32_t)random_next(&rig->random),
			.flags = random_chance(&rig->random, 95) ? 0 : (uint32_t)random_next(&rig->random),
			.nr_ranges = mostly_below(rig, 9),
		},
	};
	size_t avail = any_avail(rig, sizeof(request));
	int want, got;

	/* Sizes at which it depends on free memory whether allocation or copy fails first */
	if (request.buf.nr_ranges > 64 && request.buf.nr_ranges <= 1u << 18)
		request.buf.nr_ranges |= 1u << 31;
	for (int i = 0; i < 8; i++)
		request.ranges[i] =
			(struct vfio_region_dma_range){ any_offset(rig), any_offset(rig) };
	request.head.argsz = any_argsz(rig, sizeof(request));
	want = export_errno(rig, &request, avail);
	got = ioctl(rig->dev.fd, VFIO_DEVICE_FEATURE,
		    place(rig, &request, avail, random_chance(&rig->random, 10)));
	if (got < 0)
		got = -errno;
	require((got > 0 ? 0 : got) == want,
		"export flags 0x%x argsz %u avail %zu BAR %u flags 0x%x ranges %u: %d instead of %d",
		request.head.flags, request.head.argsz, avail, request.buf.region_index,
		request.buf.flags, request.buf.nr_ranges, got, want);
	if (got > 0)
		close(got);
}

static const struct input {
	const char *name;
	uint32_t weight;
	void (*send)(struct rig *rig);
} inputs[] = {
	{ "VFIO_DEVICE_FEATURE_DMA_BUF_TPH", 50, input_tph },
	{ "VFIO_DEVICE_FEATURE_DMA_BUF", 16, input_export },
	{ "DMA_BUF_IOCTL_SYNC", 8, input_sync },
	{ "DMA_BUF_SET_NAME", 4, input_name },
	{ "DMA_BUF_IOCTL_EXPORT_SYNC_FILE", 4, input_export_sync_file },
	{ "DMA_BUF_IOCTL_IMPORT_SYNC_FILE", 4, input_import_sync_file },
	{ "unknown ioctl", 4, input_unknown_ioctl },
	{ "lseek", 4, input_seek },
	{ "mmap", 3, input_mmap },
	{ "poll, read, write", 3, input_poll_and_io },
};
#define INPUTS (sizeof(inputs) / sizeof(inputs[0]))

static int export(struct vfio_dev *dev)
{
	const struct vfio_region_dma_range range = { 0, BUFFER_SIZE };
	int fd = vfio_export(dev->fd, 2, &range, 1);

	require(fd >= 0, "export: %s", strerror(-fd));
	return fd;
}

static void open_device(struct vfio_dev *dev, const char *bdf)
{
	int ret = vfio_open(dev, bdf);

	require(!ret, "%s: %s", bdf, strerror(-ret));
	ret = vfio_memory(dev->fd, dev->config, true);
	require(!ret, "memory on: %s", strerror(-ret));
}

static int udmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = BUFFER_SIZE };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd, memfd;

	memfd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	require(dev >= 0 && memfd >= 0, "udmabuf: %m");
	require(!ftruncate(memfd, BUFFER_SIZE) && !fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK),
		"memfd: %m");
	create.memfd = (uint32_t)memfd;
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	require(fd >= 0, "UDMABUF_CREATE: %m");
	close(dev);
	close(memfd);
	return fd;
}

static void open_descriptors(struct rig *rig, char **argv)
{
	struct dma_buf_export_sync_file fence = { .flags = DMA_BUF_SYNC_RW };
	int pipes[2];

	open_device(&rig->dev, argv[1]);
	rig->foreign[0] = export(&rig->dev); /* becomes a buffer of an earlier open */
	vfio_close(&rig->dev);
	open_device(&rig->dev, argv[1]);
	open_device(&rig->other, argv[2]);
	rig->own = export(&rig->dev);
	rig->foreign[1] = export(&rig->other);
	rig->foreign[2] = rig->dev.fd;
	rig->foreign[3] = udmabuf();
	require(!pipe(pipes), "pipe: %m");
	rig->foreign[4] = pipes[0];
	require(!ioctl(rig->own, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &fence), "EXPORT_SYNC_FILE: %m");
	rig->sync_file = rig->foreign[5] = fence.fd;
}

static void map_pages(struct rig *rig)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	require(fd >= 0 && !ftruncate(fd, 2 * PAGE), "memfd: %m");
	rig->page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	rig->page_ro = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	require(rig->page != MAP_FAILED && rig->page_ro != MAP_FAILED, "mmap: %m");
	require(!munmap(rig->page + PAGE, PAGE) && !munmap(rig->page_ro + PAGE, PAGE), "munmap: %m");
	close(fd);
}

/* The first six lines of "resource" are the BARs: start, end, flags. */
static void read_bars(struct rig *rig, const char *bdf)
{
	uint64_t start, end, flags;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "r");
	require(file, "%s: %m", path);
	for (int i = 0; i < 6; i++) {
		require(fscanf(file, "%" SCNx64 "%" SCNx64 "%" SCNx64, &start, &end, &flags) == 3,
			"%s", path);
		rig->bar[i].start = start;
		rig->bar[i].size = end ? end - start + 1 : 0;
	}
	fclose(file);
}

static void send_one(struct rig *rig, unsigned long *counts)
{
	uint32_t at = random_below(&rig->random, 100), i;

	for (i = 0; at >= inputs[i].weight; i++)
		at -= inputs[i].weight;
	inputs[i].send(rig);
	counts[i]++;
}

int main(int argc, char **argv)
{
	unsigned long counts[INPUTS] = { 0 }, n, total = 0, count;
	struct rig rig = { .own = -1 };
	struct timespec start, end;

	args_count(argc, 3, 4, "BDF OTHER_BDF COUNT [SEED]");
	count = args_number("COUNT", argv[3], 1, ULONG_MAX);
	setvbuf(stdout, NULL, _IOLBF, 0);
	rig.random = random_seed(argv[4]);
	printf("+ seed 0x%" PRIx64 "\n", rig.random);
	open_descriptors(&rig, argv);
	map_pages(&rig);
	read_bars(&rig, argv[1]);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (n = count; n; n--)
		send_one(&rig, counts);
	clock_gettime(CLOCK_MONOTONIC, &end);
	tag_is_unchanged(&rig);
	for (size_t i = 0; i < INPUTS; i++) {
		printf("%-34s %8lu\n", inputs[i].name, counts[i]);
		require(counts[i], "no input to %s", inputs[i].name);
		total += counts[i];
	}
	printf("%lu inputs in %ld s\n", total, (long)(end.tv_sec - start.tv_sec));
	return 0;
}
