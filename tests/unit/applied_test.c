// SPDX-License-Identifier: MIT
/* Whether a region carries its tag: lib/verbs/applied.c, query_mr.c, nldev.c. */
#include <errno.h>
#include <netlink/errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <unistd.h>

#include <tphbuf/mr.h>

#include "tests/mock/verbs.h"
#include "tests/unit/mr_rig.h"

static int query(struct fixture *f, struct tphbuf_applied *a)
{
	struct tphbuf_mr *mr;
	int ret;

	*a = (struct tphbuf_applied){ .size = sizeof(*a) };
	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	ret = tphbuf_mr_applied(mr, a);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
	return ret;
}

static struct tphbuf_applied applied(struct fixture *f, const struct fake_mr_tph *tph)
{
	struct tphbuf_applied a;

	fake_verbs.tph = *tph;
	assert_int_equal(query(f, &a), 0);
	return a;
}

static void netlink_errors(void **state)
{
	static const struct {
		enum fake_nl_step step;
		int err, ret;
	} cases[] = {
		{ NL_STEP_CONNECT, NLE_NOMEM, -ENOMEM }, { NL_STEP_SEND, NLE_PERM, -EPERM },
		{ NL_STEP_SEND, NLE_NODEV, -ENODEV },	 { NL_STEP_RECV, NLE_DUMP_INTR, -EIO },
		{ NL_STEP_KERNEL, EINVAL, -EINVAL },	 { NL_STEP_KERNEL, ENODEV, -ENODEV },
	};
	struct fixture *f = *state;
	struct tphbuf_applied a;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_netlink_fail(cases[i].step, cases[i].err);
		assert_int_equal(query(f, &a), cases[i].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_APPLIED, "mlx5_0");
	}
	fake_netlink_fail(NL_STEP_NONE, 0);
	fake_verbs.dev_index = -1;
	assert_int_equal(query(f, &a), -EOPNOTSUPP);
	fake_verbs.dev_index = FAKE_DEV_INDEX;
	assert_int_equal(query(f, &a), 0);
}

static void query_errors(void **state)
{
	static const int errors[] = { EIO, ENOENT, EINVAL, ENODEV, ENOMEM };
	struct fixture *f = *state;
	struct tphbuf_applied a;
	size_t i;

	for (i = 0; i < NR(errors); i++) {
		fake_verbs.query_errno = errors[i];
		assert_int_equal(query(f, &a), -errors[i]);
		assert_error_at(f->ctx, TPHBUF_STAGE_APPLIED, "mlx5_0");
	}
}

/* errno of another call, long ago, does not make a call that succeeds be repeated. */
static void an_old_errno_is_ignored(void **state)
{
	struct tphbuf_applied a = { .size = sizeof(a) };
	struct fixture *f = *state;
	struct tphbuf_mr *mr;

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	errno = EINTR;
	assert_int_equal(tphbuf_mr_applied(mr, &a), 0);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
}

/* Unprivileged, without the MR's key: by the handle of the region. */
static void applied_yes_has_the_tag(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_applied a;

	a = applied(f, &tph_st);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	assert_int_equal(a.cause, TPHBUF_CAUSE_APPLIED);
	assert_int_equal(a.tag.valid, TPHBUF_TAG_ST);
	assert_int_equal(a.tag.st, 0x5a);
	assert_int_equal(a.tag.ph, 2);
	assert_int_equal(a.stale_faults, 5);
	assert_string_equal(a.reason, "");
	assert_string_equal(a.code, "");

	a = applied(f, &tph_xst);
	assert_int_equal(a.tag.valid, TPHBUF_TAG_XST);
	assert_int_equal(a.tag.xst, 0x1234);
	assert_int_equal(a.tag.st, 0);
}

/* Word and errno as in the kernel's documentation of the states. */
static const struct {
	uint32_t state;
	const char *code;
	int err;
} causes[] = {
	{ IB_UVERBS_MR_TPH_NOT_DMABUF, "not-dmabuf", EINVAL },
	{ IB_UVERBS_MR_TPH_DRIVER, "driver", EOPNOTSUPP },
	{ IB_UVERBS_MR_TPH_EXPORTER, "exporter", EMEDIUMTYPE },
	{ IB_UVERBS_MR_TPH_UNTAGGED, "untagged", ENODATA },
	{ IB_UVERBS_MR_TPH_OTHER_NAMESPACE, "other-namespace", EPROTOTYPE },
	{ IB_UVERBS_MR_TPH_HOST_BRIDGE, "host-bridge", EXDEV },
	{ IB_UVERBS_MR_TPH_NIC_DISABLED, "nic-disabled", ENXIO },
	{ IB_UVERBS_MR_TPH_TAG_RANGE, "tag-range", ERANGE },
	{ IB_UVERBS_MR_TPH_TABLE_FULL, "table-full", ENOSPC },
	{ IB_UVERBS_MR_TPH_TABLE_ERROR, "table-error", EIO },
	{ IB_UVERBS_MR_TPH_DATA_DIRECT, "data-direct", EREMOTE },
	{ IB_UVERBS_MR_TPH_DMAH, "dmah", EEXIST },
	{ IB_UVERBS_MR_TPH_CHANGED, "changed", EAGAIN },
};

