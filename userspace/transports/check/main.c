// SPDX-License-Identifier: MIT
/* nccl-net-check: options, and TAP. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "device.h"

static struct {
	const char *only;
	const char *replay;
	int ranks;
	size_t bytes;
	bool points, data;
} options = { .ranks = 2, .bytes = 0, .points = true, .data = true };

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

static const char *data_name;
static size_t data_count;

static const char *run_data(struct plugin *p)
{
	return data_test(data_name, p, options.ranks, data_count);
}

/* Sizes with odd numbers of values and below, at and above what fits into a socket buffer */
static void data_tests(struct plugin *p)
{
	static const size_t counts[] = { 1, 3, 1023, 65537, 1048576 };
	char sentence[96];

	for (int i = 0; data_names[i]; i++) {
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
			if (options.bytes && k)
				break;
			data_name = data_names[i];
			data_count = options.bytes ? (options.bytes + 3) / 4 : counts[k];
			snprintf(sentence, sizeof(sentence), "%d ranks, %zu bytes of each",
				 options.ranks, data_count * 4);
			if (wanted(data_name))
				report(data_name, sentence, run_apart(run_data, p));
		}
	}
}

static const char *run_replay(struct plugin *p)
{
	return replay(p, options.replay);
}

static int usage(void)
{
	fputs("usage: nccl-net-check [options] PLUGIN\n"
	      "  --as RELEASE   load as NCCL 2.22, 2.24, 2.26, 2.28, 2.29 or 2.30 does (2.28)\n"
	      "  --only LIST    only these points or data tests, by name\n"
	      "  --no-points    no contract points\n"
	      "  --no-data      no data tests\n"
	      "  --ranks N      processes of the data tests, 2 to 8 (2)\n"
	      "  --bytes N      one size of the data tests\n"
	      "  --device-memory  data tests register their memory as device memory, by address\n"
	      "  --device BDF,BAR[,TAG/...]  memory is a range of a BAR through vfio, a tag for each rank\n"
	      "  --replay FILE  play a trace of TPHBUF_NET_TRACE, nothing else\n"
	      "  -v             show what the plugin logs\n",
	      stderr);
	return 2;
}

static const struct option long_options[] = {
	{ "as", required_argument, NULL, 'a' },	    { "only", required_argument, NULL, 'o' },
	{ "no-points", no_argument, NULL, 'P' },    { "no-data", no_argument, NULL, 'D' },
	{ "ranks", required_argument, NULL, 'n' },  { "bytes", required_argument, NULL, 'b' },
	{ "replay", required_argument, NULL, 'r' }, { "device-memory", no_argument, NULL, 'm' },
	{ "device", required_argument, NULL, 'd' }, { NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	const struct release *as = release_named("2.28");
	struct plugin p;
	const char *why;
	int c;

	while ((c = getopt_long(argc, argv, "v", long_options, NULL)) != -1) {
		switch (c) {
		case 'a':
			as = release_named(optarg);
			if (!as)
				return usage();
			break;
		case 'o':
			options.only = optarg;
			break;
		case 'P':
			options.points = false;
			break;
		case 'D':
			options.data = false;
			break;
		case 'n':
			options.ranks = atoi(optarg);
			break;
		case 'b':
			options.bytes = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			options.replay = optarg;
			break;
		case 'd':
			why = device_set(optarg);
			if (why) {
				fprintf(stderr, "%s\n", why);
				return 2;
			}
			break;
		case 'm':
			check_memory = NCCL_PTR_CUDA;
			break;
		case 'v':
			check_verbose = true;
			break;
		default:
			return usage();
		}
	}
	if (argc != optind + 1 || options.ranks < 2 || options.ranks > 8)
		return usage();
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
	}
	printf("1..%d\n", number);
	return failed != 0;
}
