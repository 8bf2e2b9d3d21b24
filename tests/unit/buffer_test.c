// SPDX-License-Identifier: MIT
/* Buffers: lib/buffer/buffer.c, lib/buffer/ranges.c. */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define GET_DMA_BUF (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF)

static void size_parse_bad_texts(void **state)
{
	static const char *const bad[] = {
		"",
		"K",
		"x",
		"-1",
		"1KK",
		"1KB",
		"1 K",
		"0x",
		"1.5M",
		"1T",
		"18446744073709551616",
		"18014398509481984K",
		"17592186044416M",
		"17179869184G",
	};
	uint64_t value = 7;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < NR(bad); i++) {
		why = NULL;
		if (tphbuf_size_parse(bad[i], &value, &why) != -EINVAL || !why)
			fail_msg("'%s' is accepted", bad[i]);
	}
	assert_int_equal(value, 7);
	assert_int_equal(tphbuf_size_parse(NULL, &value, NULL), -EINVAL);
	assert_int_equal(tphbuf_size_parse("1", NULL, &why), -EINVAL);
}

static void size_parse_suffixes(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "0x1000", 4096 },
		{ "4K", 4096 },
		{ "4k", 4096 },
		{ "1M", 1 << 20 },
		{ "0x10m", 16 << 20 },
		{ "2G", 2ull << 30 },
		{ "2g", 2ull << 30 },
		{ "17179869183G", 17179869183ull << 30 },
	};
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < NR(good); i++) {
		assert_int_equal(tphbuf_size_parse(good[i].text, &value, NULL), 0);
		assert_true(value == good[i].value);
	}
}

static void range_parse_forms(void **state)
{
	static const char *const bad[] = {
		"", "+", "0", "0+", "+4K", "0-4K", "0+4K+4K", "0:4K", "x+4K",
	};
	struct tphbuf_range range = { 1, 2 };
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < NR(bad); i++) {
		why = NULL;
		if (tphbuf_range_parse(bad[i], &range, &why) != -EINVAL || !why)
			fail_msg("'%s' is accepted", bad[i]);
	}
	assert_int_equal(range.offset, 1);
	assert_int_equal(tphbuf_range_parse(NULL, &range, NULL), -EINVAL);
	assert_int_equal(tphbuf_range_parse("0+1", NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_range_parse("0x10000+64K", &range, NULL), 0);
	assert_int_equal(range.offset, 0x10000);
	assert_int_equal(range.length, 0x10000);
}

static int try_export(struct fixture *f, unsigned int bar, const struct tphbuf_range *ranges,
		      size_t n)
{
	struct tphbuf_buffer *buf = NULL;
	int ret = tphbuf_buffer_export(f->dev, bar, ranges, n, NULL, &buf);

	if (ret)
		assert_null(buf);
	tphbuf_buffer_close(buf);
	return ret;
}

static void export_bad_arguments(void **state)
{
	const struct tphbuf_range range = { 0, 4096 };
	struct tphbuf_export_opts unset = { 0 };
	struct fixture *f = *state;
	struct tphbuf_buffer *buf;

	assert_int_equal(tphbuf_buffer_export(NULL, 2, &range, 1, NULL, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, &unset, &buf), -EINVAL);
	assert_int_equal(try_export(f, 2, NULL, 1), -EINVAL);
	assert_int_equal(try_export(f, 2, &range, 0), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "no range");
	assert_int_equal(try_export(f, 6, &range, 1), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "no BAR6");
	assert_int_equal(try_export(f, 4, &range, 1), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "no BAR4");
	assert_int_equal(try_export(f, UINT32_MAX, &range, 1), -EINVAL);
}

static void export_bad_ranges_name_the_range_and_the_reason(void **state)
{
	static const struct {
		struct tphbuf_range ranges[3];
		size_t n;
		const char *part[2];
	} cases[] = {
		{ { { 0, 0 } }, 1, { "0x0+0x0", "empty" } },
		{ { { 0, 4096 }, { 8192, 0 } }, 2, { "0x2000+0x0", "empty" } },
		{ { { 0x800, 4096 } }, 1, { "0x800", "start on a page" } },
		{ { { 0, 4097 } }, 1, { "0x1001", "whole number" } },
		{ { { FAKE_BAR2_SIZE, 4096 } }, 1, { "0x4000000", "starts" } },
		{ { { FAKE_BAR2_SIZE - 4096, 8192 } }, 1, { "0x2000", "ends" } },
		{ { { 0, ~0xfffull } }, 1, { "0xfffffffffffff000", "ends" } },
		{ { { ~0xfffull, 4096 } }, 1, { "", "starts after" } },
		{ { { ~0xfffull, ~0xfffull } }, 1, { "", "wraps" } },
		{ { { 0, 8192 }, { 4096, 8192 } }, 2, { "0x1000+0x2000", "overlap" } },
		{ { { 0x5000, 4096 }, { 0, 0x6000 } }, 2, { "0x5000+0x1000", "overlap" } },
		{ { { 4096, 4096 }, { 0, 4096 }, { 4096, 4096 } }, 3, { "0x1000+0x1000", "overlap" } },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		assert_int_equal(try_export(f, 2, cases[i].ranges, cases[i].n), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, cases[i].part[0]);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, cases[i].part[1]);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, FAKE_BDF);
	}
	assert_int_equal(fake_nr_dmabufs(), 0);
}

