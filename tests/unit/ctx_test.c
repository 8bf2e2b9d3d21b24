// SPDX-License-Identifier: MIT
/* Contexts, the record of failures, and the words for errno values. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test.h"

#include "lib/core/internal.h"

struct log {
	unsigned int calls;
	char last[ERROR_TEXT_MAX];
};

static void take_log(void *arg, enum tphbuf_log_level level, const char *text)
{
	struct log *log = arg;

	(void)level;
	log->calls++;
	snprintf(log->last, sizeof(log->last), "%s", text);
}

static void new_bad_arguments(void **state)
{
	struct {
		struct tphbuf_ctx_opts opts;
		char later[8];
	} newer = { .opts = { .size = sizeof(newer) }, .later = "x" };
	struct tphbuf_ctx_opts unset = { .sysfs_root = "/sys" };
	struct tphbuf_ctx *ctx = NULL;

	(void)state;
	assert_int_equal(tphbuf_ctx_new(NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_ctx_new(&unset, &ctx), -EINVAL);
	assert_int_equal(tphbuf_ctx_new(&newer.opts, &ctx), -E2BIG);
	assert_null(ctx);
}

static void new_fails_at_every_allocation(void **state)
{
	struct tphbuf_ctx *ctx = NULL;
	unsigned int n;

	(void)state;
	for (n = 1; n <= 3; n++) {
		fault_arm(n);
		assert_int_equal(tphbuf_ctx_new(NULL, &ctx), -ENOMEM);
		assert_true(fault_disarm());
		assert_null(ctx);
	}
}

static void null_context_is_harmless(void **state)
{
	(void)state;
	tphbuf_ctx_free(NULL);
	assert_non_null(tphbuf_ctx_error(NULL));
	assert_int_equal(tphbuf_ctx_error_stage(NULL), TPHBUF_STAGE_ARGUMENT);
}

static void error_is_empty_until_a_failure(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(tphbuf_ctx_error(f->ctx), "");
	assert_int_equal(tphbuf_ctx_error_stage(f->ctx), TPHBUF_STAGE_NONE);
	assert_int_equal(tphbuf_priv_fail(f->ctx, TPHBUF_STAGE_TAG, -EIO, "a %d", 1), -EIO);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "a 1");
}

static void error_may_quote_the_previous_one(void **state)
{
	struct fixture *f = *state;

	tphbuf_priv_fail(f->ctx, TPHBUF_STAGE_TAG, -EIO, "inner");
	tphbuf_priv_fail(f->ctx, TPHBUF_STAGE_TAG, -EIO, "outer: %s", tphbuf_ctx_error(f->ctx));
	assert_string_equal(tphbuf_ctx_error(f->ctx), "outer: inner");
}

static void error_text_is_cut_not_overrun(void **state)
{
	struct fixture *f = *state;
	char *text = test_malloc(2 * ERROR_TEXT_MAX);

	memset(text, 'x', 2 * ERROR_TEXT_MAX - 1);
	text[2 * ERROR_TEXT_MAX - 1] = '\0';
	tphbuf_priv_fail(f->ctx, TPHBUF_STAGE_TAG, -EIO, "%s", text);
	assert_int_equal(strlen(tphbuf_ctx_error(f->ctx)), ERROR_TEXT_MAX - 1);
	text[ERROR_TEXT_MAX - 10] = '\0';
	tphbuf_priv_fail_errno(f->ctx, TPHBUF_STAGE_TAG, -EIO, "%s", text);
	assert_int_equal(strlen(tphbuf_ctx_error(f->ctx)), ERROR_TEXT_MAX - 1);
	test_free(text);
}

static void log_has_errors_and_respects_the_level(void **state)
{
	struct log log = { 0 };
	struct tphbuf_ctx_opts opts = {
		.size = sizeof(opts),
		.log = take_log,
		.log_arg = &log,
		.log_level = TPHBUF_LOG_INFO,
	};
	struct tphbuf_ctx *ctx;

	(void)state;
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	ctx_log(ctx, TPHBUF_LOG_DEBUG, "not wanted");
	assert_int_equal(log.calls, 0);
	ctx_log(ctx, TPHBUF_LOG_INFO, "wanted");
	assert_int_equal(log.calls, 1);
	tphbuf_priv_fail(ctx, TPHBUF_STAGE_EXPORT, -EIO, "broken");
	assert_int_equal(log.calls, 2);
	assert_string_equal(log.last, "export: broken");
	tphbuf_ctx_free(ctx);
}

static void stage_names_are_distinct(void **state)
{
	enum tphbuf_stage a, b;

	(void)state;
	for (a = TPHBUF_STAGE_NONE; a <= TPHBUF_STAGE_STEER; a++)
		for (b = TPHBUF_STAGE_NONE; b < a; b++)
			assert_string_not_equal(tphbuf_stage_name(a), tphbuf_stage_name(b));
	assert_string_equal(tphbuf_stage_name(TPHBUF_STAGE_STEER + 1), "unknown");
	assert_string_equal(tphbuf_stage_name((enum tphbuf_stage) - 1), "unknown");
}

/* errno values with several meanings must be distinguishable. */
static void explain_depends_on_the_stage(void **state)
{
	static const struct {
		enum tphbuf_stage stage;
		int err;
		const char *part;
	} cases[] = {
		{ TPHBUF_STAGE_BIND, EINVAL, "VF token" },
		{ TPHBUF_STAGE_BIND, EPERM, "interrupt remapping" },
		{ TPHBUF_STAGE_BIND, EACCES, "VF token" },
		{ TPHBUF_STAGE_OPEN, EACCES, "permission" },
		{ TPHBUF_STAGE_EXPORT, EINVAL, "peer-to-peer" },
		{ TPHBUF_STAGE_EXPORT, ENOTTY, "no vfio dma-buf export" },
		{ TPHBUF_STAGE_TAG, ENOTTY, "no tags" },
		{ TPHBUF_STAGE_TAG, EOPNOTSUPP, "completer" },
		{ TPHBUF_STAGE_TAG, EPROTO, "something else" },
		{ TPHBUF_STAGE_REGISTER, EINVAL, "route" },
		{ TPHBUF_STAGE_REGISTER, ENODEV, "revoked" },
		{ TPHBUF_STAGE_REGISTER, EOPNOTSUPP, "revoked buffer" },
		{ TPHBUF_STAGE_IMPORT, EINVAL, "not a dma-buf" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(cases); i++) {
		const char *text = tphbuf_explain(cases[i].stage, cases[i].err);

		print_message("%zu: %s\n", i, text);
		assert_non_null(strstr(text, cases[i].part));
		/* A remedy follows the cause. */
		assert_non_null(strchr(text, ';'));
		assert_ptr_equal(text, tphbuf_explain(cases[i].stage, -cases[i].err));
	}
	assert_string_equal(tphbuf_explain(TPHBUF_STAGE_TAG, 99999), "unknown error");
	assert_string_equal(tphbuf_explain((enum tphbuf_stage)77, EDOM),
			    "Numerical argument out of domain");
}

/* errno values that drivers and containers return at any call have a cause and a remedy at every stage. */
static void common_errors_are_explained_everywhere(void **state)
{
	static const int errs[] = { 524, EFAULT, EPERM, EACCES, EIO, ENOSPC, EMFILE, ENOMEM };
	enum tphbuf_stage stage;
	size_t i;

	(void)state;
	for (stage = TPHBUF_STAGE_LOOKUP; stage <= TPHBUF_STAGE_STEER; stage++)
		for (i = 0; i < NR(errs); i++)
			if (!strchr(tphbuf_explain(stage, errs[i]), ';'))
				fail_msg("%s %d: %s", tphbuf_stage_name(stage), errs[i],
					 tphbuf_explain(stage, errs[i]));
	/* ENOTSUPP of exporters without peer-to-peer access */
	assert_non_null(strstr(tphbuf_explain(TPHBUF_STAGE_REGISTER, 524), "exporter"));
	assert_true(tphbuf_is_unsupported(-524));
}

static void unsupported_is_not_every_error(void **state)
{
	(void)state;
	assert_true(tphbuf_is_unsupported(-ENOTTY));
	assert_true(tphbuf_is_unsupported(EOPNOTSUPP));
	assert_true(tphbuf_is_unsupported(-EPROTO));
	assert_true(tphbuf_is_unsupported(-EPROTONOSUPPORT));
	assert_true(tphbuf_is_unsupported(-ENOSYS));
	assert_true(tphbuf_is_unsupported(-ENXIO));
	assert_false(tphbuf_is_unsupported(0));
	assert_false(tphbuf_is_unsupported(-EINVAL));
	assert_false(tphbuf_is_unsupported(-ENODATA));
	assert_false(tphbuf_is_unsupported(-EBUSY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_bad_arguments),
		cmocka_unit_test(new_fails_at_every_allocation),
		cmocka_unit_test(null_context_is_harmless),
		TEST(error_is_empty_until_a_failure, ctx),
		TEST(error_may_quote_the_previous_one, ctx),
		TEST(error_text_is_cut_not_overrun, ctx),
		cmocka_unit_test(log_has_errors_and_respects_the_level),
		cmocka_unit_test(stage_names_are_distinct),
		cmocka_unit_test(explain_depends_on_the_stage),
		cmocka_unit_test(common_errors_are_explained_everywhere),
		cmocka_unit_test(unsupported_is_not_every_error),
	};

	return cmocka_run_group_tests_name("ctx", tests, NULL, NULL);
}
