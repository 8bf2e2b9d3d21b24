// SPDX-License-Identifier: MIT
/*
 * Values of options. Whatever can be checked without a device is checked
 * here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/option_values.h"

int bad_value(struct parse *p, const char *what, const char *value, const char *why)
{
	return cli_fail_text(p->cli, CLI_USAGE, "argument", "%s '%s': %s", what, value, why);
}

static int bad_option_value(struct parse *p, const struct option_desc *option, const char *value,
			    const char *why)
{
	return cli_fail_text(p->cli, CLI_USAGE, "argument", "--%s '%s': %s", option->name, value,
			     why);
}

static void *place(struct parse *p, const struct option_desc *option)
{
	return (char *)p->opts + option->offset;
}

int take_flag(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)value;
	*(bool *)place(p, option) = true;
	return OPTIONS_RUN;
}

int take_number(struct parse *p, const struct option_desc *option, const char *value)
{
	char allowed[64];
	uint64_t number;
	const char *why;

	if (!tphbuf_size_parse(value, &number, &why) && number >= (uint64_t)option->min &&
	    number <= (uint64_t)option->max) {
		*(int *)place(p, option) = (int)number;
		return OPTIONS_RUN;
	}
	snprintf(allowed, sizeof(allowed), "must be between %d and %d", option->min, option->max);
	return bad_option_value(p, option, value, allowed);
}

int take_text(struct parse *p, const struct option_desc *option, const char *value)
{
	*(const char **)place(p, option) = value;
	return OPTIONS_RUN;
}

int take_name(struct parse *p, const struct option_desc *option, const char *value)
{
	if (!value[0])
		return bad_option_value(p, option, value, "must not be empty");
	return take_text(p, option, value);
}

static int take_size(struct parse *p, const struct option_desc *option, const char *value,
		     uint64_t *size)
{
	const char *why;

	if (tphbuf_size_parse(value, size, &why))
		return bad_option_value(p, option, value, why);
	return OPTIONS_RUN;
}

int take_offset(struct parse *p, const struct option_desc *option, const char *value)
{
	p->has_offset = true;
	return take_size(p, option, value, &p->single.offset);
}

int take_length(struct parse *p, const struct option_desc *option, const char *value)
{
	p->has_length = true;
	return take_size(p, option, value, &p->single.length);
}

/* The region starts with the buffer, and the buffer with a page. */
int take_iova(struct parse *p, const struct option_desc *option, const char *value)
{
	int ret = take_size(p, option, value, &p->opts->iova);

	if (ret != OPTIONS_RUN)
		return ret;
	if (p->opts->iova % (uint64_t)sysconf(_SC_PAGESIZE))
		return bad_option_value(p, option, value, "must be a multiple of the page size");
	p->opts->has_iova = true;
	return OPTIONS_RUN;
}

static int parse_tag(struct parse *p, const struct option_desc *option, const char *value,
		     struct tphbuf_tag *tag)
{
	const char *why;

	if (tphbuf_tag_parse(value, tag, &why))
		return bad_option_value(p, option, value, why);
	return OPTIONS_RUN;
}

int take_tag(struct parse *p, const struct option_desc *option, const char *value)
{
	p->opts->has_tag = true;
	return parse_tag(p, option, value, &p->opts->tag);
}

/* "3", or "none" for -1 as an unsigned number; false if it is neither. */
static bool parse_cpu(const char *value, uint32_t *cpu)
{
	uint64_t number;
	const char *why;

	*cpu = TPHBUF_STEER_NO_CPU;
	if (!strcmp(value, "none"))
		return true;
	if (tphbuf_size_parse(value, &number, &why) || number > INT32_MAX)
		return false;
	*cpu = (uint32_t)number;
	return true;
}

int take_entry(struct parse *p, const struct option_desc *option, const char *value)
{
	uint64_t number;
	const char *why;

	if (p->opts->entry >= 0)
		return bad_option_value(p, option, value,
					"give the CPU of the entry before first, with --cpu");
	if (tphbuf_size_parse(value, &number, &why) || number >= TPHBUF_STEER_ENTRIES)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--%s '%s': must be between 0 and %d", option->name, value,
				     TPHBUF_STEER_ENTRIES - 1);
	p->opts->entry = (int)number;
	return OPTIONS_RUN;
}

int take_cpu(struct parse *p, const struct option_desc *option, const char *value)
{
	struct options *opts = p->opts;
	uint32_t cpu;

	if (!parse_cpu(value, &cpu))
		return bad_option_value(p, option, value, "must be the number of a CPU, or none");
	if (opts->entry < 0)
		return bad_option_value(p, option, value, "give the entry first, with --entry");
	if (opts->nr_steer == MAX_STEER)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "--%s '%s': more than %d entries", option->name, value,
				     MAX_STEER);
	opts->steer[opts->nr_steer].entry = (unsigned int)opts->entry;
	opts->steer[opts->nr_steer++].cpu = cpu;
	opts->entry = -1;
	return OPTIONS_RUN;
}

int take_enable(struct parse *p, const struct option_desc *option, const char *value)
{
	static const char *const names[] = {
		[TPHBUF_STEER_NS] = "ns", [TPHBUF_STEER_IV] = "iv", [TPHBUF_STEER_DS] = "ds"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value))
			continue;
		p->opts->mode_wanted = (int)i;
		return OPTIONS_RUN;
	}
	return bad_option_value(p, option, value, "must be ns, iv or ds");
}

int take_width(struct parse *p, const struct option_desc *option, const char *value)
{
	if (strcmp(value, "8") && strcmp(value, "16"))
		return bad_option_value(p, option, value, "must be 8 or 16");
	p->opts->width = value[0] == '8' ? 8 : 16;
	return OPTIONS_RUN;
}

