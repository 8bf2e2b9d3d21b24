// SPDX-License-Identifier: MIT
/*
 * fabric-tally BDF [--clear]: print, or clear, what the fabric's endpoint has counted, as JSON:
 * {"writes", "writes_tagged", "reads", "reads_tagged", "tags": [{"kind", "width", "st", "ph", "count"}]}
 */
#include <stdio.h>
#include <string.h>
#include <tphbuf/tphbuf.h>

#include "rdma.h"
#include "tally.h"

int main(int argc, char **argv)
{
	struct tphbuf_device *dev;
	struct tphbuf_ctx *ctx;
	struct tally tally;
	const char *comma = "";

	require(argc == 2 || (argc == 3 && !strcmp(argv[2], "--clear")), "usage: fabric-tally BDF [--clear]");
	require(!tphbuf_ctx_new(NULL, &ctx), "no context");
	require(!tphbuf_device_open(ctx, argv[1], NULL, &dev), "%s", tphbuf_ctx_error(ctx));
	if (argc == 3)
		tally_clear(dev);
	tally_read(dev, &tally);
	printf("{\"writes\": %lu, \"writes_tagged\": %lu, \"reads\": %lu, \"reads_tagged\": %lu, \"tags\": [",
	       (unsigned long)tally.writes, (unsigned long)tally.writes_tagged, (unsigned long)tally.reads,
	       (unsigned long)tally.reads_tagged);
	for (unsigned int i = 0; i < tally.nrows; i++) {
		if (!tally.row[i].th)
			continue;
		printf("%s{\"kind\": \"%s\", \"width\": %u, \"st\": %u, \"ph\": %u, \"count\": %lu}", comma,
		       tally.row[i].write ? "write" : "read", tally.row[i].width, tally.row[i].st, tally.row[i].ph,
		       (unsigned long)tally.row[i].tlps);
		comma = ", ";
	}
	printf("]}\n");
	tphbuf_device_close(dev);
	tphbuf_ctx_free(ctx);
	return 0;
}