static void export_number_of_ranges_is_limited(void **state)
{
	struct tphbuf_range *ranges;
	struct fixture *f = *state;
	size_t i;

	ranges = test_calloc(TPHBUF_MAX_RANGES + 1, sizeof(*ranges));
	for (i = 0; i <= TPHBUF_MAX_RANGES; i++) {
		ranges[i].offset = 2 * i * 4096;
		ranges[i].length = 4096;
	}
	assert_int_equal(try_export(f, 2, ranges, TPHBUF_MAX_RANGES + 1), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "too many");
	assert_int_equal(try_export(f, 2, ranges, TPHBUF_MAX_RANGES), 0);
	test_free(ranges);
}

static void export_kernel_errors_are_explained(void **state)
{
	static const struct {
		int err;
		const char *part;
	} cases[] = {
		{ ENOTTY, "no vfio dma-buf export" },
		{ EOPNOTSUPP, "variant driver" },
		{ ENODEV, "claim the BAR" },
		{ EINVAL, "peer-to-peer" },
		{ EMFILE, "ulimit" },
		{ ENOMEM, "" },
	};
	const struct tphbuf_range range = { 0, 4096 };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_feature(GET_DMA_BUF, cases[i].err);
		assert_int_equal(try_export(f, 2, &range, 1), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_EXPORT, cases[i].part);
		assert_error_at(f->ctx, TPHBUF_STAGE_EXPORT, FAKE_BDF " BAR2");
	}
	fake.has_dmabuf = false;
	assert_int_equal(try_export(f, 2, &range, 1), -ENOTTY);
}

static void export_of_several_ranges_keeps_their_order(void **state)
{
	const struct tphbuf_range ranges[] = {
		{ 0x8000, 0x1000 },
		{ 0, 0x2000 },
		{ 0x2000, 0x1000 },
	};
	const struct tphbuf_range *got;
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	size_t n;

	assert_int_equal(tphbuf_buffer_export(f->dev, 2, ranges, 3, NULL, &buf), 0);
	assert_int_equal(tphbuf_buffer_length(buf), 0x4000);
	assert_int_equal(tphbuf_buffer_bar(buf), 2);
	assert_ptr_equal(tphbuf_buffer_device(buf), f->dev);
	got = tphbuf_buffer_ranges(buf, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(got, ranges, sizeof(ranges));
	assert_int_equal(lseek(tphbuf_buffer_fd(buf), 0, SEEK_END), 0x4000);
	assert_true(fcntl(tphbuf_buffer_fd(buf), F_GETFD) & FD_CLOEXEC);
	tphbuf_buffer_close(buf);
}

static void export_never_returns_a_standard_descriptor(void **state)
{
	const struct tphbuf_range range = { 0, 4096 };
	int saved = dup(STDIN_FILENO);
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;

	/* The kernel takes the lowest free number. */
	close(STDIN_FILENO);
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, NULL, &buf), 0);
	assert_true(tphbuf_buffer_fd(buf) > STDERR_FILENO);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	tphbuf_buffer_close(buf);
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void export_with_a_tag_that_fails_leaves_nothing(void **state)
{
	const struct tphbuf_range range = { 0, 4096 };
	const struct tphbuf_tag tag = { TPHBUF_TAG_XST, 0x1234, 0, 1 };
	struct tphbuf_export_opts opts = { sizeof(opts), &tag };
	struct tphbuf_buffer *buf = NULL;
	struct fixture *f = *state;

	fake.supported = TPHBUF_TAG_ST;
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, &opts, &buf), -EOPNOTSUPP);
	assert_null(buf);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "Extended");
	assert_int_equal(fake_nr_dmabufs(), 1);
	assert_int_equal(fake_dmabuf_tag()->flags, 0);
}

