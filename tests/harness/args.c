// SPDX-License-Identifier: MIT
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* program_invocation_short_name */
#endif
#include "tests/harness/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/number.h"

void args_bad(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

void args_count(int argc, int least, int most, const char *usage)
{
	if (argc - 1 < least || argc - 1 > most)
		args_bad("%s argument; usage: %s %s", argc - 1 < least ? "missing" : "superfluous",
			 program_invocation_short_name, usage);
}

uint64_t args_number(const char *name, const char *text, uint64_t least, uint64_t most)
{
	uint64_t value;

	if (number_parse(text, strlen(text), &value) || value < least || value > most)
		args_bad("%s '%s' is not a whole number from %" PRIu64 " to %" PRIu64, name, text,
			 least, most);
	return value;
}

uint64_t args_setting(const char *variable, uint64_t preset, uint64_t least, uint64_t most)
{
	const char *text = getenv(variable);

	return text && *text ? args_number(variable, text, least, most) : preset;
}

unsigned int args_word(const char *name, const char *text, const char *words)
{
	const size_t len = strlen(text);
	const char *word = words;

	for (unsigned int i = 0;; i++) {
		const size_t n = strcspn(word, "|");

		if (n == len && !memcmp(word, text, len))
			return i;
		if (!word[n])
			args_bad("%s '%s' is not one of %s", name, text, words);
		word += n + 1;
	}
}
