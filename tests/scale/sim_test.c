// SPDX-License-Identifier: MIT
// The simulation of benchmarks/scale where its answer is known.
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "benchmarks/scale/sim.h"
#include "benchmarks/scale/st_table.h"

static struct sim_opts defaults(void)
{
	return (struct sim_opts){ .entries = 48,
				  .limit = 48,
				  .in_flight = 1,
				  .operations = 400000,
				  .warm_up = 50000,
				  .seed = 7 };
}

static struct sim_result simulate(const struct sim_opts *opts)
{
	struct sim_result result;

	assert_int_equal(sim_run(opts, &result), 0);
	assert_int_equal(result.operations, opts->operations);
	return result;
}

static void near(double got, double wanted, double off)
{
	if (fabs(got - wanted) > off)
		fail_msg("%f, expected %f +- %f", got, wanted, off);
}

static double share(uint64_t n, const struct sim_result *result)
{
	return (double)n / (double)result->operations;
}

static void test_bad_options(void **state)
{
	struct sim_result result;
	struct sim_opts opts;

	(void)state;
	opts = defaults(), opts.entries = 0;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.entries = ST_TABLE_MAX + 1;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.limit = 0;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.limit = opts.entries + 1;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.in_flight = 0;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.in_flight = (double)NAN;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.zipf = -1;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
	opts = defaults(), opts.operations = 0;
	assert_int_equal(sim_run(&opts, &result), -EINVAL);
}

static double erlang_b(double load, unsigned int servers)
{
	double blocked = 1;

	for (unsigned int i = 1; i <= servers; i++)
		blocked = load * blocked / (i + load * blocked);
	return blocked;
}

/* Each operation has a tag of its own: entries are the servers of a loss system (Erlang B). */
static void test_tag_per_operation(void **state)
{
	static const double loads[] = { 20, 40, 48, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		struct sim_opts opts = defaults();
		struct sim_result result;

		opts.in_flight = loads[i];
		result = simulate(&opts);
		near(share(result.without_hint, &result), erlang_b(loads[i], 48), 0.006);
		assert_int_equal(result.table_writes, result.operations - result.without_hint);
		assert_int_equal(result.registrations, result.operations);
	}
}

/* The limit counts, not the entries. */
static void test_limit(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result result;

	(void)state;
	opts.entries = 63;
	opts.in_flight = 40;
	result = simulate(&opts);
	near(share(result.without_hint, &result), erlang_b(40, 48), 0.006);
}

/* Fewer tags than entries: each is written once. */
static void test_all_fit(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result result;

	(void)state;
	opts.targets = 48;
	opts.in_flight = 200;
	opts.warm_up = 0;
	result = simulate(&opts);
	assert_int_equal(result.without_hint, 0);
	assert_int_equal(result.table_writes, 48);
}

/* Short operations on equally popular tags: the table holds entries / tags of them. */
static void test_uniform(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result result;

	(void)state;
	opts.targets = 192;
	opts.in_flight = 0.001;
	result = simulate(&opts);
	assert_int_equal(result.without_hint, 0);
	near(share(result.table_writes, &result), 1 - 48.0 / 192, 0.005);
}

/*
 * Short operations on tags of popularity r^-1: the hit ratio of a least recently used cache by the approximation of
 * H. Che et al. (2002): sum of p (1 - exp(-p t)), with t such that the sum of 1 - exp(-p t) is the number of entries.
 */
static double che_misses(unsigned int targets, double zipf, double entries)
{
	double sum = 0, low = 0, high = 1e9, hits = 0;

	for (unsigned int r = 1; r <= targets; r++)
		sum += pow(r, -zipf);
	while (high - low > 1e-6 * high) {
		double t = (low + high) / 2, held = 0;

		for (unsigned int r = 1; r <= targets; r++)
			held += 1 - exp(-pow(r, -zipf) / sum * t);
		if (held < entries)
			low = t;
		else
			high = t;
	}
	for (unsigned int r = 1; r <= targets; r++) {
		double p = pow(r, -zipf) / sum;

		hits += p * (1 - exp(-p * low));
	}
	return 1 - hits;
}

static void test_popularity(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result result;

	(void)state;
	opts.targets = 2000;
	opts.zipf = 1;
	opts.in_flight = 0.001;
	result = simulate(&opts);
	near(share(result.table_writes, &result), che_misses(2000, 1, 48), 0.01);
}

/* Regions are kept: the first tags hold the table for good, all others go without hint. */
static void test_kept(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result result;

	(void)state;
	opts.targets = 192;
	opts.kept = 192;
	opts.warm_up = 20000;
	result = simulate(&opts);
	near(share(result.without_hint, &result), 1 - 48.0 / 192, 0.005);
	assert_int_equal(result.table_writes, 0);
	assert_int_equal(result.registrations, 0);
}

/* One operation after the other with few kept regions: no more entries in use than regions. */
static void test_few_kept(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result result;

	(void)state;
	opts.targets = 192;
	opts.kept = 40;
	opts.in_flight = 0.001;
	result = simulate(&opts);
	assert_int_equal(result.without_hint, 0);
	near(share(result.registrations, &result), 1 - 40.0 / 192, 0.006);
}

static void test_same_seed(void **state)
{
	struct sim_opts opts = defaults();
	struct sim_result one, other;

	(void)state;
	opts.targets = 500;
	opts.zipf = 0.8;
	opts.operations = 20000;
	one = simulate(&opts);
	other = simulate(&opts);
	assert_memory_equal(&one, &other, sizeof(one));
	opts.seed++;
	other = simulate(&opts);
	assert_memory_not_equal(&one, &other, sizeof(one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_options), cmocka_unit_test(test_tag_per_operation),
		cmocka_unit_test(test_limit),	    cmocka_unit_test(test_all_fit),
		cmocka_unit_test(test_uniform),	    cmocka_unit_test(test_popularity),
		cmocka_unit_test(test_kept),	    cmocka_unit_test(test_few_kept),
		cmocka_unit_test(test_same_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
