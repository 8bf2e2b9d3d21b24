// SPDX-License-Identifier: MIT
/* Memory regions that must carry a tag: TPHBUF_MR_REQUIRE in lib/verbs/mr.c. */
#include <linux/vfio.h>
#include <netlink/errno.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_verbs.h>

#include <tphbuf/mr.h>

#include "tests/mock/drm.h"
#include "tests/mock/machine.h"
#include "tests/mock/verbs.h"
#include "tests/unit/mr_rig.h"

#define TPH_GET (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH)

/* The tag of a received buffer whose device is not open in this process. */
static void require_takes_the_tag_from_the_caller(void **state)
{
	static const struct tphbuf_tag other = { TPHBUF_TAG_ST, 0, 0x5b, 2 };
	static const struct tphbuf_tag none = { 0 };
	static const struct tphbuf_tag bad = { TPHBUF_TAG_ST, 0, 0x5a, 9 };
	struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.flags = TPHBUF_MR_REQUIRE,
		.tag = &tag_both,
	};
	int fd = fake_foreign_dmabuf(LENGTH);
	struct tphbuf_buffer *foreign;
	struct fixture *f = *state;
	struct tphbuf_mr *mr = NULL;

	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &foreign), 0);
	close(fd);
	fake_verbs.tph = tph_st;
	assert_int_equal(tphbuf_mr_register(foreign, fake_pd(), &opts, &mr), 0);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
	mr = NULL;
	opts.tag = &other;
	assert_int_equal(tphbuf_mr_register(foreign, fake_pd(), &opts, &mr), -EAGAIN);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "applies st=0x5a,ph=2");
	opts.tag = &none;
	assert_int_equal(tphbuf_mr_register(foreign, fake_pd(), &opts, &mr), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "it is empty");
	opts.tag = &bad;
	assert_int_equal(tphbuf_mr_register(foreign, fake_pd(), &opts, &mr), -EINVAL);
	assert_null(mr);
	tphbuf_buffer_close(foreign);
}

static void require_without_a_tag_is_refused_before_registration(void **state)
{
	const struct tphbuf_mr_opts require = {
		.size = sizeof(require),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct fixture *f = *state;

	assert_int_equal(try_register(f, &require), -ENODATA);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "buffer has none");
	assert_int_equal(fake_verbs.length, 0);
	/* A kernel without tags cannot satisfy the requirement either. */
	fake.has_tph = false;
	assert_int_equal(try_register(f, &require), -ENOTTY);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "this kernel");
}

static void require_deregisters_when_not_applied(void **state)
{
	const struct {
		struct fake_mr_tph tph;
		int ret;
		const char *part;
	} cases[] = {
		{ tph_none, -ENXIO, "TPH is not enabled on the NIC" },
		{ { .state = IB_UVERBS_MR_TPH_DRIVER }, -EOPNOTSUPP, "driver" },
		{ { .state = IB_UVERBS_MR_TPH_HOST_BRIDGE }, -EXDEV, "below a common switch" },
		{ { .state = IB_UVERBS_MR_TPH_TABLE_FULL }, -ENOSPC, "no entry left" },
		{ { .state = 99 }, -ENODATA, "reason 99" },
		{ { .old_kernel = true }, -EPROTONOSUPPORT, "cannot be confirmed" },
		{ { .state = IB_UVERBS_MR_TPH_APPLIED, .st_width = 8, .st = 0x5b, .ph = 2 },
		  -EAGAIN,
		  "st=0x5b,ph=2, not st=0x5a,xst=0x1234,ph=2" },
		{ { .state = IB_UVERBS_MR_TPH_APPLIED, .st_width = 8, .st = 0x5a, .ph = 1 },
		  -EAGAIN,
		  "st=0x5a,ph=1, not" },
	};
	const struct tphbuf_mr_opts require = {
		.size = sizeof(require),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	for (i = 0; i < NR(cases); i++) {
		fake_verbs.tph = cases[i].tph;
		assert_int_equal(try_register(f, &require), cases[i].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, cases[i].part);
		assert_int_equal(fake_verbs.live_mrs, 0);
	}
	fake_netlink_fail(NL_STEP_CONNECT, NLE_PROTO_MISMATCH);
	assert_int_equal(try_register(f, &require), -EPROTONOSUPPORT);
	assert_int_equal(fake_verbs.live_mrs, 0);
	fake_netlink_fail(NL_STEP_NONE, 0);
	fake_fail_feature(TPH_GET, EIO);
	assert_int_equal(try_register(f, &require), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, FAKE_BDF);
}

static void require_accepts_either_namespace(void **state)
{
	const struct tphbuf_mr_opts require = {
		.size = sizeof(require),
		.flags = TPHBUF_MR_REQUIRE,
	};
	const struct tphbuf_tag only_st = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	fake_verbs.tph = tph_st;
	assert_int_equal(try_register(f, &require), 0);
	fake_verbs.tph = tph_xst;
	assert_int_equal(try_register(f, &require), 0);
	/* A tag that the buffer does not have is not accepted. */
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &only_st), 0);
	assert_int_equal(try_register(f, &require), -EAGAIN);
}

static void require_on_a_foreign_buffer_wants_any_tag(void **state)
{
	const struct tphbuf_mr_opts require = {
		.size = sizeof(require),
		.flags = TPHBUF_MR_REQUIRE,
	};
	int fd = fake_foreign_dmabuf(LENGTH);
	struct fixture *f = *state;
	struct tphbuf_buffer *buf;
	struct tphbuf_mr *mr;

	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &buf), 0);
	close(fd);
	fake_verbs.tph = tph_none;
	assert_int_equal(tphbuf_mr_register(buf, fake_pd(), &require, &mr), -ENXIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "dma-buf descriptor");
	fake_verbs.tph = tph_xst;
	assert_int_equal(tphbuf_mr_register(buf, fake_pd(), &require, &mr), 0);
	tphbuf_buffer_close(buf);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
}

static int op_register(struct fixture *f)
{
	const struct tphbuf_mr_opts require = {
		.size = sizeof(require),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct tphbuf_mr *mr;
	int ret;

	ret = tphbuf_mr_register(f->buf, fake_pd(), &require, &mr);
	if (!ret)
		ret = tphbuf_mr_deregister(mr);
	assert_int_equal(fake_verbs.live_mrs, 0);
	return ret;
}

static void every_failing_call_is_reported(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	fake_verbs.tph = tph_st;
	sweep_faults(f, op_register);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MR_TEST(require_takes_the_tag_from_the_caller),
		MR_TEST(require_without_a_tag_is_refused_before_registration),
		MR_TEST(require_deregisters_when_not_applied),
		MR_TEST(require_accepts_either_namespace),
		MR_TEST(require_on_a_foreign_buffer_wants_any_tag),
		MR_TEST(every_failing_call_is_reported),
	};

	return cmocka_run_group_tests_name("mr_require", tests, NULL, NULL);
}
