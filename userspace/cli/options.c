// SPDX-License-Identifier: MIT
/*
 * Options of all subcommands, in one table; each command says which of them
 * it takes. Everything is checked here that can be checked without a device.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exec.h"
#include "cli/json.h"
#include "cli/options.h"

/* getopt_long() values: above every character. */
#define OPT_BASE 256

static const struct option long_options[] = {
	{ "bar", required_argument, NULL, OPT_BASE + OPT_BAR },
	{ "range", required_argument, NULL, OPT_BASE + OPT_RANGE },
	{ "offset", required_argument, NULL, OPT_BASE + OPT_OFFSET },
	{ "length", required_argument, NULL, OPT_BASE + OPT_LENGTH },
	{ "vf-token", required_argument, NULL, OPT_BASE + OPT_VF_TOKEN },
	{ "backend", required_argument, NULL, OPT_BASE + OPT_BACKEND },
	{ "noiommu", no_argument, NULL, OPT_BASE + OPT_NOIOMMU },
	{ "vendor", required_argument, NULL, OPT_BASE + OPT_VENDOR },
	{ "tag", required_argument, NULL, OPT_BASE + OPT_TAG },
	{ "hold", no_argument, NULL, OPT_BASE + OPT_HOLD },
	{ "exec", no_argument, NULL, OPT_BASE + OPT_EXEC },
	{ "all", no_argument, NULL, OPT_BASE + OPT_ALL },
	{ "no-open", no_argument, NULL, OPT_BASE + OPT_NO_OPEN },
	{ "sysfs", required_argument, NULL, OPT_BASE + OPT_SYSFS },
	{ "root", required_argument, NULL, OPT_BASE + OPT_ROOT },
	{ "gid-index", required_argument, NULL, OPT_BASE + OPT_GID_INDEX },
	{ "socket", required_argument, NULL, OPT_BASE + OPT_SOCKET },
	{ "label", required_argument, NULL, OPT_BASE + OPT_LABEL },
	{ "device", no_argument, NULL, OPT_BASE + OPT_DEVICE },
	{ "mode", required_argument, NULL, OPT_BASE + OPT_MODE },
	{ "count", required_argument, NULL, OPT_BASE + OPT_COUNT },
	{ "timeout", required_argument, NULL, OPT_BASE + OPT_TIMEOUT },
	{ "port", required_argument, NULL, OPT_BASE + OPT_PORT },
	{ "ibdev", required_argument, NULL, OPT_BASE + OPT_IBDEV },
	{ "require", no_argument, NULL, OPT_BASE + OPT_REQUIRE },
	{ "iova", required_argument, NULL, OPT_BASE + OPT_IOVA },
	{ "set", required_argument, NULL, OPT_BASE + OPT_SET },
	{ "clear", no_argument, NULL, OPT_BASE + OPT_CLEAR },
	{ "get", no_argument, NULL, OPT_BASE + OPT_GET },
	{ "probe", no_argument, NULL, OPT_BASE + OPT_PROBE },
	{ "json", no_argument, NULL, OPT_BASE + OPT_JSON },
	{ "verbose", no_argument, NULL, OPT_BASE + OPT_VERBOSE },
	{ "help", no_argument, NULL, OPT_BASE + OPT_HELP },
	{ 0 },
};

/* Where the parts of one --offset/--length pair meet. */
struct parse {
	struct cli *cli;
	struct options *opts;
	struct tphbuf_range single;
	bool has_offset;
	bool has_length;
};

static int bad_value(struct parse *p, const char *option, const char *text, const char *why)
{
	return cli_fail_text(p->cli, CLI_USAGE, "argument", "%s '%s': %s", option, text, why);
}

static int take_size(struct parse *p, const char *option, const char *text, uint64_t *value)
{
	const char *why;

	if (tphbuf_size_parse(text, value, &why))
		return bad_value(p, option, text, why);
	return OPTIONS_RUN;
}

