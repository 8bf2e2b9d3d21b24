// SPDX-License-Identifier: MIT
/* VF tokens by both back ends: lib/vfio/vf_token.c. */
#include <linux/vfio.h>

#include "tests/unit/test.h"

#define DEV	    "sys/bus/pci/devices/" FAKE_BDF
#define PF	    "0000:03:00.7"
#define TOKEN	    "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3"
#define TOKEN_BYTES "\xbd\x8d\x9d\x2b\x5a\x5f\x4f\x5a\xa2\x11\xf5\x91\x51\x4b\xa1\xf3"

static int setup_group(void **state)
{
	int ret = fixture_ctx(state);

	if (!ret)
		fake_group_nodes();
	return ret;
}

static int open_token(struct fixture *f, enum tphbuf_backend backend, const char *token)
{
	struct tphbuf_device_opts opts = {
		.size = sizeof(opts),
		.vf_token = token,
		.backend = backend,
	};
	struct tphbuf_device *dev = NULL;
	int ret = tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev);

	tphbuf_device_close(dev);
	/* A token is never part of a message. */
	if (token)
		assert_null(strstr(tphbuf_ctx_error(f->ctx), token));
	return ret;
}

static const enum tphbuf_backend both[] = {
	TPHBUF_BACKEND_IOMMUFD,
	TPHBUF_BACKEND_GROUP,
};

static void token_of_no_pf_and_no_vf(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(both); i++) {
		assert_int_equal(open_token(f, both[i], "nonsense"), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "not a UUID");
		assert_int_equal(open_token(f, both[i], TOKEN), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "neither a PF nor");
		assert_int_equal(open_token(f, both[i], NULL), 0);
	}
}

/* By each back end. why: part of the error without a token */
static void only_with_the_token(struct fixture *f, const char *why)
{
	static const char wrong[] = "00000000-0000-0000-0000-000000000000";

	for (size_t i = 0; i < NR(both); i++) {
		assert_int_equal(open_token(f, both[i], NULL), -EACCES);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, why);
		assert_int_equal(open_token(f, both[i], wrong), -EACCES);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "not the VF token");
		assert_int_equal(open_token(f, both[i], TOKEN), 0);
	}
	/* With the right token EINVAL has other causes. */
	fake_fail_ioctl(VFIO_DEVICE_BIND_IOMMUFD, 1, EINVAL);
	assert_int_equal(open_token(f, TPHBUF_BACKEND_AUTO, TOKEN), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "open in another program");
}

static void token_of_a_vf(void **state)
{
	struct fixture *f = *state;
	size_t i;

	fake_link("sys/bus/pci/devices/" PF "/driver", "../../drivers/vfio-pci");
	fake_link(DEV "/physfn", "../" PF);
	fake.token = TOKEN_BYTES;
	for (i = 0; i < NR(both); i++) {
		assert_int_equal(open_token(f, both[i], NULL), -EACCES);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, PF);
	}
	only_with_the_token(f, "is needed");
	/* The PF is bound to its own driver, or to none. */
	fake_link("sys/bus/pci/devices/" PF "/driver", "../../drivers/igb");
	fake.token = NULL;
	for (i = 0; i < NR(both); i++) {
		assert_int_equal(open_token(f, both[i], TOKEN), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "driver: igb");
		assert_int_equal(open_token(f, both[i], NULL), 0);
	}
	fake_remove("sys/bus/pci/devices/" PF "/driver");
	assert_int_equal(open_token(f, TPHBUF_BACKEND_AUTO, TOKEN), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_BIND, "driver: none");
}

static void token_of_a_pf(void **state)
{
	struct fixture *f = *state;

	fake_text(DEV "/sriov_totalvfs", "7\n");
	fake.token = TOKEN_BYTES;
	only_with_the_token(f, "VFs of it");
}

static int op_iommufd(struct fixture *f)
{
	return open_token(f, TPHBUF_BACKEND_IOMMUFD, TOKEN);
}

static int op_group(struct fixture *f)
{
	return open_token(f, TPHBUF_BACKEND_GROUP, TOKEN);
}

static void every_failing_call_is_reported(void **state)
{
	struct fixture *f = *state;

	fake.token = TOKEN_BYTES;
	sweep_faults(f, op_iommufd);
	sweep_faults(f, op_group);
}

#define TEST_GROUP(fn) cmocka_unit_test_setup_teardown(fn, setup_group, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_GROUP(token_of_no_pf_and_no_vf),
		TEST_GROUP(token_of_a_vf),
		TEST_GROUP(token_of_a_pf),
		TEST_GROUP(every_failing_call_is_reported),
	};

	return cmocka_run_group_tests_name("vf_token", tests, NULL, NULL);
}
