// SPDX-License-Identifier: MIT
/*
 * Text from arguments, sysfs and other processes, made safe for a terminal and
 * for JSON: no control characters, valid UTF-8.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"

#define LINE_MAX_BYTES 4096

/* Size of the character that starts with byte @first; 0 if none does. */
static size_t promised_size(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* No longer form than needed, no surrogate, nothing above U+10FFFF. */
static bool second_ok(unsigned char first, unsigned char second)
{
	unsigned char low = 0x80, high = 0xbf;

	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	return second >= low && second <= high;
}

/* Number of valid bytes of the character at @s, up to @size. */
static size_t good_bytes(const unsigned char *s, size_t size)
{
	size_t n = 1;

	if (size > 1 && second_ok(s[0], s[1]))
		for (n = 2; n < size && (s[n] & 0xc0) == 0x80; n++)
			;
	return n;
}

/* ASCII, and U+0080 to U+009F, which some terminals interpret. */
static bool is_control(const unsigned char *s, size_t size)
{
	return (size == 1 && (s[0] < ' ' || s[0] == 0x7f)) ||
	       (size == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

static void clean(char *text, bool controls_too)
{
	unsigned char *s = (unsigned char *)text;

	while (*s) {
		size_t size = promised_size(*s);
		size_t good = size ? good_bytes(s, size) : 0;

		if (good == size && size && !(controls_too && is_control(s, size))) {
			s += size;
		} else if (good && good < size && !s[good]) {
			*s = '\0'; /* cut off inside a character */
		} else {
			*s++ = '?';
		}
	}
}

void text_clean(char *text)
{
	clean(text, true);
}

/* cJSON escapes control characters itself. */
void json_clean(cJSON *json)
{
	for (; json; json = json->next) {
		if (cJSON_IsString(json))
			clean(json->valuestring, false);
		json_clean(json->child);
	}
}

void say(FILE *out, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	size_t len = strlen(fmt);
	bool newline = len && fmt[len - 1] == '\n';
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (newline && text[len - 1] == '\n')
		text[len - 1] = '\0';
	text_clean(text);
	fprintf(out, "%s%s", text, newline ? "\n" : "");
}
