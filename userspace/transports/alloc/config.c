// SPDX-License-Identifier: MIT
/* The text of TPHBUF_ALLOC. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define TEXT_MAX 256

struct parser {
	struct alloc_config *config;
	char tag[TEXT_MAX]; /* the fields of the tag, together */
	char *why;
	size_t size;
};

static int bad(struct parser *p, const char *field, const char *why)
{
	snprintf(p->why, p->size, "TPHBUF_ALLOC: '%s': %s", field, why);
	return -EINVAL;
}

static int take_bar(struct parser *p, const char *field, const char *value)
{
	if (strlen(value) != 1 || *value < '0' || *value > '5')
		return bad(p, field, "BARs are 0 to 5");
	p->config->bar = (unsigned int)(*value - '0');
	return 0;
}

static int take_number(struct parser *p, const char *field, const char *value)
{
	const struct {
		const char *key;
		uint64_t *where;
	} keys[] = {
		{ "offset=", &p->config->range.offset },
		{ "length=", &p->config->range.length },
		{ "min=", &p->config->min },
		{ "max=", &p->config->max },
	};
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strncmp(field, keys[i].key, strlen(keys[i].key)) != 0)
			continue;
		return tphbuf_size_parse(value, keys[i].where, &why) ? bad(p, field, why) : 0;
	}
	return bad(p, field, "the fields are bar, offset, length, min, max, and those of a tag");
}

static bool of_tag(const char *field)
{
	return !strncmp(field, "st=", 3) || !strncmp(field, "xst=", 4) || !strncmp(field, "ph=", 3);
}

static int take(struct parser *p, const char *field)
{
	const char *value = strchr(field, '=');

	if (!value)
		return bad(p, field, "a field is KEY=VALUE");
	if (of_tag(field)) {
		size_t used = strlen(p->tag);

		snprintf(p->tag + used, sizeof(p->tag) - used, "%s%s", used ? "," : "", field);
		return 0;
	}
	if (!strncmp(field, "bar=", 4))
		return take_bar(p, field, value + 1);
	return take_number(p, field, value + 1);
}

static int finish(struct parser *p)
{
	struct alloc_config *config = p->config;
	const char *why;

	if (*p->tag && tphbuf_tag_parse(p->tag, &config->tag, &why))
		return bad(p, p->tag, why);
	if (!config->max)
		config->max = UINT64_MAX;
	if (!config->min || config->min > config->max)
		return bad(p, "min", "it is 0 or above max");
	return 0;
}

int alloc_config_parse(const char *text, struct alloc_config *config, char *why, size_t size)
{
	struct parser p = { .config = config, .why = why, .size = size };
	char copy[TEXT_MAX], *field, *rest = copy;
	int ret;

	*config = (struct alloc_config){ .bar = 2, .min = ALLOC_DEFAULT_MIN };
	if (strlen(text) >= sizeof(copy))
		return bad(&p, "", "the text is too long");
	memcpy(copy, text, strlen(text) + 1);
	field = strsep(&rest, ",");
	if (tphbuf_bdf_parse(field, config->bdf))
		return bad(&p, field, "the first field is a PCI address such as 0000:05:00.0");
	while ((field = strsep(&rest, ","))) {
		ret = take(&p, field);
		if (ret)
			return ret;
	}
	return finish(&p);
}