/* The region begins with the buffer, and that with a page. */
static int take_iova(struct parse *p, const char *text)
{
	int ret = take_size(p, "--iova", text, &p->opts->iova);

	if (ret != OPTIONS_RUN)
		return ret;
	if (p->opts->iova % (uint64_t)sysconf(_SC_PAGESIZE))
		return bad_value(p, "--iova", text,
				 "not at the start of a page; use a multiple of the page size");
	p->opts->has_iova = true;
	return OPTIONS_RUN;
}

/* With a vendor's library, what is no tag may be a name of theirs. */
static int take_tag(struct parse *p, const char *option, const char *text, struct tphbuf_tag *tag,
		    const char **name)
{
	const char *why;

	*name = NULL;
	if (!tphbuf_tag_parse(text, tag, &why))
		return OPTIONS_RUN;
	if (!p->opts->vendor)
		return bad_value(p, option, text, why);
	*name = text;
	return OPTIONS_RUN;
}

static int take_backend(struct parse *p, const char *text)
{
	static const char *const names[] = {
		[TPHBUF_BACKEND_AUTO] = "auto",
		[TPHBUF_BACKEND_IOMMUFD] = "iommufd",
		[TPHBUF_BACKEND_GROUP] = "group",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text))
			continue;
		p->opts->backend = (enum tphbuf_backend)i;
		return OPTIONS_RUN;
	}
	return bad_value(p, "--backend", text, "use auto, iommufd or group");
}

static int add_range(struct parse *p, const struct tphbuf_range *range)
{
	struct options *opts = p->opts;
	struct tphbuf_range *more;

	more = realloc(opts->ranges, (opts->nr_ranges + 1) * sizeof(*more));
	if (!more)
		return cli_fail_text(p->cli, CLI_FAILURE, "argument", "out of memory");
	more[opts->nr_ranges++] = *range;
	opts->ranges = more;
	return OPTIONS_RUN;
}

static int take_range(struct parse *p, const char *text)
{
	struct tphbuf_range range;
	const char *why;

	if (tphbuf_range_parse(text, &range, &why))
		return bad_value(p, "--range", text, why);
	return add_range(p, &range);
}

static int take_bar(struct parse *p, const char *text)
{
	if (text[0] < '0' || text[0] >= '0' + TPHBUF_NUM_BARS || text[1])
		return bad_value(p, "--bar", text, "use 0 to 5");
	p->opts->bar = text[0] - '0';
	return OPTIONS_RUN;
}

static int add_tag_op(struct parse *p, enum tag_op op, const char *text)
{
	struct options *opts = p->opts;

	if (opts->nr_tag_ops == MAX_TAG_OPS)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "too many operations; use at most %d", MAX_TAG_OPS);
	opts->tag_ops[opts->nr_tag_ops].op = op;
	if (op == TAG_OP_SET) {
		int ret = take_tag(p, "--set", text, &opts->tag_ops[opts->nr_tag_ops].tag,
				   &opts->tag_ops[opts->nr_tag_ops].name);

		if (ret != OPTIONS_RUN)
			return ret;
	}
	opts->nr_tag_ops++;
	return OPTIONS_RUN;
}

/* A name or path, kept as it is. */
static int take_name(struct parse *p, const char *option, const char *text, const char *what,
		     const char **value)
{
	char why[64];

	snprintf(why, sizeof(why), "no %s; name one", what);
	if (!text[0])
		return bad_value(p, option, text, why);
	*value = text;
	return OPTIONS_RUN;
}