static void buffer_outlives_its_device_handle(void **state)
{
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	struct fixture *f = *state;

	tphbuf_device_close(f->dev);
	f->dev = NULL;
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag), 0);
	assert_int_equal(fake_dmabuf_tag()->st, 0x5a);
}

static void import_bad_descriptors(void **state)
{
	struct tphbuf_import_opts unset = { 0 };
	struct tphbuf_buffer *buf = NULL;
	struct fixture *f = *state;
	int fd;

	assert_int_equal(tphbuf_buffer_import(NULL, 0, NULL, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_import(f->ctx, -1, NULL, &buf), -EBADF);
	assert_error_at(f->ctx, TPHBUF_STAGE_IMPORT, "descriptor -1");
	assert_int_equal(tphbuf_buffer_import(f->ctx, 9999, NULL, &buf), -EBADF);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &buf), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_IMPORT, "not a dma-buf");
	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, &unset, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, NULL), -EINVAL);
	close(fd);
	assert_null(buf);
}

/* The type of a descriptor is read from the context's procfs. */
static void import_asks_the_procfs_of_the_context(void **state)
{
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts) };
	int fd = memfd_create("dmabuf", MFD_CLOEXEC), i;
	struct tphbuf_buffer *buf;
	struct tphbuf_ctx *ctx;
	char proc[512], file[64];

	(void)state;
	snprintf(proc, sizeof(proc), "%s", fake_path("proc"));
	opts.proc_root = proc;
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	assert_int_equal(tphbuf_buffer_import(ctx, fd, NULL, &buf), -ENOENT);
	assert_error_at(ctx, TPHBUF_STAGE_IMPORT, "proc_root");
	for (i = 0; i < 64; i++) {
		snprintf(file, sizeof(file), "proc/self/fdinfo/%d", i);
		fake_text(file, "pos:\t0\nexp_name:\tother\n");
	}
	assert_int_equal(tphbuf_buffer_import(ctx, fd, NULL, &buf), 0);
	tphbuf_buffer_close(buf);
	tphbuf_ctx_free(ctx);
	close(fd);
}

static void import_duplicates_the_descriptor(void **state)
{
	int fd = fake_foreign_dmabuf(0x3000);
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	size_t n = 7;

	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &buf), 0);
	assert_int_not_equal(tphbuf_buffer_fd(buf), fd);
	close(fd);
	assert_int_equal(tphbuf_buffer_length(buf), 0x3000);
	assert_int_equal(tphbuf_buffer_bar(buf), -1);
	assert_null(tphbuf_buffer_device(buf));
	assert_null(tphbuf_buffer_ranges(buf, &n));
	assert_int_equal(n, 0);
	assert_int_equal(tphbuf_buffer_source(buf), TPHBUF_SOURCE_FOREIGN);
	tphbuf_buffer_close(buf);
}

static void identity_is_the_same_for_every_descriptor(void **state)
{
	const struct tphbuf_range range = { 0, 4096 };
	struct tphbuf_buffer *same, *other;
	struct fixture *f = *state;
	struct tphbuf_identity a, b;

	assert_int_equal(tphbuf_buffer_import(f->ctx, tphbuf_buffer_fd(f->buf), NULL, &same), 0);
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, NULL, &other), 0);
	a = tphbuf_buffer_identity(f->buf);
	b = tphbuf_buffer_identity(same);
	assert_true(a.ino);
	assert_memory_equal(&a, &b, sizeof(a));
	b = tphbuf_buffer_identity(other);
	assert_int_not_equal(a.ino, b.ino);
	assert_int_equal(tphbuf_buffer_source(other), TPHBUF_SOURCE_BAR);
	assert_string_equal(tphbuf_source_name(TPHBUF_SOURCE_BAR), "bar");
	assert_string_equal(tphbuf_source_name((enum tphbuf_source)99), "unknown");
	tphbuf_buffer_close(same);
	tphbuf_buffer_close(other);
}

static void identity_is_read_once(void **state)
{
	struct tphbuf_identity none;
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;

	/* A dma-buf that cannot be identified is not imported; an exported one is asked when needed. */
	fake_fail_call("fstat", EIO);
	assert_int_equal(tphbuf_buffer_import(f->ctx, tphbuf_buffer_fd(f->buf), NULL, &buf), -EIO);
	fake_fail_call("fstat", EIO);
	none = tphbuf_buffer_identity(f->buf);
	assert_true(!none.dev && !none.ino);
	fake_fail_call(NULL, 0);
	assert_true(tphbuf_buffer_identity(f->buf).ino);
	fake_fail_call("fstat", EIO);
	assert_true(tphbuf_buffer_identity(f->buf).ino);
	fake_fail_call(NULL, 0);
	none = tphbuf_buffer_identity(NULL);
	assert_true(!none.dev && !none.ino);
}

