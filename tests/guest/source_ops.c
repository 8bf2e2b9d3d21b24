// SPDX-License-Identifier: MIT
/*
 * Buffers of all sources, and importers of them:
 *
 *	source_ops make SOURCE [IBDEV]	SOURCE: udmabuf, heap, or a DRM card node
 *	source_ops drm CARD BDF TAG	import tagged BAR memory into a DRM driver
 *	source_ops ioas BDF RANGES	map 1 or 2 ranges of BAR 2 into an IOAS
 *	source_ops registry BDF IBDEV	a registry of regions across a new tag
 *
 * Prints one line for each step: the step, "ok" or the negative errno, the reason.
 * The exit status is 0 if all steps before the last one succeeded; the caller judges the result
 * of the last one.
 */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <tphbuf/drm.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define LENGTH 0x100000

static struct tphbuf_ctx *ctx;

/* Print the result of a step. Return: @ret. */
static int step(const char *what, int ret)
{
	if (!ret)
		printf("%s: ok\n", what);
	else
		printf("%s: %d (%s)\n", what, ret, tphbuf_ctx_error(ctx));
	return ret;
}

static int make_buffer(const char *source, struct tphbuf_buffer **buf)
{
	struct tphbuf_drm_info info = { .size = sizeof(info) };
	int drm;

	if (!strcmp(source, "udmabuf"))
		return step("make", tphbuf_buffer_udmabuf(ctx, LENGTH, buf));
	if (!strcmp(source, "heap"))
		return step("make", tphbuf_buffer_heap(ctx, NULL, LENGTH, buf));
	drm = open(source, O_RDWR | O_CLOEXEC);
	if (drm < 0 || step("info", tphbuf_drm_query(ctx, drm, &info)))
		return -ENODEV;
	printf("driver: %s, device %s, export %d, import %d\n", info.driver,
	       info.bdf[0] ? info.bdf : "none", info.can_export, info.can_import);
	return step("make", tphbuf_drm_dumb(ctx, drm, LENGTH, buf));
}

/* Write and read through the CPU mapping. */
static int use_by_cpu(struct tphbuf_buffer *buf)
{
	unsigned char *bytes;
	void *addr;
	size_t i;
	int ret;

	ret = step("map", tphbuf_buffer_map(buf, &addr));
	if (!ret)
		ret = step("begin",
			   tphbuf_buffer_cpu_begin(buf, TPHBUF_CPU_READ | TPHBUF_CPU_WRITE));
	if (ret)
		return ret;
	bytes = addr;
	for (i = 0; i < tphbuf_buffer_length(buf); i++)
		bytes[i] = (unsigned char)(i * 7);
	for (i = 0; i < tphbuf_buffer_length(buf) && !ret; i++)
		if (bytes[i] != (unsigned char)(i * 7))
			ret = -EIO;
	step("compare", ret);
	return ret ? ret :
		     step("end", tphbuf_buffer_cpu_end(buf, TPHBUF_CPU_READ | TPHBUF_CPU_WRITE));
}

static int cmd_make(const char *source, const char *ibdev)
{
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	struct tphbuf_buffer *buf;
	struct tphbuf_mr *mr;
	int ret;

	ret = make_buffer(source, &buf);
	if (!ret)
		ret = use_by_cpu(buf);
	if (ret)
		return 1;
	/* Without a device there is no tag; the call must report that and change nothing. */
	if (step("tag", tphbuf_buffer_tag_set(buf, &tag)) != -EOPNOTSUPP)
		return 1;
	if (ibdev && !step("register", tphbuf_mr_register(buf, open_pd(ibdev), NULL, &mr)))
		step("deregister", tphbuf_mr_deregister(mr));
	tphbuf_buffer_close(buf);
	return 0;
}

static int export_bar(const char *bdf, size_t ranges, const char *tag_text,
		      struct tphbuf_device **dev, struct tphbuf_buffer **buf)
{
	const struct tphbuf_range range[2] = {
		{ 0, LENGTH },
		{ 2 * LENGTH, LENGTH },
	};
	struct tphbuf_export_opts opts = { .size = sizeof(opts) };
	struct tphbuf_tag tag;
	int ret;

	if (tag_text && tphbuf_tag_parse(tag_text, &tag, NULL))
		return step("parse", -EINVAL);
	if (tag_text)
		opts.tag = &tag;
	ret = step("open", tphbuf_device_open(ctx, bdf, NULL, dev));
	if (!ret)
		ret = step("memory", tphbuf_device_memory(*dev, true));
	if (!ret)
		ret = step("export", tphbuf_buffer_export(*dev, 2, range, ranges, &opts, buf));
	return ret;
}

