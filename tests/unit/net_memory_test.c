// SPDX-License-Identifier: MIT
/* Memory of the network plugin's verbs back end: what TPHBUF_NET_TAG asks for, and what the log says of it. */
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>

#include <tphbuf/mr.h>

#include "tests/unit/mr_rig.h"
#include "tests/unit/net_rig.h"
#include "userspace/transports/nccl/verbs.h"

#define SIZE 0x1000

static struct verbs_device verbs;
static struct net_device dev;

static void open_device(struct fixture *f, enum net_tag_policy tag)
{
	config.tag = tag;
	said[0] = '\0';
	net_set_logger(keep_log);
	fake_verbs.keep_tph = true;
	memset(&verbs, 0, sizeof(verbs));
	verbs.ctx = f->ctx;
	verbs.pd = fake_pd();
	pthread_mutex_init(&verbs.lock, NULL);
	dev = (struct net_device){ .name = "mlx5_0", .domain = verbs.pd, .state = &verbs };
	assert_int_equal(verbs_registry_new(&verbs, &dev), 0);
}

/* No region may be held. */
static void close_device(void)
{
	assert_int_equal(tphbuf_registry_free(dev.registry), 0);
	assert_int_equal(fake_verbs.live_mrs, 0);
	free(verbs.mr_opts);
	net_set_logger(NULL);
}

static enum nccl_result try_fd(struct net_mr *mr, uint64_t offset, int fd)
{
	*mr = (struct net_mr){ .id = 7, .dev = &dev, .data = (char *)0x10000, .size = SIZE };
	return verbs_reg_dmabuf(&dev, mr, offset, fd);
}

static enum nccl_result try(struct fixture *f, struct net_mr *mr, uint64_t offset)
{
	return try_fd(mr, offset, tphbuf_buffer_fd(f->buf));
}

static void with_a_tag(void **state)
{
	static const enum net_tag_policy policies[] = { NET_TAG_REQUIRE, NET_TAG_PREFER };
	struct fixture *f = *state;
	struct net_mr mr;

	fake_verbs.tph = tph_st;
	for (size_t i = 0; i < NR(policies); i++) {
		open_device(f, policies[i]);
		assert_int_equal(try(f, &mr, 0x2000), NCCL_SUCCESS);
		assert_said(
			"INFO NET/tphbuf: region 7: 4096 bytes on mlx5_0, tag st=0x5a,ph=2 applied");
		assert_int_equal(mr.iova, 0x2000);
		assert_int_equal(fake_verbs.iova, 0x2000);
		assert_int_equal(mr.lkey, FAKE_LKEY);
		assert_int_equal(mr.rkey, FAKE_LKEY);
		assert_int_equal(fake_verbs.access, VERBS_ACCESS);
		verbs_unreg(&mr);
		close_device();
	}
}

static void without_a_tag(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr;

	fake_verbs.tph = tph_none;
	open_device(f, NET_TAG_REQUIRE);
	assert_int_equal(try(f, &mr, 0), NCCL_SYSTEM_ERROR);
	assert_int_equal(fake_verbs.live_mrs, 0);
	assert_said("(TPHBUF_NET_TAG=require)");
	assert_int_equal(try(f, &mr, 0), NCCL_SYSTEM_ERROR);
	assert_said("WARN NET/tphbuf: regMrDmaBuf: 4096 bytes at offset 0 of descriptor");
	close_device();

	open_device(f, NET_TAG_PREFER);
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_said("INFO NET/tphbuf: region 7: 4096 bytes on mlx5_0, no tag applied: ");
	verbs_unreg(&mr);
	close_device();
}

/* Nothing is asked and nothing is said. */
static void tags_ignored(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr, again;

	fake_verbs.tph = tph_none;
	fake_verbs.query_errno = EIO;
	open_device(f, NET_TAG_IGNORE);
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_int_equal(try(f, &again, 0), NCCL_SUCCESS);
	assert_int_equal(fake_verbs.live_mrs, 1);
	assert_string_equal(said, "");
	verbs_unreg(&mr);
	verbs_unreg(&again);
	close_device();
}

static void tag_unknown(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr;

	fake_verbs.query_errno = EIO;
	open_device(f, NET_TAG_PREFER);
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_said(
		"INFO NET/tphbuf: region 7: 4096 bytes on mlx5_0, tag unknown: Input/output error");
	verbs_unreg(&mr);
	close_device();

	open_device(f, NET_TAG_REQUIRE);
	assert_int_not_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_int_equal(fake_verbs.live_mrs, 0);
	assert_said("(TPHBUF_NET_TAG=require)");
	close_device();
}

/* One region for both; the page that was registered to ask is gone. */
static void same_tag_same_region(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr, again;

	fake_verbs.tph = tph_xst;
	open_device(f, NET_TAG_REQUIRE);
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_int_equal(try(f, &again, 0), NCCL_SUCCESS);
	assert_ptr_equal(again.region, mr.region);
	assert_int_equal(fake_verbs.live_mrs, 1);
	assert_int_equal(fake_verbs.length, 1);
	assert_said("tag xst=0x1234,ph=2 applied");
	verbs_unreg(&mr);
	verbs_unreg(&again);
	close_device();
}