/* An export costs one ioctl, a tag another one. */
static void export_and_tag_make_few_system_calls(void **state)
{
	static const struct tphbuf_range range = { 0, 4096 };
	static const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	struct fixture *f = *state;
	struct tphbuf_buffer *buf;

	/* The first tag of a device probes the feature. */
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag), 0);
	fault_arm(100);
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, &range, 1, NULL, &buf), 0);
	assert_int_equal(fault_calls(), 3); /* and two allocations */
	assert_int_equal(tphbuf_buffer_tag_set(buf, &tag), 0);
	assert_int_equal(fault_calls(), 4);
	fault_disarm();
	tphbuf_buffer_close(buf);
}

static void imported_buffers_are_mapped_through_the_dmabuf(void **state)
{
	static const struct {
		int err, ret;
	} cases[] = {
		/* An exporter without mmap, like vfio. */
		{ EINVAL, -EOPNOTSUPP },
		{ ENODEV, -EOPNOTSUPP },
		{ ENOMEM, -ENOMEM },
		{ EPERM, -EPERM },
	};
	int fd = fake_foreign_dmabuf(0x3000);
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	char byte = 0;
	void *addr;
	size_t i;

	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &buf), 0);
	for (i = 0; i < NR(cases); i++) {
		fake_fail_call("mmap", cases[i].err);
		assert_int_equal(tphbuf_buffer_map(buf, &addr), cases[i].ret);
	}
	fake_fail_call("mmap", EINVAL);
	tphbuf_buffer_map(buf, &addr);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "foreign buffer");
	assert_int_equal(tphbuf_buffer_map(buf, &addr), 0);
	assert_int_equal(tphbuf_buffer_map(buf, &addr), -EBUSY);
	((char *)addr)[0x2fff] = 'x';
	assert_int_equal(pread(fd, &byte, 1, 0x2fff), 1);
	assert_int_equal(byte, 'x');
	tphbuf_buffer_close(buf);
	close(fd);
}

static void cpu_access_is_announced_to_the_exporter(void **state)
{
	int fd = fake_foreign_dmabuf(0x1000);
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;

	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &buf), 0);
	close(fd);
	assert_int_equal(tphbuf_buffer_cpu_begin(NULL, TPHBUF_CPU_READ), -EINVAL);
	assert_int_equal(tphbuf_buffer_cpu_begin(buf, 0), -EINVAL);
	assert_int_equal(tphbuf_buffer_cpu_end(buf, 4), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "access 0x4");
	/* Interrupted calls are repeated. */
	fake_fail_ioctl(DMA_BUF_IOCTL_SYNC, 1, EINTR);
	assert_int_equal(tphbuf_buffer_cpu_begin(buf, TPHBUF_CPU_WRITE), 0);
	fake_fail_ioctl(DMA_BUF_IOCTL_SYNC, 1, EAGAIN);
	assert_int_equal(tphbuf_buffer_cpu_end(buf, TPHBUF_CPU_WRITE | TPHBUF_CPU_READ), 0);
	assert_int_equal(fake_sync[0], DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_START);
	assert_int_equal(fake_sync[1], DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END);
	fake_fail_ioctl(DMA_BUF_IOCTL_SYNC, 1, EIO);
	assert_int_equal(tphbuf_buffer_cpu_end(buf, TPHBUF_CPU_READ), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGION, "end of a CPU access");
	/* BAR memory needs none. */
	assert_int_equal(tphbuf_buffer_cpu_begin(f->buf, TPHBUF_CPU_READ), 0);
	assert_int_equal(fake_sync[2], 0);
	tphbuf_buffer_close(buf);
}

