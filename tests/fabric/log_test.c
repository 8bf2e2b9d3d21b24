// SPDX-License-Identifier: MIT
/* Messages that a guest can cause: the log stays short, however often they occur. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "tests/fabric/toy.h"

#define LINES 64

struct state {
	struct fab_fabric *fabric;
	struct fab_device dev;
	unsigned int lines;
	char text[LINES][512];
};

static void keep(void *ctx, const char *text)
{
	struct state *state = ctx;

	assert_true(state->lines < LINES);
	strcpy(state->text[state->lines++], text);
}

static int setup(void **ctx)
{
	static struct state state;

	memset(&state, 0, sizeof(state));
	assert_int_equal(fab_fabric_new(&state.fabric), 0);
	state.fabric->log = keep;
	state.fabric->log_ctx = &state;
	state.dev.fabric = state.fabric;
	strcpy(state.dev.name, "dev");
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	fab_fabric_free(((struct state *)*ctx)->fabric);
	return 0;
}

static void one_kind_is_bounded(void **ctx)
{
	struct state *state = *ctx;
	unsigned int i;

	for (i = 1; i <= 1000000; i++)
		fab_log(&state->dev, "range %u refused", i);
	assert_int_equal(state->lines, FAB_LOG_FIRST + 5);
	assert_string_equal(state->text[0], "dev: range 1 refused");
	assert_string_equal(state->text[9], "dev: range 10 refused (further ones are counted only)");
	assert_string_equal(state->text[10], "dev: range 100 refused (100 times)");
	assert_string_equal(state->text[14], "dev: range 1000000 refused (1000000 times)");
}

static void kinds_do_not_hide_each_other(void **ctx)
{
	struct state *state = *ctx;
	unsigned int i;

	for (i = 0; i < 5000; i++)
		fab_log(&state->dev, "range refused");
	state->lines = 0;
	fab_log(&state->dev, "event queue %u is full", 3);
	assert_int_equal(state->lines, 1);
	assert_string_equal(state->text[0], "dev: event queue 3 is full");
}

static void kinds_of_one_format_do_not_hide_each_other(void **ctx)
{
	struct state *state = *ctx;
	unsigned int i;

	for (i = 0; i < 5000; i++)
		fab_log_kind(&state->dev, 7, "command %u refused", 7);
	assert_int_equal(state->lines, FAB_LOG_FIRST + 2);
	state->lines = 0;
	fab_log_kind(&state->dev, 8, "command %u refused", 8);
	assert_int_equal(state->lines, 1);
	assert_string_equal(state->text[0], "dev: command 8 refused");
}

/* More kinds of messages than the table holds: the log stays bounded. */
static void kinds_past_the_table(void **ctx)
{
	static const char formats[2 * FAB_LOG_KINDS][4];
	struct state *state = *ctx;
	unsigned int i, total = 0;

	for (i = 0; i < 100000; i++) {
		state->lines = 0;
		fab_log(&state->dev, formats[i % (2 * FAB_LOG_KINDS)], 0);
		total += state->lines;
	}
	assert_in_range(total, FAB_LOG_KINDS, FAB_LOG_KINDS * (FAB_LOG_FIRST + 4));
}

static void counting_starts_again_when_cleared(void **ctx)
{
	struct state *state = *ctx;
	unsigned int i;

	for (i = 0; i < 50; i++)
		fab_log(&state->dev, "again");
	memset(state->dev.log, 0, sizeof(state->dev.log)); /* fab_device_clear() */
	state->lines = 0;
	fab_log(&state->dev, "again");
	assert_int_equal(state->lines, 1);
}

static void long_messages_are_cut(void **ctx)
{
	struct state *state = *ctx;
	char word[600];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	fab_log(&state->dev, "%s", word);
	assert_int_equal(strlen(state->text[0]), 511);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_kind_is_bounded),   TEST(kinds_do_not_hide_each_other),
		TEST(kinds_past_the_table),  TEST(counting_starts_again_when_cleared),
		TEST(long_messages_are_cut), TEST(kinds_of_one_format_do_not_hide_each_other),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
