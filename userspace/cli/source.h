/* SPDX-License-Identifier: MIT */
/* The buffer that a command works on. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <tphbuf/tphbuf.h>

#include "cli/cli.h"
#include "cli/options.h"

/* An open device, and a buffer of its BAR. */
struct source {
	struct tphbuf_device *dev; /* NULL: not open here */
	struct tphbuf_buffer *buf;
	/* Description of a received buffer; NULL for one exported here. */
	const struct tphbuf_share_info *received;
};

/* Open opts->bdf as the options say. 0 or -errno. */
int device_open(struct cli *cli, const struct options *opts, struct tphbuf_device **dev);
/* Its place, for a received buffer as claimed by the sender; "" and -1 if unknown. */
const char *source_bdf(const struct source *src);
int source_bar(const struct source *src);
const struct tphbuf_range *source_ranges(const struct source *src, size_t *n);

/* Open, enable memory, export, set opts->tag. Return: CLI_OK or exit code. */
int source_open(struct cli *cli, const struct options *opts, struct source *src);
void source_close(struct source *src);

#endif