int take_backend(struct parse *p, const struct option_desc *option, const char *value)
{
	static const char *const names[] = {
		[TPHBUF_BACKEND_AUTO] = "auto",
		[TPHBUF_BACKEND_IOMMUFD] = "iommufd",
		[TPHBUF_BACKEND_GROUP] = "group",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value))
			continue;
		p->opts->backend = (enum tphbuf_backend)i;
		return OPTIONS_RUN;
	}
	return bad_option_value(p, option, value, "must be auto, iommufd or group");
}

int add_range(struct parse *p, const struct tphbuf_range *range)
{
	struct options *opts = p->opts;
	struct tphbuf_range *more;

	more = realloc(opts->ranges, (opts->nr_ranges + 1) * sizeof(*more));
	if (!more)
		return cli_fail_text(p->cli, CLI_FAILURE, "argument", "out of memory; free some");
	more[opts->nr_ranges++] = *range;
	opts->ranges = more;
	return OPTIONS_RUN;
}

int take_range(struct parse *p, const struct option_desc *option, const char *value)
{
	struct tphbuf_range range;
	const char *why;

	if (tphbuf_range_parse(value, &range, &why))
		return bad_option_value(p, option, value, why);
	return add_range(p, &range);
}

int take_bar(struct parse *p, const struct option_desc *option, const char *value)
{
	if (value[0] < '0' || value[0] >= '0' + TPHBUF_NUM_BARS || value[1])
		return bad_option_value(p, option, value, "must be between 0 and 5");
	p->opts->bar = value[0] - '0';
	return OPTIONS_RUN;
}

static int add_tag_op(struct parse *p, enum tag_op op, const struct tphbuf_tag *tag)
{
	struct options *opts = p->opts;

	if (opts->nr_tag_ops == MAX_TAG_OPS)
		return cli_fail_text(p->cli, CLI_USAGE, "argument",
				     "too many operations; use at most %d", MAX_TAG_OPS);
	opts->tag_ops[opts->nr_tag_ops].op = op;
	opts->tag_ops[opts->nr_tag_ops].tag = *tag;
	opts->nr_tag_ops++;
	return OPTIONS_RUN;
}

int take_set(struct parse *p, const struct option_desc *option, const char *value)
{
	struct tphbuf_tag tag = { .valid = 0 };
	int ret = parse_tag(p, option, value, &tag);

	return ret == OPTIONS_RUN ? add_tag_op(p, TAG_OP_SET, &tag) : ret;
}

static int take_tag_op(struct parse *p, enum tag_op op)
{
	static const struct tphbuf_tag none;

	return add_tag_op(p, op, &none);
}

int take_clear(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)option;
	(void)value;
	return take_tag_op(p, TAG_OP_CLEAR);
}

int take_get(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)option;
	(void)value;
	return take_tag_op(p, TAG_OP_GET);
}

int take_probe(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)option;
	(void)value;
	return take_tag_op(p, TAG_OP_PROBE);
}

/* The rules of tphbuf_buffer_send(). */
int take_label(struct parse *p, const struct option_desc *option, const char *value)
{
	char why[96];
	size_t i;

	for (i = 0; value[i] >= ' ' && value[i] <= '~'; i++)
		;
	snprintf(why, sizeof(why), "must be printable ASCII of at most %d characters",
		 TPHBUF_LABEL_MAX - 1);
	if (value[i] || i >= TPHBUF_LABEL_MAX)
		return bad_option_value(p, option, value, why);
	p->opts->label = value;
	return OPTIONS_RUN;
}

/* Permission bits in the form of chmod(1). */
int take_mode(struct parse *p, const struct option_desc *option, const char *value)
{
	size_t len = strlen(value);

	if (!len || len > 4 || value[strspn(value, "01234567")] || (len == 4 && value[0] != '0'))
		return bad_option_value(p, option, value,
					"must be octal permission bits, such as 0660");
	p->opts->mode = (int)strtoul(value, NULL, 8);
	return OPTIONS_RUN;
}

int take_sysfs(struct parse *p, const struct option_desc *option, const char *value)
{
	if (!value[0])
		return bad_option_value(p, option, value, "must not be empty");
	p->cli->sysfs_root = value;
	return OPTIONS_RUN;
}

/* sys, proc and dev of another machine, below one directory. */
int take_root(struct parse *p, const struct option_desc *option, const char *value)
{
	struct cli *cli = p->cli;
	size_t len = strlen(value) + sizeof("/proc");
	char *roots;

	if (!value[0])
		return bad_option_value(p, option, value, "must not be empty");
	roots = realloc(cli->roots, 3 * len);
	if (!roots)
		return cli_fail_text(cli, CLI_FAILURE, "argument", "out of memory; free some");
	cli->roots = roots;
	cli->sysfs_root = roots;
	cli->proc_root = roots + len;
	cli->dev_root = roots + 2 * len;
	snprintf(roots, len, "%s/sys", value);
	snprintf(roots + len, len, "%s/proc", value);
	snprintf(roots + 2 * len, len, "%s/dev", value);
	return OPTIONS_RUN;
}

int take_verbose(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)option;
	(void)value;
	p->cli->verbose = true;
	return OPTIONS_RUN;
}

/* options_find_json() has already found it. */
int take_json(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)p;
	(void)option;
	(void)value;
	return OPTIONS_RUN;
}

int take_help(struct parse *p, const struct option_desc *option, const char *value)
{
	(void)option;
	(void)value;
	cJSON_Delete(p->cli->json);
	p->cli->json = NULL;
	help_print(p->cli->command);
	return CLI_OK;
}