static void applied_no_has_a_cause(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_applied a;
	size_t i;

	/* A state added to the kernel's enum must be added here. */
	assert_int_equal(NR(causes) + 1, IB_UVERBS_MR_TPH_CHANGED + 1);
	for (i = 0; i < NR(causes); i++) {
		const struct fake_mr_tph tph = { .state = causes[i].state };

		a = applied(f, &tph);
		assert_int_equal(a.state, TPHBUF_APPLIED_NO);
		assert_int_equal(a.cause, causes[i].state);
		assert_string_equal(a.code, causes[i].code);
		assert_true(strchr(a.reason, ';') || strstr(a.reason, "see "));
		assert_int_equal(a.tag.valid, 0);
	}
}

static void each_cause_has_its_error(void **state)
{
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	const struct tphbuf_mr_opts require = {
		.size = sizeof(require),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct fixture *f = *state;
	struct tphbuf_mr *mr;
	size_t i;

	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag), 0);
	for (i = 0; i < NR(causes); i++) {
		fake_verbs.tph.state = causes[i].state;
		assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), &require, &mr),
				 -causes[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "required but not applied");
		assert_int_equal(fake_verbs.live_mrs, 0);
	}
}

static void a_cause_of_a_later_kernel_is_a_number(void **state)
{
	const struct fake_mr_tph tph = { .state = 77 };
	struct tphbuf_applied a = applied(*state, &tph);

	assert_int_equal(a.state, TPHBUF_APPLIED_NO);
	assert_int_equal(a.cause, 77);
	assert_string_equal(a.code, "77");
	assert_non_null(strstr(a.reason, "reason 77"));
}

static void kernels_without_the_series_are_unknown(void **state)
{
	const struct fake_mr_tph old = { .old_kernel = true };
	struct tphbuf_applied a = applied(*state, &old);

	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
	assert_int_equal(a.cause, TPHBUF_CAUSE_UNKNOWN);
	assert_non_null(strstr(a.reason, "dma-buf TPH series"));
	/* Kernels before 5.3 cannot report the name of the driver. */
	fake_verbs.no_driver_id = true;
	a = applied(*state, &tph_st);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
	fake_verbs.no_driver_id = false;
	fake_netlink_fail(NL_STEP_CONNECT, NLE_PROTO_MISMATCH);
	a = applied(*state, &tph_st);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
	fake_netlink_fail(NL_STEP_CONNECT, NLE_AF_NOSUPPORT);
	a = applied(*state, &tph_st);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
}

/* A tag that no TLP can carry is never reported as applied. */
static void impossible_tags_are_unknown(void **state)
{
	static const struct fake_mr_tph cases[] = {
		{ .state = IB_UVERBS_MR_TPH_APPLIED, .st_width = 12, .st = 1 },
		{ .state = IB_UVERBS_MR_TPH_APPLIED, .st_width = 0, .st = 1 },
		{ .state = IB_UVERBS_MR_TPH_APPLIED, .st_width = 8, .st = 0x100 },
		{ .state = IB_UVERBS_MR_TPH_APPLIED, .st_width = 8, .st = 1, .ph = 4 },
	};
	struct tphbuf_applied a;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		a = applied(*state, &cases[i]);
		assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
		assert_non_null(strstr(a.reason, "cannot be"));
		assert_int_equal(a.tag.valid, 0);
	}
}

static void the_handle_names_the_region(void **state)
{
	struct ibv_mr other = { .context = fake_pd()->context, .handle = FAKE_HANDLE + 1 };
	struct tphbuf_applied a = { .size = sizeof(a) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_ibv_applied(f->ctx, &other, &a), -ENOENT);
	other.handle = FAKE_HANDLE;
	fake_verbs.tph = tph_st;
	assert_int_equal(tphbuf_ibv_applied(f->ctx, &other, &a), 0);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
}

#define MR_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_mr, close_mr)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MR_TEST(netlink_errors),
		MR_TEST(query_errors),
		MR_TEST(an_old_errno_is_ignored),
		MR_TEST(applied_yes_has_the_tag),
		MR_TEST(applied_no_has_a_cause),
		MR_TEST(each_cause_has_its_error),
		MR_TEST(a_cause_of_a_later_kernel_is_a_number),
		MR_TEST(kernels_without_the_series_are_unknown),
		MR_TEST(impossible_tags_are_unknown),
		MR_TEST(the_handle_names_the_region),
	};

	return cmocka_run_group_tests_name("applied", tests, NULL, NULL);
}