/* sys, proc and dev of another machine, below one directory. */
static int take_root(struct parse *p, const char *dir)
{
	struct cli *cli = p->cli;
	size_t len = strlen(dir) + sizeof("/proc");
	char *roots;

	if (take_name(p, "--root", dir, "directory", &dir) != OPTIONS_RUN)
		return CLI_USAGE;
	roots = realloc(cli->roots, 3 * len);
	if (!roots)
		return cli_fail_text(cli, CLI_FAILURE, "argument", "out of memory");
	cli->roots = roots;
	cli->sysfs_root = roots;
	cli->proc_root = roots + len;
	cli->dev_root = roots + 2 * len;
	snprintf(roots, len, "%s/sys", dir);
	snprintf(roots + len, len, "%s/proc", dir);
	snprintf(roots + 2 * len, len, "%s/dev", dir);
	return OPTIONS_RUN;
}

static int take_number(struct parse *p, const char *option, const char *text, int min, int max,
		       int *value)
{
	char allowed[64];
	uint64_t number;
	const char *why;

	snprintf(allowed, sizeof(allowed), "no such number; use %d to %d", min, max);
	if (tphbuf_size_parse(text, &number, &why) || number < (uint64_t)min ||
	    number > (uint64_t)max)
		return bad_value(p, option, text, allowed);
	*value = (int)number;
	return OPTIONS_RUN;
}

/* What tphbuf_buffer_send() would refuse to send. */
static int take_label(struct parse *p, const char *text)
{
	char why[96];
	size_t i;

	for (i = 0; text[i] >= ' ' && text[i] <= '~'; i++)
		;
	snprintf(why, sizeof(why), "not printable ASCII, or too long; use at most %d characters",
		 TPHBUF_LABEL_MAX - 1);
	if (text[i] || i >= TPHBUF_LABEL_MAX)
		return bad_value(p, "--label", text, why);
	p->opts->label = text;
	return OPTIONS_RUN;
}

/* Permission bits as chmod(1) takes them. */
static int take_mode(struct parse *p, const char *text)
{
	size_t len = strlen(text);

	if (!len || len > 4 || text[strspn(text, "01234567")] || (len == 4 && text[0] != '0'))
		return bad_value(p, "--mode", text, "no permission bits; use the form 0660");
	p->opts->mode = (int)strtoul(text, NULL, 8);
	return OPTIONS_RUN;
}

/* Options with a value. */
static int take_value(struct parse *p, enum opt opt, const char *value)
{
	struct options *opts = p->opts;

	switch (opt) {
	case OPT_BAR:
		return take_bar(p, value);
	case OPT_RANGE:
		return take_range(p, value);
	case OPT_OFFSET:
		p->has_offset = true;
		return take_size(p, "--offset", value, &p->single.offset);
	case OPT_LENGTH:
		p->has_length = true;
		return take_size(p, "--length", value, &p->single.length);
	case OPT_IOVA:
		return take_iova(p, value);
	case OPT_TAG:
		opts->has_tag = true;
		return take_tag(p, "--tag", value, &opts->tag, &opts->tag_name);
	case OPT_SET:
		return add_tag_op(p, TAG_OP_SET, value);
	case OPT_VF_TOKEN:
		opts->vf_token = value;
		return OPTIONS_RUN;
	case OPT_BACKEND:
		return take_backend(p, value);
	case OPT_VENDOR:
		return take_name(p, "--vendor", value, "library", &opts->vendor);
	case OPT_IBDEV:
		return take_name(p, "--ibdev", value, "RDMA device", &opts->ibdev);
	case OPT_SYSFS:
		return take_name(p, "--sysfs", value, "directory", &p->cli->sysfs_root);
	case OPT_ROOT:
		return take_root(p, value);
	case OPT_GID_INDEX:
		return take_number(p, "--gid-index", value, 0, 255, &opts->gid_index);
	case OPT_SOCKET:
		return take_name(p, "--socket", value, "path", &opts->socket);
	case OPT_LABEL:
		return take_label(p, value);
	case OPT_MODE:
		return take_mode(p, value);
	case OPT_COUNT:
		return take_number(p, "--count", value, 1, 1000000, &opts->count);
	case OPT_TIMEOUT:
		return take_number(p, "--timeout", value, 1, 86400, &opts->timeout);
	case OPT_PORT:
		return take_number(p, "--port", value, 1, 255, &opts->port);
	default:
		return CLI_USAGE;
	}
}

