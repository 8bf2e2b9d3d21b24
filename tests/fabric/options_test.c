// SPDX-License-Identifier: MIT
/* Command line of the server: accepted options, and refused ones with the reason. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "fabric/core/pci.h"
#include "fabric/server/options.h"

#define ARGS 24

/* Words separated by blanks -> srv_options_parse() */
static int parse(const char *line, struct srv_opts *opts, char *error, size_t size)
{
	static char copy[2048];
	char *argv[ARGS + 1] = { "tphbuf-fabric" }, *save = NULL, *word;
	int argc = 1;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < ARGS);
		argv[argc++] = word;
	}
	return srv_options_parse(opts, argc, argv, error, size);
}

static void defaults(void **ctx)
{
	struct srv_opts opts;
	char error[256] = "";

	(void)ctx;
	assert_int_equal(parse("--dir /d --nic a --endpoint b --engine c", &opts, error,
			       sizeof(error)),
			 0);
	assert_string_equal(opts.dir, "/d");
	assert_int_equal(opts.nspecs, 3);
	assert_int_equal(opts.spec[0].kind, SRV_NIC);
	assert_int_equal(opts.spec[1].kind, SRV_ENDPOINT);
	assert_int_equal(opts.spec[2].kind, SRV_ENGINE);
	assert_int_equal(opts.spec[0].nic.lid, 1);
	assert_int_equal(opts.spec[0].nic.requester, FAB_TPH_EXT);
	assert_int_equal(opts.spec[0].nic.st_entries, 64);
	assert_int_equal(opts.spec[0].nic.vectors, 16);
	assert_int_equal(opts.spec[1].endpoint.memory_size, 64 << 20);
	assert_int_equal(opts.spec[1].endpoint.completer, FAB_TPH_EXT);
	assert_int_equal(opts.spec[1].endpoint.flr_ms, 0);
	assert_int_equal(opts.spec[2].engine.requester, FAB_TPH_EXT);
	assert_false(opts.once || opts.realtime || opts.help || opts.verbose || opts.trace ||
		     opts.report);
}

static void every_key(void **ctx)
{
	struct srv_opts opts;
	char error[256] = "";

	(void)ctx;
	assert_int_equal(parse("-vv --realtime --once --report=r --trace t --dir=/d --nic=a,lid=0x20,tph=8bit,st=direct,vectors=2 "
			       "--nic=b,tph=none,st=1,prefix=off,tph-kept=off --nic=c,lid=1,vectors=64,st=64 --endpoint=e,bar-mb=128,completer=reserved,flr-ms=90,prefix=off,doe=on,msix=off "
			       "--engine=f,tph=8bit,prefix=off --engine=g,tph=none,prefix=on",
			       &opts, error, sizeof(error)),
			 0);
	assert_int_equal(opts.verbose, 2);
	assert_true(opts.once && opts.realtime);
	assert_string_equal(opts.report, "r");
	assert_string_equal(opts.trace, "t");
	assert_int_equal(opts.spec[0].nic.lid, 0x20);
	assert_int_equal(opts.spec[0].nic.requester, FAB_TPH_8BIT);
	assert_int_equal(opts.spec[0].nic.st_entries, 0);
	assert_int_equal(opts.spec[2].nic.st_entries, FAB_TPH_ST_MAX);
	assert_int_equal(opts.spec[2].nic.vectors, FAB_VECTORS);
	assert_int_equal(opts.spec[0].nic.vectors, 2);
	assert_int_equal(opts.spec[1].nic.lid, 2); /* 1 is used by a later function */
	assert_int_equal(opts.spec[1].nic.requester, FAB_TPH_NONE);
	assert_int_equal(opts.spec[2].nic.lid, 1);
	assert_int_equal(opts.spec[3].endpoint.memory_size, 128 << 20);
	assert_int_equal(opts.spec[3].endpoint.completer, FAB_TPH_RESERVED);
	assert_int_equal(opts.spec[3].endpoint.flr_ms, 90);
	assert_int_equal(opts.spec[4].engine.requester, FAB_TPH_8BIT);
	assert_int_equal(opts.spec[5].engine.requester, FAB_TPH_NONE);
	assert_true(opts.spec[3].endpoint.doe && opts.spec[3].endpoint.no_msix);
	assert_true(opts.spec[1].nic.loses_tph && !opts.spec[0].nic.loses_tph);
	assert_false(opts.spec[0].nic.no_prefix || opts.spec[5].engine.no_prefix);
	assert_true(opts.spec[1].nic.no_prefix && opts.spec[3].endpoint.no_prefix &&
		    opts.spec[4].engine.no_prefix);
}

