// SPDX-License-Identifier: MIT
/* The fixture of the unit tests, see test.h. */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "tests/unit/test.h"

int fixture_ctx(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_setup();
	f->fds = fake_count_fds();
	if (tphbuf_ctx_new(NULL, &f->ctx))
		return -1;
	*state = f;
	return 0;
}

int fixture_device(void **state)
{
	struct fixture *f;

	if (fixture_ctx(state))
		return -1;
	f = *state;
	return tphbuf_device_open(f->ctx, FAKE_BDF, NULL, &f->dev);
}

int fixture_buffer(void **state)
{
	const struct tphbuf_range range = { 0x10000, 0x10000 };
	struct fixture *f;

	if (fixture_device(state))
		return -1;
	f = *state;
	return tphbuf_buffer_export(f->dev, 2, &range, 1, NULL, &f->buf);
}

int fixture_close(void **state)
{
	struct fixture *f = *state;
	unsigned int fds;
	int ret;

	fault_disarm();
	tphbuf_buffer_close(f->buf);
	tphbuf_device_close(f->dev);
	tphbuf_ctx_free(f->ctx);
	fds = fake_count_fds();
	ret = fds == f->fds ? 0 : -1;
	if (ret)
		print_error("%u descriptors before, %u after\n", f->fds, fds);
	free(f);
	fake_teardown();
	return ret;
}

void assert_error_at(const struct tphbuf_ctx *ctx, enum tphbuf_stage stage, const char *part)
{
	const char *text = tphbuf_ctx_error(ctx);

	assert_string_equal(tphbuf_stage_name(tphbuf_ctx_error_stage(ctx)),
			    tphbuf_stage_name(stage));
	if (!strstr(text, part))
		fail_msg("'%s' does not mention '%s'", text, part);
}

void sweep_faults(struct fixture *f, fault_op op)
{
	unsigned int n, fds = fake_count_fds(), failures = 0;
	bool hit = true;

	for (n = 1; hit; n++) {
		int ret;

		assert_true(n < MAX_FAULTS);
		fault_arm(n);
		ret = op(f);
		hit = fault_disarm();
		if (fake_count_fds() != fds)
			fail_msg("failure %u left a descriptor open", n);
		if (!hit && ret)
			fail_msg("returns %d without any failure: %s", ret,
				 tphbuf_ctx_error(f->ctx));
		if (!ret)
			continue;
		failures++;
		if (!tphbuf_ctx_error(f->ctx)[0])
			fail_msg("failure %u has no text", n);
	}
	/* A sweep in which the operation never failed is an error of the test. */
	assert_true(failures > 0);
}

static void on_alarm(int signal)
{
	(void)signal;
}

void interrupt_every(long us)
{
	const struct itimerval t = { { 0, us }, { 0, us } };
	const struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}