static int take_option(struct parse *p, enum opt opt, const char *value)
{
	struct options *opts = p->opts;

	switch (opt) {
	case OPT_DEVICE:
		opts->hand_device = true;
		return OPTIONS_RUN;
	case OPT_HOLD:
		opts->hold = true;
		return OPTIONS_RUN;
	case OPT_ALL:
		opts->all = true;
		return OPTIONS_RUN;
	case OPT_NO_OPEN:
		opts->no_open = true;
		return OPTIONS_RUN;
	case OPT_NOIOMMU:
		opts->noiommu = true;
		return OPTIONS_RUN;
	case OPT_REQUIRE:
		opts->require = true;
		return OPTIONS_RUN;
	case OPT_CLEAR:
		return add_tag_op(p, TAG_OP_CLEAR, NULL);
	case OPT_GET:
		return add_tag_op(p, TAG_OP_GET, NULL);
	case OPT_PROBE:
		return add_tag_op(p, TAG_OP_PROBE, NULL);
	case OPT_VERBOSE:
		p->cli->verbose = true;
		return OPTIONS_RUN;
	case OPT_JSON:
		return OPTIONS_RUN; /* options_find_json() saw it */
	case OPT_HELP:
		cJSON_Delete(p->cli->json);
		p->cli->json = NULL;
		printf("%s", p->cli->command->help);
		return CLI_OK;
	default:
		return take_value(p, opt, value);
	}
}

void options_find_json(struct cli *cli, int argc, char **argv)
{
	const struct command *command = cli->command;
	bool execs = command && command->accepts & ACCEPT(OPT_EXEC);
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--") || (execs && !strcmp(argv[i], "--exec")))
			return;
		if (strcmp(argv[i], "--json"))
			continue;
		cli->json = cJSON_CreateObject();
		cJSON_AddNumberToObject(cli->json, "schema_version", JSON_SCHEMA_VERSION);
		json_add_string_or_null(cli->json, "command", command ? command->name : NULL);
		cJSON_AddBoolToObject(cli->json, "ok", true);
		return;
	}
}

/* --exec ends the options: the rest of @argv is the command. */
static int find_exec(struct parse *p, int *argc, char **argv)
{
	int i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--exec") && strcmp(argv[i], "--"))
			continue;
		if (!(p->cli->command->accepts & ACCEPT(OPT_EXEC)))
			break;
		if (i + 1 == *argc)
			return cli_fail_text(p->cli, CLI_USAGE, "argument",
					     "--exec: no command; put it behind --exec");
		p->opts->exec = &argv[i + 1];
		*argc = i;
		break;
	}
	return OPTIONS_RUN;
}

static int finish_ranges(struct parse *p)
{
	if (!p->has_offset && !p->has_length)
		return OPTIONS_RUN;
	if (p->opts->nr_ranges)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--offset and --length give one range, --range gives several; use either");
	if (!p->has_length)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--offset without --length; give both");
	return add_range(p, &p->single);
}