static void another_tag_another_region(void **state)
{
	struct fake_mr_tph other_hint = tph_st, stale = tph_st;
	const struct fake_mr_tph *changes[] = { &tph_xst, &tph_none, &other_hint };
	struct fixture *f = *state;
	struct net_mr mr, again;

	other_hint.ph = 1;
	for (size_t i = 0; i < NR(changes); i++) {
		open_device(f, NET_TAG_PREFER);
		fake_verbs.tph = tph_st;
		assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
		fake_verbs.tph = *changes[i];
		assert_int_equal(try(f, &again, 0), NCCL_SUCCESS);
		assert_ptr_not_equal(again.region, mr.region);
		assert_int_equal(fake_verbs.live_mrs, 2);
		verbs_unreg(&mr);
		assert_int_equal(fake_verbs.live_mrs, 1);
		verbs_unreg(&again);
		close_device();
	}
	/* What differs besides the tag is not the tag. */
	open_device(f, NET_TAG_PREFER);
	fake_verbs.tph = tph_st;
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	stale.stale_faults++;
	fake_verbs.tph = stale;
	assert_int_equal(try(f, &again, 0), NCCL_SUCCESS);
	assert_ptr_equal(again.region, mr.region);
	verbs_unreg(&mr);
	verbs_unreg(&again);
	close_device();
}

/* The tag is gone: under require there is no region then, and the one that is held stays. */
static void tag_gone_under_require(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr, again;

	open_device(f, NET_TAG_REQUIRE);
	fake_verbs.tph = tph_st;
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	fake_verbs.tph = tph_none;
	assert_int_not_equal(try(f, &again, 0), NCCL_SUCCESS);
	assert_said("(TPHBUF_NET_TAG=require)");
	assert_int_equal(fake_verbs.live_mrs, 1);
	verbs_unreg(&mr);
	close_device();
}

/* A region that is there is not given away if nobody can tell its tag. */
static void cannot_ask_again(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr, again;

	open_device(f, NET_TAG_PREFER);
	fake_verbs.tph = tph_st;
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	said[0] = '\0';
	fake_verbs.reg_errno = ENODEV;
	assert_int_equal(try(f, &again, 0), NCCL_SYSTEM_ERROR);
	assert_said("revoked");
	fake_verbs.reg_errno = 0;
	fake_verbs.query_errno = EIO;
	assert_int_equal(try(f, &again, 0), NCCL_SYSTEM_ERROR);
	assert_int_equal(fake_verbs.live_mrs, 1);
	fake_verbs.query_errno = 0;
	verbs_unreg(&mr);
	close_device();
}

static void wrong_descriptors(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr;

	open_device(f, NET_TAG_PREFER);
	assert_int_equal(try_fd(&mr, 0, -1), NCCL_INVALID_ARGUMENT);
	assert_said("of descriptor -1 on mlx5_0: ");
	assert_int_equal(try(f, &mr, LENGTH), NCCL_INVALID_ARGUMENT);
	assert_said("WARN");
	assert_int_equal(try(f, &mr, LENGTH - SIZE + 1), NCCL_INVALID_ARGUMENT);
	assert_int_equal(try(f, &mr, UINT64_MAX - SIZE + 1), NCCL_INVALID_ARGUMENT);
	assert_null(strstr(said, "require"));
	assert_int_equal(fake_verbs.live_mrs, 0);
	assert_int_equal(try(f, &mr, LENGTH - SIZE), NCCL_SUCCESS);
	verbs_unreg(&mr);
	close_device();
}

/* Each failure on the way is an error with a text, and leaves nothing. */
static enum nccl_result get_twice(struct fixture *f)
{
	struct net_mr mr, again;
	enum nccl_result got;

	said[0] = '\0';
	got = try(f, &mr, 0);
	if (!got) {
		got = try(f, &again, 0);
		if (!got)
			verbs_unreg(&again);
		verbs_unreg(&mr);
	}
	tphbuf_registry_invalidate(dev.registry, NULL);
	return got;
}

static void every_call_fails(void **state)
{
	unsigned int fds, failures = 0;
	struct fixture *f = *state;
	bool hit = true;

	fake_verbs.tph = tph_st;
	open_device(f, NET_TAG_REQUIRE);
	assert_int_equal(get_twice(f), NCCL_SUCCESS);
	fds = fake_count_fds();
	for (unsigned int n = 1; hit; n++) {
		enum nccl_result got;

		assert_true(n < MAX_FAULTS);
		fault_arm(n);
		got = get_twice(f);
		hit = fault_disarm();
		assert_int_equal(fake_verbs.live_mrs, 0);
		assert_int_equal(fake_count_fds(), fds);
		assert_true(hit || !got);
		failures += got != NCCL_SUCCESS;
		if (got)
			assert_non_null(strstr(said, "WARN"));
	}
	assert_true(failures > 5);
	close_device();
}

static void no_registry(void **state)
{
	struct fixture *f = *state;

	open_device(f, NET_TAG_PREFER);
	assert_int_equal(verbs.mr_opts->flags, 0);
	close_device();
	memset(&verbs, 0, sizeof(verbs));
	verbs.ctx = f->ctx;
	fault_arm(1);
	assert_int_equal(verbs_registry_new(&verbs, &dev), -ENOMEM);
	fault_disarm();
	assert_null(verbs.mr_opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define MEMORY_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_mr, close_mr)
		MEMORY_TEST(with_a_tag),
		MEMORY_TEST(without_a_tag),
		MEMORY_TEST(tags_ignored),
		MEMORY_TEST(tag_unknown),
		MEMORY_TEST(same_tag_same_region),
		MEMORY_TEST(another_tag_another_region),
		MEMORY_TEST(tag_gone_under_require),
		MEMORY_TEST(cannot_ask_again),
		MEMORY_TEST(wrong_descriptors),
		MEMORY_TEST(every_call_fails),
		MEMORY_TEST(no_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
