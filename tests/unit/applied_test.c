// SPDX-License-Identifier: MIT
/* Whether a region carries its tag: lib/verbs/applied.c, nldev.c. */
#define _GNU_SOURCE /* gettid */
#include <errno.h>
#include <netlink/errno.h>
#include <pthread.h>
#include <rdma/rdma_netlink.h>
#include <unistd.h>

#include <tphbuf/mr.h>

#include "tests/mock/verbs.h"
#include "tests/unit/mr_rig.h"

static struct tphbuf_applied applied(struct fixture *f)
{
	struct tphbuf_applied a = { .size = sizeof(a) };
	struct tphbuf_mr *mr;

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	assert_int_equal(tphbuf_mr_applied(mr, &a), 0);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
	return a;
}

static void netlink_errors(void **state)
{
	static const struct {
		enum fake_nl_step step;
		int err, ret;
	} cases[] = {
		{ NL_STEP_CONNECT, NLE_PROTO_MISMATCH, -EPROTONOSUPPORT },
		{ NL_STEP_CONNECT, NLE_AF_NOSUPPORT, -EPROTONOSUPPORT },
		{ NL_STEP_CONNECT, NLE_NOMEM, -ENOMEM },
		{ NL_STEP_SEND, NLE_PERM, -EPERM },
		{ NL_STEP_SEND, NLE_NODEV, -ENODEV },
		{ NL_STEP_RECV, NLE_DUMP_INTR, -EIO },
		{ NL_STEP_KERNEL, EINVAL, -EINVAL },
		{ NL_STEP_KERNEL, ENODEV, -ENODEV },
	};
	struct tphbuf_applied a = { .size = sizeof(a) };
	struct fixture *f = *state;
	struct tphbuf_mr *mr;
	size_t i;

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	for (i = 0; i < NR(cases); i++) {
		fake_netlink_fail(cases[i].step, cases[i].err);
		assert_int_equal(tphbuf_mr_applied(mr, &a), cases[i].ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_APPLIED, "mlx5_0");
	}
	fake_netlink_fail(NL_STEP_NONE, 0);
	fake_verbs.dev_index = -1;
	assert_int_equal(tphbuf_mr_applied(mr, &a), -EOPNOTSUPP);
	fake_verbs.dev_index = FAKE_DEV_INDEX;
	assert_int_equal(tphbuf_mr_applied(mr, &a), 0);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
}

static void applied_by_key(void **state)
{
	const struct fake_entry other = {
		.lkey = 0x999,
		.mrn = 3,
		.length = LENGTH,
		.attrs = not_applied,
	};
	const struct fake_entry both[] = { other, entry_st, other };
	struct fixture *f = *state;
	struct tphbuf_applied a;

	fake_netlink(both, 3);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	assert_int_equal(a.tag.valid, TPHBUF_TAG_ST);
	assert_int_equal(a.tag.st, 0x5a);
	assert_int_equal(a.tag.ph, 2);
	assert_int_equal(a.mrn, 7);
	assert_int_equal(a.stale_faults, 5);
	assert_string_equal(a.reason, "");
	assert_string_equal(a.code, "");

	fake_netlink(&entry_xst, 1);
	a = applied(f);
	assert_int_equal(a.tag.valid, TPHBUF_TAG_XST);
	assert_int_equal(a.tag.xst, 0x1234);
	assert_int_equal(a.tag.st, 0);
}

static void applied_no_has_a_reason(void **state)
{
	static const char *const codes[] = {
		"untagged",   "other-namespace", "nic-disabled", "tag-range", "table-full",
		"user-limit", "table-error",	 "data-direct",	 "dmah",
	};
	struct fixture *f = *state;
	struct tphbuf_applied a;
	size_t i;

	for (i = 0; i < NR(codes); i++) {
		const struct fake_attr attrs[] = {
			{ "tph", "none", 0, false },
			{ "tph_reason", codes[i], 0, false },
			{ 0 },
		};
		struct fake_entry entry = entry_none;

		entry.attrs = attrs;
		fake_netlink(&entry, 1);
		a = applied(f);
		assert_int_equal(a.state, TPHBUF_APPLIED_NO);
		assert_string_equal(a.code, codes[i]);
		assert_non_null(strchr(a.reason, ';'));
		assert_int_equal(a.tag.valid, 0);
	}
	{
		const struct fake_attr attrs[] = {
			{ "tph", "none", 0, false },
			{ "tph_reason", "a-word-of-a-later-kernel-that-is-long", 0, false },
			{ 0 },
		};
		struct fake_entry entry = entry_none;

		entry.attrs = attrs;
		fake_netlink(&entry, 1);
		a = applied(f);
		assert_int_equal(a.state, TPHBUF_APPLIED_NO);
		assert_string_equal(a.code, "a-word-of-a-later-kernel-that-i");
		assert_non_null(strstr(a.reason, "no reason"));
	}
}

