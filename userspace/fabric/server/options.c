// SPDX-License-Identifier: MIT
/*
 * Command line of tphbuf-fabric: every unknown option, key or value is refused.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/pci.h"
#include "fabric/server/options.h"

#define BAR_MB_MIN (EP_MIN_MEMORY >> 20)
#define BAR_MB_MAX (EP_MAX_MEMORY >> 20)
#define SPEC_MAX   256

const char srv_options_help[] =
	"usage: tphbuf-fabric --dir DIR [options] --nic SPEC... --endpoint SPEC... --engine SPEC...\n"
	"Serve the PCIe functions of one switch to QEMU's vfio-user-pci, each at DIR/NAME.sock.\n"
	"\n"
	"  --nic NAME[,lid=N][,tph=ext|8bit|none][,st=N|direct][,vectors=N][,prefix=on|off]\n"
	"        [,tph-kept=on|off]\n"
	"                     mlx5-compatible NIC. lid: local identifier, counted from 1 by\n"
	"                     default. tph: TPH requester capability (ext). st: entries of the\n"
	"                     steering tag table, 1 to 64 (64), or direct: no table.\n"
	"                     vectors: MSI-X vectors, 2 to 64 (16). tph-kept=off: TPH control and\n"
	"                     steering tag table are cleared by TEARDOWN_HCA and by a restart of\n"
	"                     firmware\n"
	"  --endpoint NAME[,bar-mb=N][,completer=ext|8bit|none|reserved][,flr-ms=N]\n"
	"             [,prefix=on|off][,doe=on|off][,msix=on|off]\n"
	"                     device with memory in BAR2. bar-mb: size, power of two (64).\n"
	"                     completer: TPH completer capability (ext). flr-ms: time for which\n"
	"                     config space reads all-ones after a function level reset,\n"
	"                     0 to 1000 (0). doe: Data Object Exchange capability (off).\n"
	"                     msix=off: no MSI-X capability, with which QEMU 11.1 cannot unplug\n"
	"  --engine NAME[,tph=ext|8bit|none][,prefix=on|off][,st=N|direct][,st-loc=cap|msix]\n"
	"           [,modes=all|ns|iv|ds][,vectors=N][,flr=on|off][,soft-reset=on|off]\n"
	"           [,bar-mb=N][,completer=ext|8bit|none|reserved]\n"
	"                     DMA engine for the rig's driver tph_engine, or for vfio.\n"
	"                     tph: TPH requester capability (ext). st: entries of the steering\n"
	"                     tag table, 1 to 64, or direct: no table (direct). st-loc: in the\n"
	"                     capability (cap), or in the MSI-X table, which QEMU keeps. modes:\n"
	"                     ST modes; iv and ds include No ST Mode (all). vectors: MSI-X\n"
	"                     vectors, 0 to 64 (0). flr: function level reset (on). soft-reset:\n"
	"                     leaving D3hot resets the function (off). bar-mb: memory in BAR2,\n"
	"                     with this completer capability (none)\n"
	"                     prefix=off: the function never claims End-End TLP prefixes, which\n"
	"                     16-bit steering tags need\n"
	"  --trace FILE       write one JSON line per TLP (slow)\n"
	"  --report FILE      write the JSON report at exit and on request\n"
	"  --once             exit when the last client has disconnected\n"
	"  --realtime         schedule with SCHED_FIFO: the guest waits during every register\n"
	"                     access, and waits longer on a busy host\n"
	"  -v                 log register writes and commands; twice: every message\n"
	"  --help             print this text\n"
	"  --version          print the version\n"
	"\n"
	"DIR/control.sock takes one command per line and answers each with one line of JSON:\n"
	"  report             all counters\n"
	"  save               write the report to the file of --report\n"
	"  clear              set all counters to zero\n"
	"  health NIC fatal   NIC reports a fatal firmware error and executes no command\n"
	"  health NIC ok      end of that state\n"
	"  quit               exit\n";

struct parser {
	char *error;
	size_t size;
};

static int fail(struct parser *parser, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct parser *parser, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(parser->error, parser->size, fmt, args);
	va_end(args);
	return -EINVAL;
}

static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && !*end && *value >= min && *value <= max;
}

static bool parse_tph(const char *text, bool reserved_allowed, enum fab_tph_support *support)
{
	static const struct {
		const char *name;
		enum fab_tph_support value;
	} names[] = {
		{ "none", FAB_TPH_NONE },
		{ "8bit", FAB_TPH_8BIT },
		{ "ext", FAB_TPH_EXT },
		{ "reserved", FAB_TPH_RESERVED },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) ||
		    (names[i].value == FAB_TPH_RESERVED && !reserved_allowed))
			continue;
		*support = names[i].value;
		return true;
	}
	return false;
}

static bool set_lid(struct srv_spec *spec, const char *value)
{
	uint64_t number;

	if (!parse_number(value, 1, SUBNET_LID_MAX, &number))
		return false;
	spec->nic.lid = (uint16_t)number;
	return true;
}

static bool set_tph(struct srv_spec *spec, const char *value)
{
	return parse_tph(value, false, &spec->nic.requester);
}

static bool set_engine_tph(struct srv_spec *spec, const char *value)
{
	return parse_tph(value, false, &spec->engine.requester);
}

static bool set_st(struct srv_spec *spec, const char *value)
{
	uint64_t number = 0;

	if (strcmp(value, "direct") && !parse_number(value, 1, FAB_TPH_ST_MAX, &number))
		return false;
	spec->nic.st_entries = spec->engine.st_entries = (unsigned int)number;
	return true;
}

static bool set_st_loc(struct srv_spec *spec, const char *value)
{
	spec->engine.st_msix = !strcmp(value, "msix");
	return spec->engine.st_msix || !strcmp(value, "cap");
}

static bool set_modes(struct srv_spec *spec, const char *value)
{
	static const struct {
		const char *name;
		uint32_t modes;
	} names[] = {
		{ "all", 0 },
		{ "ns", FAB_TPH_CAP_ST_NS },
		{ "iv", FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV },
		{ "ds", FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_DS },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i].name))
			continue;
		spec->engine.st_modes = names[i].modes;
		return true;
	}
	return false;
}

static bool set_engine_vectors(struct srv_spec *spec, const char *value)
{
	uint64_t number;

	if (!parse_number(value, 0, FAB_VECTORS, &number))
		return false;
	spec->engine.vectors = (unsigned int)number;
	return true;
}

static bool set_vectors(struct srv_spec *spec, const char *value)
{
	uint64_t number;

	if (!parse_number(value, 2, FAB_VECTORS, &number))
		return false;
	spec->nic.vectors = (unsigned int)number;
	return true;
}

static bool set_bar_mb(struct srv_spec *spec, const char *value)
{
	uint64_t number;

	if (!parse_number(value, BAR_MB_MIN, BAR_MB_MAX, &number) || (number & (number - 1)))
		return false;
	spec->endpoint.memory_size = spec->engine.memory_size = number << 20;
	return true;
}

static bool set_completer(struct srv_spec *spec, const char *value)
{
	return parse_tph(value, true,
			 spec->kind == SRV_ENGINE ? &spec->engine.completer :
						    &spec->endpoint.completer);
}

static bool set_flr_ms(struct srv_spec *spec, const char *value)
{
	uint64_t number;

	if (!parse_number(value, 0, EP_MAX_FLR_MS, &number))
		return false;
	spec->endpoint.flr_ms = (uint32_t)number;
	return true;
}

static bool parse_switch(const char *text, bool *on)
{
	*on = !strcmp(text, "on");
	return *on || !strcmp(text, "off");
}

static bool set_prefix(struct srv_spec *spec, const char *value)
{
	bool on;

	if (!parse_switch(value, &on))
		return false;
	spec->nic.no_prefix = spec->endpoint.no_prefix = spec->engine.no_prefix = !on;
	return true;
}

static bool set_flr(struct srv_spec *spec, const char *value)
{
	bool on;

	if (!parse_switch(value, &on))
		return false;
	spec->engine.no_flr = !on;
	return true;
}

static bool set_soft_reset(struct srv_spec *spec, const char *value)
{
	return parse_switch(value, &spec->engine.soft_reset);
}

static bool set_doe(struct srv_spec *spec, const char *value)
{
	return parse_switch(value, &spec->endpoint.doe);
}

static bool set_msix(struct srv_spec *spec, const char *value)
{
	bool on;

	if (!parse_switch(value, &on))
		return false;
	spec->endpoint.no_msix = !on;
	return true;
}

static bool set_tph_kept(struct srv_spec *spec, const char *value)
{
	bool on;

	if (!parse_switch(value, &on))
		return false;
	spec->nic.loses_tph = !on;
	return true;
}

static const struct spec_key {
	enum srv_kind kind;
	const char *name;
	bool (*set)(struct srv_spec *spec, const char *value);
} spec_keys[] = {
	{ SRV_NIC, "lid", set_lid },
	{ SRV_NIC, "tph", set_tph },
	{ SRV_NIC, "st", set_st },
	{ SRV_NIC, "vectors", set_vectors },
	{ SRV_ENDPOINT, "bar-mb", set_bar_mb },
	{ SRV_ENDPOINT, "completer", set_completer },
	{ SRV_ENDPOINT, "flr-ms", set_flr_ms },
	{ SRV_ENGINE, "tph", set_engine_tph },
	{ SRV_NIC, "prefix", set_prefix },
	{ SRV_NIC, "tph-kept", set_tph_kept },
	{ SRV_ENDPOINT, "prefix", set_prefix },
	{ SRV_ENDPOINT, "doe", set_doe },
	{ SRV_ENDPOINT, "msix", set_msix },
	{ SRV_ENGINE, "prefix", set_prefix },
	{ SRV_ENGINE, "st", set_st },
	{ SRV_ENGINE, "st-loc", set_st_loc },
	{ SRV_ENGINE, "modes", set_modes },
	{ SRV_ENGINE, "vectors", set_engine_vectors },
	{ SRV_ENGINE, "flr", set_flr },
	{ SRV_ENGINE, "soft-reset", set_soft_reset },
	{ SRV_ENGINE, "bar-mb", set_bar_mb },
	{ SRV_ENGINE, "completer", set_completer },
};

static int apply_key(struct parser *parser, struct srv_spec *spec, char *pair)
{
	char *value = strchr(pair, '=');
	unsigned int i;

	if (value)
		*value++ = '\0';
	for (i = 0; i < sizeof(spec_keys) / sizeof(spec_keys[0]); i++) {
		if (spec_keys[i].kind != spec->kind || strcmp(spec_keys[i].name, pair))
			continue;
		if (!value || !spec_keys[i].set(spec, value))
			return fail(parser, "%s: bad value for %s: '%s'", spec->name, pair,
				    value ? value : "");
		return 0;
	}
	return fail(parser, "%s: unknown key '%s'", spec->name, pair);
}

static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len <= SRV_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len &&
	       strcmp(name, "control");
}

static int parse_spec(struct parser *parser, struct srv_opts *opts, enum srv_kind kind,
		      const char *text)
{
	struct srv_spec *spec = &opts->spec[opts->nspecs];
	char copy[SPEC_MAX], *save = NULL, *part;
	int ret;

	if (opts->nspecs == SRV_MAX_FUNCTIONS)
		return fail(parser, "more than %d functions", SRV_MAX_FUNCTIONS);
	if (strlen(text) >= sizeof(copy))
		return fail(parser, "specification too long: %.32s...", text);
	strcpy(copy, text);
	part = strtok_r(copy, ",", &save);
	if (!part || !name_valid(part))
		return fail(parser, "bad name in '%s': 1 to %d of a-z 0-9 _ - and not 'control'",
			    text, SRV_NAME_MAX);
	*spec = (struct srv_spec){
		.kind = kind,
		.nic = { .requester = FAB_TPH_EXT, .st_entries = FAB_TPH_ST_MAX, .vectors = 16 },
		.endpoint = { .memory_size = 64ull << 20, .completer = FAB_TPH_EXT },
		.engine = { .requester = FAB_TPH_EXT },
	};
	strcpy(spec->name, part);
	while ((part = strtok_r(NULL, ",", &save))) {
		ret = apply_key(parser, spec, part);
		if (ret)
			return ret;
	}
	opts->nspecs++;
	return 0;
}

static bool lid_taken(const struct srv_opts *opts, const struct srv_spec *but, uint16_t lid)
{
	const struct srv_spec *spec;

	for (spec = opts->spec; spec < opts->spec + opts->nspecs; spec++)
		if (spec != but && spec->kind == SRV_NIC && spec->nic.lid == lid)
			return true;
	return false;
}

static int check_specs(struct parser *parser, struct srv_opts *opts)
{
	struct srv_spec *spec, *other, *end = opts->spec + opts->nspecs;
	uint16_t next = 1;

	if (!opts->nspecs)
		return fail(parser, "nothing to serve: give --nic, --endpoint or --engine");
	for (spec = opts->spec; spec < end; spec++) {
		for (other = opts->spec; other < spec; other++)
			if (!strcmp(spec->name, other->name))
				return fail(parser, "duplicate function name %s", spec->name);
		if (spec->kind != SRV_NIC)
			continue;
		if (spec->nic.lid && lid_taken(opts, spec, spec->nic.lid))
			return fail(parser, "two NICs have lid %u", spec->nic.lid);
		while (!spec->nic.lid || lid_taken(opts, spec, spec->nic.lid))
			spec->nic.lid = next++;
	}
	return 0;
}

enum {
	OPT_DIR = 256,
	OPT_NIC,
	OPT_ENDPOINT,
	OPT_ENGINE,
	OPT_TRACE,
	OPT_REPORT,
	OPT_ONCE,
	OPT_REALTIME,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "nic", required_argument, NULL, OPT_NIC },
	{ "endpoint", required_argument, NULL, OPT_ENDPOINT },
	{ "engine", required_argument, NULL, OPT_ENGINE },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "realtime", no_argument, NULL, OPT_REALTIME },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int apply_option(struct parser *parser, struct srv_opts *opts, int option, char **argv)
{
	switch (option) {
	case OPT_DIR:
		opts->dir = optarg;
		return 0;
	case OPT_NIC:
		return parse_spec(parser, opts, SRV_NIC, optarg);
	case OPT_ENDPOINT:
		return parse_spec(parser, opts, SRV_ENDPOINT, optarg);
	case OPT_ENGINE:
		return parse_spec(parser, opts, SRV_ENGINE, optarg);
	case OPT_TRACE:
		opts->trace = optarg;
		return 0;
	case OPT_REPORT:
		opts->report = optarg;
		return 0;
	case OPT_ONCE:
		opts->once = true;
		return 0;
	case OPT_REALTIME:
		opts->realtime = true;
		return 0;
	case OPT_HELP:
		opts->help = true;
		return 0;
	case OPT_VERSION:
		opts->version = true;
		return 0;
	case 'v':
		opts->verbose++;
		return 0;
	case ':':
		return fail(parser, "%s needs a value", argv[optind - 1]);
	default:
		return fail(parser, "unknown option %s", argv[optind - 1]);
	}
}

int srv_options_parse(struct srv_opts *opts, int argc, char **argv, char *error, size_t size)
{
	struct parser parser = { .error = error, .size = size };
	int option, ret;

	memset(opts, 0, sizeof(*opts));
	optind = 0; /* start over: the caller may parse more than once */
	while ((option = getopt_long(argc, argv, "+:v", long_options, NULL)) != -1) {
		ret = apply_option(&parser, opts, option, argv);
		if (ret)
			return ret;
	}
	if (opts->help || opts->version)
		return 0;
	if (optind < argc)
		return fail(&parser, "unexpected argument '%s'", argv[optind]);
	if (!opts->dir || !*opts->dir)
		return fail(&parser, "--dir is missing");
	if (strlen(opts->dir) > SRV_DIR_MAX)
		return fail(&parser, "--dir is longer than %d characters", SRV_DIR_MAX);
	return check_specs(&parser, opts);
}
