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

static const struct option options[] = {
	{ "entries", required_argument, NULL, 'e' },	{ "limit", required_argument, NULL, 'l' },
	{ "targets", required_argument, NULL, 't' },	{ "kept", required_argument, NULL, 'k' },
	{ "in-flight", required_argument, NULL, 'f' },	{ "zipf", required_argument, NULL, 'z' },
	{ "operations", required_argument, NULL, 'o' }, { "warm-up", required_argument, NULL, 'w' },
	{ "seed", required_argument, NULL, 's' },	{ 0 },
};

static int parse(struct sim_opts *opts, int option, const char *text)
{
	double number;
	char *end;

	errno = 0;
	number = strtod(text, &end);
	if (errno || end == text || *end || !(number >= 0 && number < 1e15)) {
		fprintf(stderr, "scale_sim: '%s' is not a number from 0 to 1e15\n", text);
		return -EINVAL;
	}
	switch (option) {
	case 'e':
		opts->entries = (unsigned int)(number < 1e6 ? number : 1e6);
		break;
	case 'l':
		opts->limit = (unsigned int)(number < 1e6 ? number : 1e6);
		break;
	case 't':
		opts->targets = (uint64_t)number;
		break;
	case 'k':
		opts->kept = (uint64_t)number;
		break;
	case 'f':
		opts->in_flight = number;
		break;
	case 'z':
		opts->zipf = number;
		break;
	case 'o':
		opts->operations = (uint64_t)number;
		break;
	case 'w':
		opts->warm_up = (uint64_t)number;
		break;
	default:
		opts->seed = (uint64_t)number;
		break;
	}
	return 0;
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
	int ret, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == '?' || parse(&opts, option, optarg))
			return 2;
	if (optind < argc) {
		fprintf(stderr, "scale_sim: unexpected argument '%s'\n", argv[optind]);
		return 2;
	}
	ret = sim_run(&opts, &result);
	if (ret) {
		fprintf(stderr, "scale_sim: %s\n",
			ret == -EINVAL ?
				"entries are 1 to 64, limit 1 to entries, in-flight and operations above 0, targets up to 2^28" :
				strerror(-ret));
		return 1;
	}
	n = (double)result.operations;
	printf("%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%g\t%g\t%" PRIu64 "\t%.6f\t%.6f\t%.6f\n",
	       opts.entries, opts.limit, opts.targets, opts.kept, opts.in_flight, opts.zipf,
	       result.operations, (double)result.without_hint / n, (double)result.registrations / n,
	       (double)result.table_writes / n);
	return 0;
}