static void applied_unknown_cases(void **state)
{
	static const struct fake_attr width[] = {
		{ "tph", "applied", 0, false },
		{ "tph_st", NULL, 1, false },
		{ "tph_st_width", NULL, 12, false },
		{ 0 },
	};
	static const struct fake_attr too_big[] = {
		{ "tph", "applied", 0, false },
		{ "tph_st", NULL, 0x100, false },
		{ "tph_st_width", NULL, 8, false },
		{ 0 },
	};
	static const struct fake_attr hint[] = {
		{ "tph", "applied", 0, false },
		{ "tph_st", NULL, 1, false },
		{ "tph_st_width", NULL, 8, false },
		{ "tph_ph", NULL, 4, false },
		{ 0 },
	};
	const struct {
		struct fake_entry entry;
		unsigned int n;
		const char *part;
	} cases[] = {
		{ { .lkey = 1 }, 0, "does not list" },
		{ { .lkey = 0x999, .length = LENGTH }, 1, "does not list" },
		{ { .lkey = FAKE_LKEY, .no_driver = true }, 1, "does not report" },
		{ { .lkey = FAKE_LKEY, .attrs = old_kernel }, 1, "does not report" },
		{ { .lkey = FAKE_LKEY, .attrs = width }, 1, "cannot be" },
		{ { .lkey = FAKE_LKEY, .attrs = too_big }, 1, "cannot be" },
		{ { .lkey = FAKE_LKEY, .attrs = hint }, 1, "cannot be" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		struct tphbuf_applied a;

		fake_netlink(&cases[i].entry, cases[i].n);
		a = applied(f);
		assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
		if (!strstr(a.reason, cases[i].part))
			fail_msg("case %zu: '%s'", i, a.reason);
		assert_int_equal(a.tag.valid, 0);
	}
}

/* Without CAP_NET_ADMIN there are no keys. */
static void applied_without_keys(void **state)
{
	struct fake_entry mine = entry_st, stranger = entry_none, short_one;
	struct fake_entry list[4];
	struct fixture *f = *state;
	struct tphbuf_applied a;

	mine.no_lkey = true;
	mine.pid = (uint32_t)getpid();
	stranger.no_lkey = true;
	stranger.pid = 1;
	short_one = stranger;
	short_one.pid = mine.pid;
	short_one.length = LENGTH / 2;

	list[0] = stranger;
	list[1] = mine;
	list[2] = short_one;
	fake_netlink(list, 3);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	assert_int_equal(a.mrn, 7);
	/* Two that say the same: an answer, but no number. */
	list[3] = mine;
	list[3].mrn = 8;
	fake_netlink(list, 4);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	assert_int_equal(a.mrn, -1);
	/* Two that differ. */
	list[3].attrs = not_applied;
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
	assert_non_null(strstr(a.reason, "CAP_NET_ADMIN"));
	/* Nor does one count for another: their counts of faults differ. */
	list[3] = mine;
	list[3].attrs = fake_applied_st;
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	assert_int_equal(a.stale_faults, 0);
	/* An entry that does not say how long it is does not count. */
	list[1].no_length = true;
	fake_netlink(list, 3);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
}

/* A thread that ended has left regions without owner; the kernel has some. */
static void regions_without_owner_may_be_ours(void **state)
{
	struct fake_entry list[] = { entry_st, entry_none };
	struct fixture *f = *state;
	struct tphbuf_applied a;

	list[0].no_lkey = true;
	list[0].pid = (uint32_t)getpid();
	list[1].no_lkey = true;
	list[1].no_pid = true;
	fake_netlink(list, 2);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
	list[1].of_kernel = true;
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	fake_netlink(&list[1], 1);
	list[1].of_kernel = false;
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_NO);
}

static void the_kernel_may_skip_regions(void **state)
{
	struct fixture *f = *state;

	fake_netlink(&entry_st, 1);
	fake_netlink_skip(2);
	assert_int_equal(applied(f).state, TPHBUF_APPLIED_YES);
	fake_netlink_skip(3);
	assert_int_equal(applied(f).state, TPHBUF_APPLIED_UNKNOWN);
}

