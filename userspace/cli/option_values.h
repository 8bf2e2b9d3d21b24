/* SPDX-License-Identifier: MIT */
/* Values of options: checked and stored. */
#ifndef CLI_OPTION_VALUES_H
#define CLI_OPTION_VALUES_H

#include <stdbool.h>

#include "cli/option_table.h"
#include "cli/options.h"

/* State of options_parse(). */
struct parse {
	struct cli *cli;
	struct options *opts;
	struct tphbuf_range single; /* of --offset and --length */
	bool has_offset;
	bool has_length;
};

/* Report that @value is wrong. Return: CLI_USAGE. */
int bad_value(struct parse *p, const char *what, const char *value, const char *why);
/* Append a range. Return: OPTIONS_RUN or exit code. */
int add_range(struct parse *p, const struct tphbuf_range *range);

/* Members take of struct option_desc. */
int take_bar(struct parse *p, const struct option_desc *option, const char *value);
int take_range(struct parse *p, const struct option_desc *option, const char *value);
int take_offset(struct parse *p, const struct option_desc *option, const char *value);
int take_length(struct parse *p, const struct option_desc *option, const char *value);
int take_iova(struct parse *p, const struct option_desc *option, const char *value);
int take_tag(struct parse *p, const struct option_desc *option, const char *value);
int take_set(struct parse *p, const struct option_desc *option, const char *value);
int take_clear(struct parse *p, const struct option_desc *option, const char *value);
int take_get(struct parse *p, const struct option_desc *option, const char *value);
int take_probe(struct parse *p, const struct option_desc *option, const char *value);
int take_entry(struct parse *p, const struct option_desc *option, const char *value);
int take_cpu(struct parse *p, const struct option_desc *option, const char *value);
int take_enable(struct parse *p, const struct option_desc *option, const char *value);
int take_width(struct parse *p, const struct option_desc *option, const char *value);
int take_backend(struct parse *p, const struct option_desc *option, const char *value);
int take_label(struct parse *p, const struct option_desc *option, const char *value);
int take_mode(struct parse *p, const struct option_desc *option, const char *value);
int take_root(struct parse *p, const struct option_desc *option, const char *value);
int take_sysfs(struct parse *p, const struct option_desc *option, const char *value);
int take_verbose(struct parse *p, const struct option_desc *option, const char *value);
int take_json(struct parse *p, const struct option_desc *option, const char *value);
int take_help(struct parse *p, const struct option_desc *option, const char *value);
/* Into the bool, int or const char * at option->offset. */
int take_flag(struct parse *p, const struct option_desc *option, const char *value);
int take_number(struct parse *p, const struct option_desc *option, const char *value);
int take_name(struct parse *p, const struct option_desc *option, const char *value);
/* As take_name(); the library checks the form. */
int take_text(struct parse *p, const struct option_desc *option, const char *value);

#endif