static void every_key_of_an_engine(void **ctx)
{
	struct srv_opts opts;
	char error[256] = "";

	(void)ctx;
	assert_int_equal(parse("--dir=/d --engine=a,st=4,st-loc=msix,modes=iv,vectors=8,flr=off,soft-reset=on "
			       "--engine=b,st=direct,st-loc=cap,modes=all,vectors=0,flr=on,soft-reset=off "
			       "--engine=c,modes=ds,bar-mb=64,completer=8bit --engine=d,modes=ns",
			       &opts, error, sizeof(error)),
			 0);
	assert_int_equal(opts.spec[0].engine.st_entries, 4);
	assert_int_equal(opts.spec[0].engine.st_modes, FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_IV);
	assert_int_equal(opts.spec[0].engine.vectors, 8);
	assert_true(opts.spec[0].engine.st_msix && opts.spec[0].engine.no_flr &&
		    opts.spec[0].engine.soft_reset);
	assert_int_equal(opts.spec[1].engine.st_entries, 0);
	assert_int_equal(opts.spec[1].engine.st_modes, 0);
	assert_int_equal(opts.spec[1].engine.vectors, 0);
	assert_false(opts.spec[1].engine.st_msix || opts.spec[1].engine.no_flr ||
		     opts.spec[1].engine.soft_reset);
	assert_int_equal(opts.spec[2].engine.st_modes, FAB_TPH_CAP_ST_NS | FAB_TPH_CAP_ST_DS);
	assert_int_equal(opts.spec[2].engine.memory_size, 64 << 20);
	assert_int_equal(opts.spec[2].engine.completer, FAB_TPH_8BIT);
	assert_int_equal(opts.spec[3].engine.st_modes, FAB_TPH_CAP_ST_NS);
}

