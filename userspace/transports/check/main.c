// SPDX-License-Identifier: MIT
/* nccl-net-check: options, and TAP. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "collective.h"
#include "device.h"
#include "util/number.h"
#include "version.h"

#define MAX_SIZES 16

static struct {
	const char *only;
	const char *replay;
	int ranks;
	size_t sizes[MAX_SIZES];
	int n_sizes;
	bool points, data, faults;
} options = {
	.ranks = 2,
	/* Odd sizes, and sizes below and above what fits into a socket buffer */
	.sizes = { 1, 12, 4093, 262148, 4194304 },
	.n_sizes = 5,
	.points = true,
	.data = true,
};

static int number, failed;

static void report(const char *id, const char *sentence, const char *why)
{
	number++;
	if (why && !strncmp(why, "SKIP ", 5)) {
		printf("ok %d - %s %s # %s\n", number, id, sentence, why);
	} else if (why) {
		failed++;
		printf("not ok %d - %s %s\n# %s\n", number, id, sentence, why);
	} else {
		printf("ok %d - %s %s\n", number, id, sentence);
	}
	fflush(stdout);
}

static bool wanted(const char *id)
{
	size_t n = strlen(id);

	for (const char *s = options.only; s; s = strchr(s, ',')) {
		if (*s == ',')
			s++;
		if (!strncmp(s, id, n) && (!s[n] || s[n] == ','))
			return true;
	}
	return !options.only;
}

static void run_points(struct plugin *p, const struct point *points)
{
	for (; points->id; points++) {
		if (wanted(points->id))
			report(points->id, points->sentence, run_apart(points->run, p));
	}
}

static const char *test_name;
static atomic_int *sizes_done;

static const char *run_data(struct plugin *p)
{
	return data_test(test_name, p, options.ranks, options.sizes, options.n_sizes, sizes_done);
}

static const char *run_fault(struct plugin *p)
{
	return fault_test(test_name, p, options.ranks);
}

/* @why: NULL, or the failure of the first size that is not done; after the last one, of the end */
static void report_sizes(const char *why)
{
	int done = atomic_load(sizes_done), bad = done < options.n_sizes ? done : done - 1;
	char sentence[96];

	for (int k = 0; k < options.n_sizes; k++) {
		snprintf(sentence, sizeof(sentence), "%d ranks, %zu bytes of each", options.ranks,
			 options.sizes[k]);
		report(test_name, sentence,
		       !why || k < bad ? NULL :
		       k == bad	       ? why :
					 "not run after the failure before");
	}
}

/* One process for all sizes of a collective; a line for each */
static void data_tests(struct plugin *p)
{
	const char *why;

	sizes_done = mmap(NULL, sizeof(*sizes_done), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; data_names[i]; i++) {
		test_name = data_names[i];
		if (!wanted(test_name))
			continue;
		atomic_store(sizes_done, 0);
		why = run_apart(run_data, p);
		report_sizes(why);
	}
	munmap(sizes_done, sizeof(*sizes_done));
}

static void fault_tests(struct plugin *p)
{
	char sentence[96];

	for (int i = 0; fault_names[i]; i++) {
		test_name = fault_names[i];
		snprintf(sentence, sizeof(sentence),
			 "during an all-reduce: an error at each of %d ranks", options.ranks);
		if (wanted(test_name))
			report(test_name, sentence, run_apart(run_fault, p));
	}
}

static const char *run_replay(struct plugin *p)
{
	return replay(p, options.replay);
}

static const char help[] =
	"usage: nccl-net-check [options] PLUGIN\n"
	"  --as RELEASE     load as NCCL 2.22, 2.24, 2.26, 2.28, 2.29 or 2.30 does (2.28)\n"
	"  --only LIST      only these points or tests, by name\n"
	"  --no-points      no contract points\n"
	"  --no-data        no data tests\n"
	"  --faults         tests with faults during an all-reduce, too\n"
	"  --ranks N        processes of the data tests, 2 to 8 (2)\n"
	"  --bytes N[,N...] sizes of the data tests\n"
	"  --device-memory  data tests register their memory as device memory, by address\n"
	"  --device BDF,BAR[,TAG/...]  memory is a range of a BAR through vfio, a tag for each\n"
	"                   rank; may be given for several devices\n"
	"  --reduce LIBRARY sums are made by tphbuf_reduce_v1 of it (tphbuf/transport.h)\n"
	"  --timeout S      seconds of one test (30)\n"
	"  --replay FILE    play a trace of TPHBUF_NET_TRACE, nothing else\n"
	"  -v               show what the plugin logs\n"
	"  --help           print this text\n"
	"  --version        print the version\n";