static void map_shows_the_ranges_in_order(void **state)
{
	const struct tphbuf_range ranges[] = {
		{ 0x8000, 0x1000 },
		{ 0, 0x2000 },
	};
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	char byte = 0;
	void *addr;

	assert_int_equal(tphbuf_buffer_export(f->dev, 2, ranges, 2, NULL, &buf), 0);
	assert_int_equal(tphbuf_buffer_map(buf, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_map(buf, &addr), 0);
	assert_int_equal(tphbuf_buffer_map(buf, &addr), -EBUSY);
	((char *)addr)[0] = 'a';
	((char *)addr)[0x1000] = 'b';
	assert_int_equal(pread(tphbuf_device_fd(f->dev), &byte, 1, (2ll << 28) + 0x8000), 1);
	assert_int_equal(byte, 'a');
	assert_int_equal(pread(tphbuf_device_fd(f->dev), &byte, 1, 2ll << 28), 1);
	assert_int_equal(byte, 'b');
	tphbuf_buffer_unmap(buf);
	tphbuf_buffer_unmap(buf);
	assert_int_equal(tphbuf_buffer_map(buf, &addr), 0);
	/* Closing removes the mapping. */
	tphbuf_buffer_close(buf);
}

static void failed_map_leaves_the_buffer_unmapped(void **state)
{
	struct tphbuf_device *dev;
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	const struct tphbuf_range range = { 0, 4096 };
	void *addr;

	fake_fail_call("mmap", EPERM);
	assert_int_equal(tphbuf_buffer_map(f->buf, &addr), -EPERM);
	assert_int_equal(tphbuf_buffer_map(f->buf, &addr), 0);
	fake.bar_flags[2] = 0;
	assert_int_equal(tphbuf_device_open(f->ctx, FAKE_BDF, NULL, &dev), 0);
	assert_int_equal(tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf), 0);
	assert_int_equal(tphbuf_buffer_map(buf, &addr), -EOPNOTSUPP);
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
}

static void null_buffer_is_harmless(void **state)
{
	size_t n = 3;
	void *addr;

	(void)state;
	tphbuf_buffer_close(NULL);
	tphbuf_buffer_unmap(NULL);
	assert_int_equal(tphbuf_buffer_fd(NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_length(NULL), 0);
	assert_int_equal(tphbuf_buffer_bar(NULL), -1);
	assert_null(tphbuf_buffer_device(NULL));
	assert_null(tphbuf_buffer_ranges(NULL, &n));
	assert_int_equal(n, 0);
	assert_null(tphbuf_buffer_ranges(NULL, NULL));
	assert_int_equal(tphbuf_buffer_map(NULL, &addr), -EINVAL);
}

static int op_export_and_map(struct fixture *f)
{
	const struct tphbuf_range ranges[] = { { 0, 4096 }, { 8192, 4096 } };
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	struct tphbuf_export_opts opts = { sizeof(opts), &tag };
	struct tphbuf_buffer *buf;
	void *addr;
	int ret;

	ret = tphbuf_buffer_export(f->dev, 2, ranges, 2, &opts, &buf);
	if (ret)
		return ret;
	ret = tphbuf_buffer_map(buf, &addr);
	tphbuf_buffer_close(buf);
	return ret;
}

static int op_import(struct fixture *f)
{
	struct tphbuf_buffer *buf;
	int ret = tphbuf_buffer_import(f->ctx, tphbuf_buffer_fd(f->buf), NULL, &buf);

	if (!ret)
		tphbuf_buffer_close(buf);
	return ret;
}

static void every_failing_call_of_export_is_reported(void **state)
{
	sweep_faults(*state, op_export_and_map);
}

static void every_failing_call_of_import_is_reported(void **state)
{
	sweep_faults(*state, op_import);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_parse_bad_texts),
		cmocka_unit_test(size_parse_suffixes),
		cmocka_unit_test(range_parse_forms),
		TEST(export_bad_arguments, device),
		TEST(export_bad_ranges_name_the_range_and_the_reason, device),
		TEST(export_number_of_ranges_is_limited, device),
		TEST(export_kernel_errors_are_explained, device),
		TEST(export_of_several_ranges_keeps_their_order, device),
		TEST(export_never_returns_a_standard_descriptor, device),
		TEST(export_with_a_tag_that_fails_leaves_nothing, device),
		TEST(buffer_outlives_its_device_handle, buffer),
		TEST(import_bad_descriptors, ctx),
		TEST(import_asks_the_procfs_of_the_context, ctx),
		TEST(import_duplicates_the_descriptor, ctx),
		TEST(identity_is_the_same_for_every_descriptor, buffer),
		TEST(identity_is_read_once, buffer),
		TEST(export_and_tag_make_few_system_calls, buffer),
		TEST(imported_buffers_are_mapped_through_the_dmabuf, ctx),
		TEST(cpu_access_is_announced_to_the_exporter, buffer),
		TEST(map_shows_the_ranges_in_order, device),
		TEST(failed_map_leaves_the_buffer_unmapped, buffer),
		cmocka_unit_test(null_buffer_is_harmless),
		TEST(every_failing_call_of_export_is_reported, device),
		TEST(every_failing_call_of_import_is_reported, buffer),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