static void refused(void **ctx)
{
	static const char *const lines[] = {
		"",
		"--nic a",
		"--dir /d",
		"--dir",
		"--dir /d --nic",
		"--dir /d --bad",
		"--dir /d --nic a -x",
		"--dir /d --nic a more",
		"--dir= --nic a",
		"--dir /d --nic ,",
		"--dir /d --nic A",
		"--dir /d --nic a/b",
		"--dir /d --nic control",
		"--dir /d --nic ../a",
		"--dir /d --nic a234567890123456789012345678901234567890",
		"--dir /d --nic a --nic a",
		"--dir /d --nic a --endpoint a",
		"--dir /d --nic a,lid=5 --nic b,lid=5",
		"--dir /d --nic a,lid=0",
		"--dir /d --nic a,lid=0xc000",
		"--dir /d --nic a,lid=0xbfff", /* the SA's */
		"--dir /d --nic a,lid=-1",
		"--dir /d --nic a,lid=+1",
		"--dir /d --nic a,lid=1x",
		"--dir /d --nic a,lid=",
		"--dir /d --nic a,lid",
		"--dir /d --nic a,tph=16bit",
		"--dir /d --nic a,tph=reserved",
		"--dir /d --nic a,st=0",
		"--dir /d --nic a,st=65",
		"--dir /d --nic a,st=99999999999999999999",
		"--dir /d --nic a,vectors=1",
		"--dir /d --nic a,prefix=no",
		"--dir /d --nic a,tph-kept=no",
		"--dir /d --endpoint a,tph-kept=off",
		"--dir /d --endpoint a,doe=yes",
		"--dir /d --nic a,doe=on",
		"--dir /d --endpoint a,msix=no",
		"--dir /d --nic a,msix=off",
		"--dir /d --endpoint a,prefix",
		"--dir /d --nic a,vectors=65",
		"--dir /d --nic a,bar-mb=64",
		"--dir /d --endpoint a,lid=1",
		"--dir /d --endpoint a,bar-mb=0",
		"--dir /d --endpoint a,bar-mb=3",
		"--dir /d --endpoint a,bar-mb=131072",
		"--dir /d --endpoint a,completer=yes",
		"--dir /d --endpoint a,=",
		"--dir /d --endpoint a,flr-ms=1001",
		"--dir /d --endpoint a,flr-ms=-1",
		"--dir /d --nic a,flr-ms=1",
		"--dir /d --engine",
		"--dir /d --engine a,tph=reserved",
		"--dir /d --engine a,lid=1",
		"--dir /d --engine a,st=0",
		"--dir /d --engine a,st=65",
		"--dir /d --engine a,st-loc=bar",
		"--dir /d --engine a,modes=no",
		"--dir /d --engine a,vectors=65",
		"--dir /d --engine a,flr=1",
		"--dir /d --engine a,soft-reset=",
		"--dir /d --engine a,bar-mb=3",
		"--dir /d --engine a,completer=yes",
		"--dir /d --nic a,st-loc=cap",
		"--dir /d --nic a,modes=iv",
		"--dir /d --endpoint a,flr=off",
		"--dir /d --endpoint a,soft-reset=on",
		"--dir /d --engine a,tph",
		"--dir /d --engine a --nic a",
		"--dir /0123456789012345678901234567890123456789012345678901234567890123456789 --nic a",
	};
	struct srv_opts opts;
	char error[256];
	unsigned int i;

	(void)ctx;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		error[0] = '\0';
		if (parse(lines[i], &opts, error, sizeof(error)) != -EINVAL || !error[0] ||
		    strchr(error, '\n'))
			fail_msg("'%s' gave '%s'", lines[i], error);
	}
}

static void too_many_functions(void **ctx)
{
	char *argv[2 * SRV_MAX_FUNCTIONS + 8] = { "tphbuf-fabric", "--dir", "/d" },
					   names[SRV_MAX_FUNCTIONS + 1][4];
	struct srv_opts opts;
	char error[256] = "";
	int i, argc = 3;

	(void)ctx;
	for (i = 0; i <= SRV_MAX_FUNCTIONS; i++) {
		names[i][0] = 'n';
		names[i][1] = (char)('a' + i);
		names[i][2] = '\0';
		argv[argc++] = "--nic";
		argv[argc++] = names[i];
	}
	assert_int_equal(srv_options_parse(&opts, argc - 2, argv, error, sizeof(error)), 0);
	assert_int_equal(opts.nspecs, SRV_MAX_FUNCTIONS);
	assert_int_equal(srv_options_parse(&opts, argc, argv, error, sizeof(error)), -EINVAL);
}

static void version_needs_nothing_else(void **ctx)
{
	struct srv_opts opts;
	char error[256] = "";

	(void)ctx;
	assert_int_equal(parse("--version", &opts, error, sizeof(error)), 0);
	assert_true(opts.version);
	assert_int_equal(parse("--version=1", &opts, error, sizeof(error)), -EINVAL);
}

static void help_needs_nothing_else(void **ctx)
{
	struct srv_opts opts;
	char error[256] = "";

	(void)ctx;
	assert_int_equal(parse("--help", &opts, error, sizeof(error)), 0);
	assert_true(opts.help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(every_key_of_an_engine),
		cmocka_unit_test(refused),
		cmocka_unit_test(too_many_functions),
		cmocka_unit_test(help_needs_nothing_else),
		cmocka_unit_test(version_needs_nothing_else),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
