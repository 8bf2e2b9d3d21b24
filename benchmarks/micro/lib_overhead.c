// SPDX-License-Identifier: MIT
/*
 * lib_overhead BDF NIC COUNT: time of export + tag + register of 1 MiB, by raw calls and by the
 * library, with the same arguments to the kernel on the same open device. The release is not
 * timed, nor is the first pair, which fills the driver's pools for later ones.
 *
 * The order of the two alternates, so that neither always runs after the other (caches, deferred
 * work). Prints for each pair a line "raw MICROSECONDS" and a line "extra MICROSECONDS", the
 * additional time of the library: registrations of the same kind vary by tens of microseconds
 * within a second, so that only adjacent ones compare.
 *
 * The library makes no system call of its own here; its share is its instructions. make bench
 * runs this program with a clock that counts instructions (benchmarks/guest/count.sh); a real
 * clock needs thousands of pairs for a result.
 */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>
#include <unistd.h>

#include "benchmarks/micro/clock.h"
#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define LENGTH (1u << 20)
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)
#define BAR    2

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "lib_overhead: %s: %s\n", what, why);
	return 1;
}

/* us, or negative */
static double raw(int device, struct ibv_pd *pd)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf buf;
		struct vfio_region_dma_range range;
	} export = {
		.head = { sizeof(export), VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF },
		.buf = { .region_index = BAR, .open_flags = O_RDWR | O_CLOEXEC, .nr_ranges = 1 },
		.range = { 0, LENGTH },
	};
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf_tph tph;
	} tag = {
		.head = { sizeof(tag), VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH },
		.tph = { .flags = VFIO_DMA_BUF_TPH_ST, .steering_tag = 0x5a, .ph = 2 },
	};
	double start = now_us(), end;
	struct ibv_mr *mr = NULL;
	int fd;

	fd = ioctl(device, VFIO_DEVICE_FEATURE, &export);
	if (fd < 0)
		return -1;
	tag.tph.dmabuf_fd = fd;
	if (!ioctl(device, VFIO_DEVICE_FEATURE, &tag))
		mr = ibv_reg_dmabuf_mr(pd, 0, LENGTH, 0, fd, ACCESS);
	end = now_us();
	if (!mr || ibv_dereg_mr(mr) || close(fd))
		return -1;
	return end - start;
}

static double library(struct tphbuf_device *dev, struct ibv_pd *pd)
{
	static const struct tphbuf_tag tag = { .valid = TPHBUF_TAG_ST, .st = 0x5a, .ph = 2 };
	static const struct tphbuf_range range = { 0, LENGTH };
	struct tphbuf_mr_opts opts = { .size = sizeof(opts), .access = ACCESS };
	double start = now_us(), end;
	struct tphbuf_buffer *buf;
	struct tphbuf_mr *mr;

	if (tphbuf_buffer_export(dev, BAR, &range, 1, NULL, &buf))
		return -1;
	if (tphbuf_buffer_tag_set(buf, &tag) || tphbuf_mr_register(buf, pd, &opts, &mr))
		return -1;
	end = now_us();
	if (tphbuf_mr_deregister(mr))
		return -1;
	tphbuf_buffer_close(buf);
	return end - start;
}

int main(int argc, char **argv)
{
	struct tphbuf_device *dev;
	struct tphbuf_ctx *ctx;
	struct ibv_pd *pd;
	double us[2];
	int count;

	args_count(argc, 3, 3, "BDF NIC COUNT");
	count = (int)args_number("COUNT", argv[3], 1, 1000000000);
	if (tphbuf_ctx_new(NULL, &ctx))
		return failed("context", "out of memory");
	if (tphbuf_device_open(ctx, argv[1], NULL, &dev) || tphbuf_device_memory(dev, true))
		return failed(argv[1], tphbuf_ctx_error(ctx));
	pd = open_pd(argv[2]);
	if (!pd)
		return failed(argv[2], strerror(errno));
	for (int i = 0; i <= count; i++) {
		for (int turn = 0; turn < 2; turn++) {
			int which = (i + turn) & 1;

			us[which] = which ? library(dev, pd) : raw(tphbuf_device_fd(dev), pd);
			if (us[which] < 0)
				return failed(which ? "library" : "raw calls",
					      which ? tphbuf_ctx_error(ctx) : strerror(errno));
		}
		if (i)
			printf("raw %.2f\nextra %.2f\n", us[0], us[1] - us[0]);
	}
	ibv_close_device(pd->context);
	tphbuf_device_close(dev);
	tphbuf_ctx_free(ctx);
	return 0;
}
