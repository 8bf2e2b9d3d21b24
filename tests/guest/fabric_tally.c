// SPDX-License-Identifier: MIT
/*
 * fabric-tally BDF [--clear]: print, or clear, what the fabric's endpoint has counted, as JSON:
 * {"writes", "writes_tagged", "reads", "reads_tagged", "tags": [{"kind", "width", "st", "ph", "count"}]}
 */
#include <stdio.h>
#include <string.h>
#include <tphbuf/tphbuf.h>

#include "tests/guest/rdma.h"
#include "tests/guest/tally.h"

static void print(const struct tally *tally)
{
	const char *comma = "";

	printf("{\"writes\": %lu, \"writes_tagged\": %lu, \"reads\": %lu, \"reads_tagged\": %lu, \"tags\": [",
	       (unsigned long)tally->writes, (unsigned long)tally->writes_tagged,
	       (unsigned long)tally->reads, (unsigned long)tally->reads_tagged);
	for (unsigned int i = 0; i < tally->nrows; i++) {
		const struct tally_row *row = &tally->row[i];

		if (!row->th)
			continue;
		printf("%s{\"kind\": \"%s\", \"width\": %u, \"st\": %u, \"ph\": %u, \"count\": %lu}",
		       comma, row->write ? "write" : "read", row->width, row->st, row->ph,
		       (unsigned long)row->tlps);
		comma = ", ";
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	const char *option = argc == 3 ? argv[2] : "";
	struct tphbuf_device *dev;
	struct tphbuf_ctx *ctx;
	struct tally tally;

	require(argc == 2 || !strcmp(option, "--clear"), "usage: fabric-tally BDF [--clear]");
	require(!tphbuf_ctx_new(NULL, &ctx), "no context");
	require(!tphbuf_device_open(ctx, argv[1], NULL, &dev), "%s", tphbuf_ctx_error(ctx));
	if (*option)
		tally_clear(dev);
	tally_read(dev, &tally);
	print(&tally);
	tphbuf_device_close(dev);
	tphbuf_ctx_free(ctx);
	return 0;
}
