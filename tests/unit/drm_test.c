// SPDX-License-Identifier: MIT
/* Buffers of DRM drivers: lib/drm. */
#include <unistd.h>

#include <tphbuf/drm.h>

#include "tests/mock/drm.h"
#include "tests/unit/test.h"

#define DRM_FD	  77
#define HEAP_GTT  2 /* AMDGPU_GEM_DOMAIN_ */
#define HEAP_VRAM 4

static int fixture_drm(void **state)
{
	fake_drm_setup();
	return fixture_buffer(state);
}

static int close_drm(void **state)
{
	if (fake_drm.live_dumbs || fake_drm.live_bos || fake_drm.live_devices ||
	    fake_drm.live_libraries) {
		print_error("something of DRM is left\n");
		return -1;
	}
	return fixture_close(state);
}

static int dumb(struct fixture *f, uint64_t length)
{
	struct tphbuf_buffer *buf = NULL;
	int ret = tphbuf_drm_dumb(f->ctx, DRM_FD, length, &buf);

	if (ret)
		assert_null(buf);
	tphbuf_buffer_close(buf);
	return ret;
}

static int amdgpu(struct fixture *f, uint64_t length, int domain)
{
	struct tphbuf_buffer *buf = NULL;
	int ret = tphbuf_drm_amdgpu(f->ctx, DRM_FD, length, (enum tphbuf_drm_domain)domain, &buf);

	if (ret)
		assert_null(buf);
	tphbuf_buffer_close(buf);
	return ret;
}

static void bad_arguments(void **state)
{
	struct tphbuf_drm_info unset = { 0 };
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	uint32_t handle;

	assert_int_equal(tphbuf_drm_query(NULL, DRM_FD, &unset), -EINVAL);
	assert_int_equal(tphbuf_drm_query(f->ctx, DRM_FD, NULL), -EINVAL);
	assert_int_equal(tphbuf_drm_query(f->ctx, DRM_FD, &unset), -EINVAL);
	assert_int_equal(tphbuf_drm_dumb(NULL, DRM_FD, 1, &buf), -EINVAL);
	assert_int_equal(tphbuf_drm_dumb(f->ctx, DRM_FD, 1, NULL), -EINVAL);
	assert_int_equal(dumb(f, 0), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "length 0x0");
	assert_int_equal(dumb(f, 1ull << 44), -EINVAL);
	assert_int_equal(dumb(f, UINT64_MAX), -EINVAL);
	assert_int_equal(tphbuf_drm_export(NULL, DRM_FD, 1, &buf), -EINVAL);
	assert_int_equal(tphbuf_drm_export(f->ctx, DRM_FD, 1, NULL), -EINVAL);
	assert_int_equal(tphbuf_drm_import(NULL, DRM_FD, &handle), -EINVAL);
	assert_int_equal(tphbuf_drm_import(f->buf, DRM_FD, NULL), -EINVAL);
	assert_int_equal(tphbuf_drm_release(NULL, DRM_FD, 1), -EINVAL);
	assert_int_equal(tphbuf_drm_amdgpu(NULL, DRM_FD, 1, TPHBUF_DRM_GTT, &buf), -EINVAL);
	assert_int_equal(amdgpu(f, 0, TPHBUF_DRM_GTT), -EINVAL);
	assert_int_equal(amdgpu(f, 1, 7), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "no domain 7");
}

static void info_names_driver_and_device(void **state)
{
	struct tphbuf_drm_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_drm_query(f->ctx, DRM_FD, &info), 0);
	assert_string_equal(info.driver,
			    "fake_gpu_with_a_name_that_is_longer_than_the_63_characters_ther");
	assert_string_equal(info.bdf, "0000:09:01.2");
	assert_true(info.can_export);
	assert_false(info.can_import);
	fake_drm.no_pci = true;
	assert_int_equal(tphbuf_drm_query(f->ctx, DRM_FD, &info), 0);
	assert_string_equal(info.bdf, "");
	fake_drm.no_driver = true;
	assert_int_equal(tphbuf_drm_query(f->ctx, DRM_FD, &info), -ENOTTY);
	assert_error_at(f->ctx, TPHBUF_STAGE_DRM, "not a DRM node");
}

