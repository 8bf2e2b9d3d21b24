// SPDX-License-Identifier: MIT
/*
 * scale_sim --entries N --limit N --targets N --kept N --in-flight X --zipf X --operations N --warm-up N --seed N
 * One line, separated by tabs: the options, then operations without hint, registrations and table writes per operation.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "tests/harness/args.h"

#define MOST 1e15

static const struct option options[] = {
	{ "entries", required_argument, NULL, 'e' },	{ "limit", required_argument, NULL, 'l' },
	{ "targets", required_argument, NULL, 't' },	{ "kept", required_argument, NULL, 'k' },
	{ "in-flight", required_argument, NULL, 'f' },	{ "zipf", required_argument, NULL, 'z' },
	{ "operations", required_argument, NULL, 'o' }, { "warm-up", required_argument, NULL, 'w' },
	{ "seed", required_argument, NULL, 's' },	{ 0 },
};

static double fraction(const char *option, const char *text)
{
	double number;
	char *end;

	errno = 0;
	number = strtod(text, &end);
	if (errno || end == text || *end || !(number >= 0 && number <= MOST))
		args_bad("--%s '%s' is not a number from 0 to %g", option, text, MOST);
	return number;
}

static uint64_t whole(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char name[16];

	snprintf(name, sizeof(name), "--%s", option);
	return args_number(name, text, least, most);
}

static void parse(struct sim_opts *opts, int option, const char *name, const char *text)
{
	switch (option) {
	case 'e':
		opts->entries = (unsigned int)whole(name, text, 1, 64);
		break;
	case 'l':
		opts->limit = (unsigned int)whole(name, text, 1, 64);
		break;
	case 't':
		opts->targets = whole(name, text, 0, 1u << 28);
		break;
	case 'k':
		opts->kept = whole(name, text, 0, (uint64_t)MOST);
		break;
	case 'f':
		opts->in_flight = fraction(name, text);
		break;
	case 'z':
		opts->zipf = fraction(name, text);
		break;
	case 'o':
		opts->operations = whole(name, text, 1, (uint64_t)MOST);
		break;
	case 'w':
		opts->warm_up = whole(name, text, 0, (uint64_t)MOST);
		break;
	default:
		opts->seed = whole(name, text, 0, UINT64_MAX);
		break;
	}
}

int main(int argc, char **argv)
{
	struct sim_opts opts = { .entries = 63,
				 .limit = 48,
				 .targets = 1000,
				 .in_flight = 16,
				 .operations = 1000000,
				 .warm_up = 100000,
				 .seed = 1 };
	struct sim_result result;
	double n;
	int ret, option, which;

	while ((option = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (option == '?')
			return 2;
		parse(&opts, option, options[which].name, optarg);
	}
	if (optind < argc)
		args_bad("unexpected argument '%s'", argv[optind]);
	if (opts.limit > opts.entries)
		args_bad("--limit '%u' is more than --entries, which are %u", opts.limit,
			 opts.entries);
	if (!(opts.in_flight > 0))
		args_bad("--in-flight '%g' is not above 0", opts.in_flight);
	ret = sim_run(&opts, &result);
	if (ret) {
		fprintf(stderr, "scale_sim: %s\n", strerror(-ret));
		return 1;
	}
	n = (double)result.operations;
	printf("%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%g\t%g\t%" PRIu64 "\t%.6f\t%.6f\t%.6f\n",
	       opts.entries, opts.limit, opts.targets, opts.kept, opts.in_flight, opts.zipf,
	       result.operations, (double)result.without_hint / n, (double)result.registrations / n,
	       (double)result.table_writes / n);
	return 0;
}
