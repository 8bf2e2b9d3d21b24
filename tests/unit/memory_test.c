// SPDX-License-Identifier: MIT
/* Buffers of host memory: lib/buffer/memory.c. */
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <unistd.h>

#include "tests/unit/test.h"

static int udmabuf(struct fixture *f, uint64_t length)
{
	struct tphbuf_buffer *buf = NULL;
	int ret = tphbuf_buffer_udmabuf(f->ctx, length, &buf);

	if (ret)
		assert_null(buf);
	tphbuf_buffer_close(buf);
	return ret;
}

static int heap(struct fixture *f, const char *name, uint64_t length)
{
	struct tphbuf_buffer *buf = NULL;
	int ret = tphbuf_buffer_heap(f->ctx, name, length, &buf);

	if (ret)
		assert_null(buf);
	tphbuf_buffer_close(buf);
	return ret;
}

static void bad_arguments(void **state)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"../udmabuf",
		"a/b",
		"/dev/null",
		"012345678901234567890123456789012345678901234567890123456789",
	};
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(tphbuf_buffer_udmabuf(NULL, 1, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_udmabuf(f->ctx, 1, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_heap(NULL, NULL, 1, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_heap(f->ctx, NULL, 1, NULL), -EINVAL);
	assert_int_equal(udmabuf(f, 0), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "length 0x0");
	assert_int_equal(udmabuf(f, UINT64_MAX), -EINVAL);
	assert_int_equal(udmabuf(f, INT64_MAX), -EINVAL);
	assert_int_equal(heap(f, NULL, 0), -EINVAL);
	for (i = 0; i < NR(names); i++) {
		assert_int_equal(heap(f, names[i], 1), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "not the name");
	}
}

static void kernel_errors_are_explained(void **state)
{
	static const struct {
		int err;
		const char *part;
	} cases[] = {
		{ EINVAL, "size_limit_mb" },
		{ ENOMEM, "memory" },
		{ EMFILE, "ulimit" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_fail_ioctl(UDMABUF_CREATE, 1, cases[i].err);
		assert_int_equal(udmabuf(f, 4096), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, cases[i].part);
		fake_fail_ioctl(DMA_HEAP_IOCTL_ALLOC, 1, cases[i].err);
		assert_int_equal(heap(f, NULL, 4096), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, cases[i].part);
	}
	assert_int_equal(udmabuf(f, FAKE_UDMABUF_MAX + 1), -EINVAL);
	fake_fail_call("open", EACCES);
	assert_int_equal(udmabuf(f, 4096), -EACCES);
	assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, "udev rule");
	fake_fail_call("fcntl", EPERM);
	assert_int_equal(udmabuf(f, 4096), -EPERM);
}

static void missing_nodes_are_not_supported(void **state)
{
	struct fixture *f = *state;

	fake_remove("dev/udmabuf");
	fake_remove("dev/dma_heap");
	assert_int_equal(udmabuf(f, 4096), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, "CONFIG_UDMABUF");
	assert_int_equal(heap(f, NULL, 4096), -EOPNOTSUPP);
	assert_int_equal(heap(f, "cma", 4096), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, "dma_heap/cma");
}

static void nodes_of_other_devices_are_refused(void **state)
{
	struct fixture *f = *state;

	fake_node("dev/udmabuf", 10, 1);
	assert_int_equal(udmabuf(f, 4096), -ESTALE);
	assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, "is 10:1, another device than 10:125");
	fake_node("dev/dma_heap/system", 0, 0);
	assert_int_equal(heap(f, NULL, 4096), -ESTALE);
	assert_error_at(f->ctx, TPHBUF_STAGE_ALLOCATE, "not a character device");
	fake_remove("sys/class/dma_heap");
	assert_int_equal(heap(f, NULL, 4096), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "class/dma_heap/system/dev");
}

static void whole_pages_are_allocated(void **state)
{
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	void *addr;

	assert_int_equal(tphbuf_buffer_udmabuf(f->ctx, 4097, &buf), 0);
	assert_int_equal(tphbuf_buffer_length(buf), 8192);
	assert_int_equal(tphbuf_buffer_source(buf), TPHBUF_SOURCE_UDMABUF);
	assert_int_equal(tphbuf_buffer_map(buf, &addr), 0);
	((char *)addr)[8191] = 1;
	tphbuf_buffer_close(buf);
	assert_int_equal(tphbuf_buffer_heap(f->ctx, "system", 1, &buf), 0);
	assert_int_equal(tphbuf_buffer_length(buf), 4096);
	assert_int_equal(tphbuf_buffer_source(buf), TPHBUF_SOURCE_HEAP);
	assert_null(tphbuf_buffer_device(buf));
	tphbuf_buffer_close(buf);
}

static int op_memory(struct fixture *f)
{
	struct tphbuf_buffer *buf;
	int ret = tphbuf_buffer_udmabuf(f->ctx, 4096, &buf);

	if (ret)
		return ret;
	tphbuf_buffer_close(buf);
	ret = tphbuf_buffer_heap(f->ctx, NULL, 4096, &buf);
	if (!ret)
		tphbuf_buffer_close(buf);
	return ret;
}

static void every_failing_call_is_handled(void **state)
{
	sweep_faults(*state, op_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_arguments, ctx),
		TEST(kernel_errors_are_explained, ctx),
		TEST(missing_nodes_are_not_supported, ctx),
		TEST(nodes_of_other_devices_are_refused, ctx),
		TEST(whole_pages_are_allocated, ctx),
		TEST(every_failing_call_is_handled, ctx),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