static void errors_of_the_driver_are_explained(void **state)
{
	static const struct {
		int err, ret;
		const char *part;
	} cases[] = {
		{ EACCES, -EACCES, "card node" },
		{ ENOSYS, -EOPNOTSUPP, "cannot do it" },
		{ ENOTTY, -ENOTTY, "not a DRM node" },
		{ ENOMEM, -ENOMEM, "out of memory" },
	};
	struct fixture *f = *state;
	uint32_t handle = 0;
	size_t i;

	/* Some calls of libdrm give -errno, some -1. */
	for (i = 0; i < 2 * NR(cases); i++) {
		fake_drm.minus_one = i % 2;
		fake_drm.dumb_err = cases[i / 2].err;
		assert_int_equal(dumb(f, 4096), cases[i / 2].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_DRM, cases[i / 2].part);
	}
	fake_drm.dumb_err = 0;
	fake_drm.export_err = EOPNOTSUPP;
	assert_int_equal(dumb(f, 4096), -EOPNOTSUPP);
	fake_drm.import_err = EOPNOTSUPP;
	assert_int_equal(tphbuf_drm_import(f->buf, DRM_FD, &handle), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_DRM, "import of a bar buffer");
	assert_error_at(f->ctx, TPHBUF_STAGE_DRM, "cannot give up");
	fake_drm.import_err = EINVAL;
	assert_int_equal(tphbuf_drm_import(f->buf, DRM_FD, &handle), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_DRM, "p2pdma");
	fake_drm.import_err = ENODEV;
	assert_int_equal(tphbuf_drm_import(f->buf, DRM_FD, &handle), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_DRM, "revoked");
	assert_int_equal(handle, 0);
	fake_drm.release_err = EINVAL;
	assert_int_equal(tphbuf_drm_release(f->ctx, DRM_FD, 3), -EINVAL);
}

static void a_dumb_buffer_is_as_large_as_asked(void **state)
{
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;

	assert_int_equal(tphbuf_drm_dumb(f->ctx, DRM_FD, 0x10001, &buf), 0);
	assert_int_equal(fake_drm.width * fake_drm.bpp / 8, 4096);
	assert_int_equal(fake_drm.height, 17);
	assert_int_equal(tphbuf_buffer_length(buf), 0x11000);
	assert_int_equal(tphbuf_buffer_source(buf), TPHBUF_SOURCE_DRM);
	/* The dma-buf holds the memory, not the handle. */
	assert_int_equal(fake_drm.live_dumbs, 0);
	tphbuf_buffer_close(buf);
}

static void handles_go_both_ways(void **state)
{
	struct tphbuf_buffer *buf;
	struct fixture *f = *state;
	uint32_t handle = 0;

	assert_int_equal(tphbuf_drm_export(f->ctx, DRM_FD, 42, &buf), 0);
	assert_int_equal(fake_drm.handle, 42);
	tphbuf_buffer_close(buf);
	assert_int_equal(tphbuf_drm_import(f->buf, DRM_FD, &handle), 0);
	assert_int_equal(handle, FAKE_DRM_HANDLE);
	assert_int_equal(fake_drm.fd, tphbuf_buffer_fd(f->buf));
	assert_int_equal(tphbuf_drm_release(f->ctx, DRM_FD, handle), 0);
	assert_int_equal(fake_drm.handle, FAKE_DRM_HANDLE);
}

static void amdgpu_is_loaded_when_asked_for(void **state)
{
	static const char *const symbols[] = {
		"amdgpu_device_initialize", "amdgpu_device_deinitialize",
		"amdgpu_bo_alloc",	    "amdgpu_bo_export",
		"amdgpu_bo_free",
	};
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_VRAM), 0);
	assert_int_equal(fake_drm.heap, HEAP_VRAM);
	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_GTT), 0);
	assert_int_equal(fake_drm.heap, HEAP_GTT);
	fake_drm.amdgpu_export_err = ENOMEM;
	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_GTT), -ENOMEM);
	fake_drm.minus_one = true;
	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_GTT), -ENOMEM);
	fake_drm.minus_one = false;
	fake_drm.alloc_err = EINVAL;
	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_GTT), -EINVAL);
	fake_drm.init_err = EACCES;
	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_GTT), -EOPNOTSUPP);
	fake_drm.init_err = EBADF;
	assert_int_equal(amdgpu(f, 1 << 20, TPHBUF_DRM_GTT), -EBADF);
	for (i = 0; i < NR(symbols); i++) {
		fake_drm.no_symbol = symbols[i];
		assert_int_equal(amdgpu(f, 1, TPHBUF_DRM_GTT), -ELIBACC);
	}
	fake_drm.no_amdgpu = true;
	assert_int_equal(amdgpu(f, 1, TPHBUF_DRM_GTT), -ELIBACC);
	assert_error_at(f->ctx, TPHBUF_STAGE_DRM, "install libdrm-amdgpu1");
}

static int op_drm(struct fixture *f)
{
	uint32_t handle;
	int ret = dumb(f, 4096);

	if (!ret)
		ret = tphbuf_drm_import(f->buf, DRM_FD, &handle);
	if (!ret)
		ret = tphbuf_drm_release(f->ctx, DRM_FD, handle);
	if (!ret)
		ret = amdgpu(f, 4096, TPHBUF_DRM_VRAM);
	return ret;
}

static void every_failing_call_is_handled(void **state)
{
	sweep_faults(*state, op_drm);
}

#define DRM_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_drm, close_drm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRM_TEST(bad_arguments),
		DRM_TEST(info_names_driver_and_device),
		DRM_TEST(errors_of_the_driver_are_explained),
		DRM_TEST(a_dumb_buffer_is_as_large_as_asked),
		DRM_TEST(handles_go_both_ways),
		DRM_TEST(amdgpu_is_loaded_when_asked_for),
		DRM_TEST(every_failing_call_is_handled),
	};

	return cmocka_run_group_tests_name("drm", tests, NULL, NULL);
}