/* What a thread registers that is not the first, with the kernel's answer. */
static struct {
	struct fixture *f;
	struct fake_entry list[3];
	unsigned int n;
	int ret;
	struct tphbuf_applied applied;
} other;

static void *register_in_a_thread(void *arg)
{
	static const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 0x5a, 2 };
	struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.flags = TPHBUF_MR_REQUIRE,
		.tag = &tag,
	};
	struct tphbuf_mr *mr;

	(void)arg;
	other.list[0].pid = (uint32_t)gettid();
	fake_netlink(other.list, other.n);
	memset(&other.applied, 0, sizeof(other.applied));
	other.applied.size = sizeof(other.applied);
	other.ret = tphbuf_mr_register(other.f->buf, fake_pd(), &opts, &mr);
	if (other.ret)
		return NULL;
	/* It is known by its number from now on. */
	other.list[1].pid = other.list[0].pid;
	tphbuf_mr_applied(mr, &other.applied);
	tphbuf_mr_deregister(mr);
	return NULL;
}

static void in_a_thread(void)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, register_in_a_thread, NULL), 0);
	pthread_join(thread, NULL);
}

static void threads_have_regions_of_their_own(void **state)
{
	other.f = *state;
	other.n = 2;
	other.list[0] = entry_st;
	other.list[0].no_lkey = true;
	other.list[1] = entry_none;
	other.list[1].no_lkey = true;
	other.list[1].mrn = 200;
	other.list[1].pid = (uint32_t)getpid();
	in_a_thread();
	assert_int_equal(other.ret, 0);
	assert_int_equal(other.applied.state, TPHBUF_APPLIED_YES);
	assert_int_equal(other.applied.mrn, 7);

	/* Its own is not tagged, that of the first thread is. */
	other.list[0].attrs = not_applied;
	other.list[1].attrs = fake_applied_st;
	other.list[1].pid = (uint32_t)getpid();
	in_a_thread();
	assert_int_equal(other.ret, -ENODATA);
	assert_error_at(other.f->ctx, TPHBUF_STAGE_REGISTER, "not enabled");
}

/* Driver tables that are not pairs must do no harm. */
static void malformed_driver_attributes(void **state)
{
	static const struct {
		uint16_t len, type;
		unsigned char data[12];
	} junk[] = {
		/* a string without its NUL */
		{ 8, RDMA_NLDEV_ATTR_DRIVER_STRING, "tphx" },
		/* a number where a name should be */
		{ 8, RDMA_NLDEV_ATTR_DRIVER_U32, { 1 } },
		/* a name, then a number of the wrong size */
		{ 8, RDMA_NLDEV_ATTR_DRIVER_STRING, "tph" },
		{ 6, RDMA_NLDEV_ATTR_DRIVER_U32, { 1 } },
		{ 4, RDMA_NLDEV_ATTR_DRIVER_STRING, { 0 } },
	};
	struct fixture *f = *state;
	struct tphbuf_applied a;
	unsigned char bytes[128];
	unsigned int used = 0;
	size_t i;

	for (i = 0; i < NR(junk); i++) {
		unsigned int room = (junk[i].len + 3u) & ~3u;

		memset(bytes + used, 0, room);
		memcpy(bytes + used, &junk[i], junk[i].len);
		used += room;
	}
	fake_netlink(&entry_st, 1);
	fake_netlink_garbage(bytes, used);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_YES);
	/* A length that leaves the table. */
	memset(bytes, 0xff, sizeof(bytes));
	fake_netlink_garbage(bytes, 8);
	a = applied(f);
	assert_int_equal(a.state, TPHBUF_APPLIED_UNKNOWN);
}

#define MR_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_mr, close_mr)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MR_TEST(netlink_errors),
		MR_TEST(applied_by_key),
		MR_TEST(applied_no_has_a_reason),
		MR_TEST(applied_unknown_cases),
		MR_TEST(applied_without_keys),
		MR_TEST(regions_without_owner_may_be_ours),
		MR_TEST(the_kernel_may_skip_regions),
		MR_TEST(threads_have_regions_of_their_own),
		MR_TEST(malformed_driver_attributes),
	};

	return cmocka_run_group_tests_name("applied", tests, NULL, NULL);
}