/* @text is a whole number from @min to @max. */
static bool parse_int(const char *text, int min, int max, int *value)
{
	uint64_t found;

	if (number_parse(text, strlen(text), &found) || found < (uint64_t)min ||
	    found > (uint64_t)max)
		return false;
	*value = (int)found;
	return true;
}

static bool parse_sizes(const char *text)
{
	options.n_sizes = 0;
	for (;; text++) {
		const size_t len = strcspn(text, ",");
		uint64_t size;

		if (options.n_sizes == MAX_SIZES || number_parse(text, len, &size) || !size)
			return false;
		options.sizes[options.n_sizes++] = size;
		text += len;
		if (!*text)
			return true;
	}
}

static const struct option long_options[] = {
	{ "as", required_argument, NULL, 'a' },
	{ "only", required_argument, NULL, 'o' },
	{ "no-points", no_argument, NULL, 'P' },
	{ "no-data", no_argument, NULL, 'D' },
	{ "ranks", required_argument, NULL, 'n' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "replay", required_argument, NULL, 'r' },
	{ "device-memory", no_argument, NULL, 'm' },
	{ "device", required_argument, NULL, 'd' },
	{ "faults", no_argument, NULL, 'f' },
	{ "reduce", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* NULL, or what is wrong; "" if getopt_long() has said it */
static const char *take_option(int c, const struct release **as)
{
	switch (c) {
	case 'a':
		*as = release_named(optarg);
		return *as ? NULL :
			     reason("--as: %s is not one of the releases that --help lists", optarg);
	case 'o':
		options.only = optarg;
		return NULL;
	case 'P':
		options.points = false;
		return NULL;
	case 'D':
		options.data = false;
		return NULL;
	case 'f':
		options.faults = true;
		return NULL;
	case 'n':
		return parse_int(optarg, 2, MAX_PEERS, &options.ranks) ?
			       NULL :
			       reason("--ranks: %s is not a number from 2 to %d", optarg, MAX_PEERS);
	case 'b':
		return parse_sizes(optarg) ?
			       NULL :
			       reason("--bytes: %s: 1 to %d sizes from 1 are expected, "
				      "with commas between them",
				      optarg, MAX_SIZES);
	case 't':
		return parse_int(optarg, 1, INT_MAX, &check_deadline_s) ?
			       NULL :
			       reason("--timeout: %s is not a number of seconds", optarg);
	case 'r':
		options.replay = optarg;
		return NULL;
	case 's':
		return reduce_load(optarg);
	case 'd':
		return device_set(optarg);
	case 'm':
		check_memory = NCCL_PTR_CUDA;
		return NULL;
	case 'v':
		check_verbose = true;
		return NULL;
	default:
		return "";
	}
}

static int usage(const char *why)
{
	if (why[0])
		fprintf(stderr, "nccl-net-check: %s\n", why);
	fputs("usage: nccl-net-check [options] PLUGIN; --help lists the options\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const struct release *as = release_named("2.28");
	struct plugin p;
	const char *why;
	int c;

	while ((c = getopt_long(argc, argv, "v", long_options, NULL)) != -1) {
		if (c == 'V') {
			puts("nccl-net-check " PROGRAM_VERSION);
			return 0;
		}
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		why = take_option(c, &as);
		if (why)
			return usage(why);
	}
	if (argc != optind + 1)
		return usage(argc == optind ? "no plugin" : "more than one plugin");
	why = plugin_load(&p, argv[optind], as);
	if (why) {
		printf("Bail out! %s\n", why);
		return 1;
	}
	printf("# %s: plugin \"%s\", table v%d, as NCCL %s\n", p.path, np_name(&p), p.version,
	       as->name);
	/* Each test loads the library in a process of its own. */
	plugin_unload(&p);
	if (options.replay) {
		report("replay", options.replay, run_apart(run_replay, &p));
	} else {
		if (options.points) {
			run_points(&p, points_load);
			run_points(&p, points_connect);
			run_points(&p, points_memory);
			run_points(&p, points_data);
			run_points(&p, points_errors);
		}
		if (options.data)
			data_tests(&p);
		if (options.faults)
			fault_tests(&p);
	}
	printf("1..%d\n", number);
	return failed != 0;
}