static int finish(struct parse *p, int argc, char **argv)
{
	const struct command *command = p->cli->command;
	uint64_t accepts = command->accepts;
	char bdf[TPHBUF_BDF_MAX];
	int ret;

	if (accepts & ACCEPT(OPT_BDF)) {
		if (optind >= argc)
			return cli_fail_text(p->cli, CLI_USAGE, "argument",
					     "no device; give its PCI address, see tphbuf %s --help",
					     command->name);
		p->opts->bdf = argv[optind++];
		if (tphbuf_bdf_parse(p->opts->bdf, bdf))
			return bad_value(p, "device", p->opts->bdf,
					 "no PCI address; use the form 0000:03:00.0");
	}
	while (optind < argc && p->opts->nr_args < command->max_args)
		p->opts->args[p->opts->nr_args++] = argv[optind++];
	if (p->opts->nr_args < command->min_args)
		return cli_fail_text(p->cli, CLI_USAGE, "argument", "no %s; see tphbuf %s --help",
				     command->arg_name, command->name);
	if (optind < argc)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "unexpected argument '%s'; see tphbuf %s --help", argv[optind],
				     command->name);
	if (accepts & ACCEPT(OPT_BAR) && p->opts->bar < 0)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "no BAR; give --bar N, see tphbuf info %s", p->opts->bdf);
	if (accepts & ACCEPT(OPT_IBDEV) && !p->opts->ibdev && !command->ibdev_optional)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "no RDMA device; give --ibdev NAME, see tphbuf list");
	if (p->opts->exec && p->opts->hold)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--hold and --exec exclude each other; use either");
	ret = finish_ranges(p);
	if (ret != OPTIONS_RUN)
		return ret;
	ret = exec_check(p->cli, p->opts);
	return ret == CLI_OK ? OPTIONS_RUN : ret;
}

static const char *long_name(int val)
{
	const struct option *o;

	for (o = long_options; o->name && o->val != val; o++)
		;
	return o->name;
}

/* The option as it was typed, without its value. */
static int not_ours(struct cli *cli, const char *typed)
{
	return cli_fail_text(cli, CLI_USAGE, "argument",
			     "%.*s is no option of this command; see tphbuf %s --help",
			     (int)strcspn(typed, "="), typed, cli->command->name);
}

/* Where getopt_long() found the option that it has just taken. */
static const char *typed_option(char **argv)
{
	return argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)];
}

/*
 * getopt_long() takes every unambiguous beginning of a name. An option added
 * later would change what such a beginning means.
 */
static int check_option(struct cli *cli, const char *typed, int val)
{
	const char *name = long_name(val);
	size_t len = strcspn(typed, "=");

	if (!(cli->command->accepts & ACCEPT(val - OPT_BASE)))
		return not_ours(cli, typed);
	if (len == strlen(name) + 2)
		return OPTIONS_RUN;
	return cli_fail_text(cli, CLI_USAGE, "argument",
			     "%.*s is no option, though --%s is one; write it out, see tphbuf %s --help",
			     (int)len, typed, name, cli->command->name);
}

/* What getopt_long() does not take. */
static int bad_option(struct cli *cli, int c, char **argv)
{
	const char *typed = argv[optind - 1];
	char letter[] = { '-', (char)optopt, '\0' };

	if (!optopt)
		return not_ours(cli, typed);
	if (optopt < OPT_BASE)
		return not_ours(cli, letter);
	if (check_option(cli, typed, optopt) != OPTIONS_RUN)
		return CLI_USAGE;
	return cli_fail_text(cli, CLI_USAGE, "argument", "--%s %s; see tphbuf %s --help",
			     long_name(optopt), c == ':' ? "needs a value" : "takes no value",
			     cli->command->name);
}

static int take_next(struct parse *p, int c, char **argv)
{
	if (c == ':' || c == '?')
		return bad_option(p->cli, c, argv);
	if (c == 'h')
		c = OPT_BASE + OPT_HELP;
	else if (check_option(p->cli, typed_option(argv), c) != OPTIONS_RUN)
		return CLI_USAGE;
	return take_option(p, (enum opt)(c - OPT_BASE), optarg);
}

int options_parse(struct cli *cli, struct options *opts, int argc, char **argv)
{
	struct parse p = { .cli = cli, .opts = opts };
	int c, ret;

	ret = find_exec(&p, &argc, argv);
	if (ret != OPTIONS_RUN)
		return ret;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) >= 0) {
		ret = take_next(&p, c, argv);
		if (ret != OPTIONS_RUN)
			return ret;
	}
	return finish(&p, argc, argv);
}

void options_free(struct options *opts)
{
	free(opts->ranges);
}