static int cmd_drm(const char *card, const char *bdf, const char *tag)
{
	struct tphbuf_drm_info info = { .size = sizeof(info) };
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	uint32_t handle, again;
	int drm = open(card, O_RDWR | O_CLOEXEC);
	int other = open(card, O_RDWR | O_CLOEXEC);

	if (drm < 0 || other < 0 || step("info", tphbuf_drm_query(ctx, drm, &info)) ||
	    export_bar(bdf, 1, tag, &dev, &buf))
		return 1;
	printf("driver: %s, device %s\n", info.driver, info.bdf);
	if (step("import", tphbuf_drm_import(buf, drm, &handle)))
		return 0;
	if (step("import again", tphbuf_drm_import(buf, drm, &again)) || again != handle)
		return 1;
	/* The importer must drop its mapping when the device is reset. */
	step("reset", tphbuf_device_reset(dev));
	/* A buffer without a handle is mapped anew, and that is refused. */
	step("memory off", tphbuf_device_memory(dev, false));
	step("import, revoked", tphbuf_drm_import(buf, other, &again));
	return step("release", tphbuf_drm_release(ctx, drm, handle)) ? 1 : 0;
}

static int cmd_ioas(const char *bdf, size_t ranges)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.length = LENGTH,
	};
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	int iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (export_bar(bdf, ranges, NULL, &dev, &buf) || ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc))
		return 1;
	map.ioas_id = alloc.out_ioas_id;
	map.fd = tphbuf_buffer_fd(buf);
	printf("map file: %d\n", ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map) ? -errno : 0);
	return 0;
}

/* The same bytes twice give one region; after a new tag, another one. */
static int cmd_registry(const char *bdf, const char *ibdev)
{
	struct tphbuf_mr_opts mr = {
		.size = sizeof(mr),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct tphbuf_registry_opts opts = {
		.size = sizeof(opts),
		.arg = &mr,
		.ops = tphbuf_mr_registry_ops(),
	};
	struct tphbuf_registry_stats stats = { .size = sizeof(stats) };
	static const char *const tags[] = { "st=1,xst=0x101", "st=1,xst=0x101",
					    "st=2,xst=0x102,ph=1" };
	struct ibv_pd *pd = open_pd(ibdev);
	struct tphbuf_registry *reg;
	struct tphbuf_registration *region;
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	char text[300];
	size_t i;
	int ret;

	if (!pd || export_bar(bdf, 1, NULL, &dev, &buf) ||
	    step("registry", tphbuf_registry_new(ctx, &opts, &reg)))
		return 1;
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct tphbuf_applied a = { .size = sizeof(a) };
		struct tphbuf_tag tag;

		tphbuf_tag_parse(tags[i], &tag, NULL);
		if (step("tag", tphbuf_buffer_tag_set(buf, &tag)))
			return 1;
		ret = tphbuf_registry_get(reg, pd, buf, 0x10, 0x20, 0, &region);
		if (ret) {
			tphbuf_registry_error(reg, text, sizeof(text));
			printf("get: %d (%s)\n", ret, text);
			return 1;
		}
		ret = tphbuf_mr_applied(tphbuf_registration_mr(region), &a);
		tphbuf_tag_format(&a.tag, text, sizeof(text));
		printf("applied: %d %s\n", ret, text);
		tphbuf_registration_put(region);
	}
	tphbuf_registry_read_stats(reg, &stats);
	printf("hits %d, misses %d, stale %d\n", (int)stats.hits, (int)stats.misses,
	       (int)stats.stale);
	return step("free", tphbuf_registry_free(reg)) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct {
		int least, most;
		const char *usage;
	} commands[] = {
		{ 2, 3, "make SOURCE [IBDEV]" },
		{ 4, 4, "drm CARD BDF TAG" },
		{ 3, 3, "ioas BDF RANGES" },
		{ 3, 3, "registry BDF IBDEV" },
	};
	unsigned int which;
	size_t ranges = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	args_count(argc, 2, 4, "make|drm|ioas|registry ARGUMENT...");
	which = args_word("COMMAND", argv[1], "make|drm|ioas|registry");
	args_count(argc, commands[which].least, commands[which].most, commands[which].usage);
	if (which == 2)
		ranges = args_number("RANGES", argv[3], 1, 2);
	if (tphbuf_ctx_new(NULL, &ctx))
		return 1;
	switch (which) {
	case 0:
		return cmd_make(argv[2], argv[3]);
	case 1:
		return cmd_drm(argv[2], argv[3], argv[4]);
	case 2:
		return cmd_ioas(argv[2], ranges);
	default:
		return cmd_registry(argv[2], argv[3]);
	}
}
