// SPDX-License-Identifier: MIT
/* The part of an answer that describes the buffer. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/answer.h"
#include "cli/format.h"
#include "cli/json.h"

void json_add_source(cJSON *json, const struct source *src)
{
	const struct tphbuf_range *ranges;
	cJSON *buffer, *array;
	size_t i, n;

	buffer = cJSON_AddObjectToObject(json, "buffer");
	json_add_string_or_null(buffer, "bdf", source_bdf(src));
	if (src->dev)
		cJSON_AddStringToObject(buffer, "backend", tphbuf_device_backend(src->dev));
	if (source_bar(src) < 0)
		cJSON_AddNullToObject(buffer, "bar");
	else
		cJSON_AddNumberToObject(buffer, "bar", source_bar(src));
	cJSON_AddNumberToObject(buffer, "fd", tphbuf_buffer_fd(src->buf));
	json_add_u64(buffer, "length", tphbuf_buffer_length(src->buf));
	array = cJSON_AddArrayToObject(buffer, "ranges");
	ranges = source_ranges(src, &n);
	for (i = 0; i < n; i++) {
		cJSON *range = cJSON_CreateObject();

		cJSON_AddItemToArray(array, range);
		json_add_u64(range, "offset", ranges[i].offset);
		json_add_u64(range, "length", ranges[i].length);
	}
}

void print_source(const struct source *src)
{
	const struct tphbuf_range *ranges;
	char size[32];
	size_t i, n;

	ranges = source_ranges(src, &n);
	if (src->dev)
		printf("device      %s BAR%d, open through %s\n", source_bdf(src), source_bar(src),
		       tphbuf_device_backend(src->dev));
	else if (source_bar(src) >= 0)
		printf("device      %s BAR%d\n", source_bdf(src), source_bar(src));
	else
		printf("device      %s\n", source_bdf(src)[0] ? source_bdf(src) : "unknown");
	for (i = 0; i < n; i++)
		printf("%-11s 0x%" PRIx64 "+0x%" PRIx64 "\n", i ? "" : "ranges", ranges[i].offset,
		       ranges[i].length);
	printf("length      %s\n", size_text(tphbuf_buffer_length(src->buf), size, sizeof(size)));
	printf("dma-buf fd  %d\n", tphbuf_buffer_fd(src->buf));
}

int answer_source(struct cli *cli, const struct options *opts, const struct source *src)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	char text[TPHBUF_TAG_TEXT_MAX];
	int ret = 0;

	if (src->received)
		state.tag = src->received->tag;
	else if (opts->has_tag)
		ret = tphbuf_buffer_tag_get(src->buf, &state);
	if (ret)
		return cli_fail(cli, ret);
	if (cli->json) {
		json_add_source(cli->json, src);
		json_add_tag(cli->json, "tag", &state.tag);
		return CLI_OK;
	}
	print_source(src);
	printf("tag         %s\n", tag_text(&state.tag, text));
	return CLI_OK;
}
