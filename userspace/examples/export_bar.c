// SPDX-License-Identifier: MIT
/*
 * Export the first pages of a BAR as a tagged dma-buf and read the tag back.
 *
 *	export_bar 0000:03:00.0 2 st=0x5a,ph=2
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/tphbuf.h>

#define LENGTH 0x10000

static int show(struct tphbuf_buffer *buf)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	char text[TPHBUF_TAG_TEXT_MAX];
	int ret;

	ret = tphbuf_buffer_tag_get(buf, &state);
	if (ret)
		return ret;
	tphbuf_tag_format(&state.tag, text, sizeof(text));
	printf("dma-buf descriptor %d, %llu bytes, tag %s\n", tphbuf_buffer_fd(buf),
	       (unsigned long long)tphbuf_buffer_length(buf), text);
	return 0;
}

static int export(struct tphbuf_ctx *ctx, const char *bdf, unsigned int bar,
		  const struct tphbuf_tag *tag)
{
	const struct tphbuf_range range = { .offset = 0, .length = LENGTH };
	struct tphbuf_export_opts opts = { .size = sizeof(opts), .tag = tag };
	struct tphbuf_device *dev = NULL;
	struct tphbuf_buffer *buf = NULL;
	int ret;

	ret = tphbuf_device_open(ctx, bdf, NULL, &dev);
	if (!ret)
		ret = tphbuf_device_memory(dev, true);
	if (!ret)
		ret = tphbuf_buffer_export(dev, bar, &range, 1, &opts, &buf);
	if (!ret)
		ret = show(buf);
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	return ret;
}

int main(int argc, char **argv)
{
	struct tphbuf_ctx *ctx;
	struct tphbuf_tag tag;
	const char *why;
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: export_bar BDF BAR TAG\n");
		return 2;
	}
	if (strspn(argv[2], "012345") != 1 || argv[2][1]) {
		fprintf(stderr, "BAR '%s' is not a number from 0 to 5\n", argv[2]);
		return 2;
	}
	if (tphbuf_tag_parse(argv[3], &tag, &why)) {
		fprintf(stderr, "%s: %s\n", argv[3], why);
		return 2;
	}
	if (tphbuf_ctx_new(NULL, &ctx))
		return 1;
	ret = export(ctx, argv[1], (unsigned int)atoi(argv[2]), &tag);
	if (ret)
		fprintf(stderr, "%s\n", tphbuf_ctx_error(ctx));
	tphbuf_ctx_free(ctx);
	if (!ret)
		return 0;
	return tphbuf_is_unsupported(ret) ? 4 : 1;
}
