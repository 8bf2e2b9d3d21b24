// SPDX-License-Identifier: MIT
/* How things look, as text and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "util/driver.h"

/* 0 or an errno value. */
static int print_json(cJSON *json)
{
	char *text;

	json_clean(json);
	text = cJSON_Print(json);
	if (!text)
		return ENOMEM;
	puts(text);
	free(text);
	return 0;
}

int finish_output(struct cli *cli)
{
	int err = 0;

	if (cli->json)
		err = print_json(cli->json);
	cJSON_Delete(cli->json);
	cli->json = NULL;
	if (fflush(stdout) && !err)
		err = errno;
	if (!err && !ferror(stdout))
		return CLI_OK;
	/* What could not be written is tried again by each flush. */
	if (!cli->output_failed)
		fprintf(stderr,
			"tphbuf: cannot write to standard output (%s); send it to a place that takes all of it\n",
			err ? strerror(err) : "an earlier write failed");
	cli->output_failed = true;
	return CLI_FAILURE;
}

void json_add_string_or_null(cJSON *json, const char *name, const char *text)
{
	if (text && text[0])
		cJSON_AddStringToObject(json, name, text);
	else
		cJSON_AddNullToObject(json, name);
}

/* JSON numbers are doubles; beyond 53 bits only text is exact. */
void json_add_hex(cJSON *json, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	cJSON_AddStringToObject(json, name, text);
}

void json_add_u64(cJSON *json, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(json, name, text);
}

void json_add_namespaces(cJSON *json, const char *name, uint32_t set)
{
	cJSON *array = cJSON_AddArrayToObject(json, name);

	if (set & TPHBUF_TAG_ST)
		cJSON_AddItemToArray(array, cJSON_CreateString("st"));
	if (set & TPHBUF_TAG_XST)
		cJSON_AddItemToArray(array, cJSON_CreateString("xst"));
}

void json_add_tag(cJSON *json, const char *name, const struct tphbuf_tag *tag)
{
	char text[TPHBUF_TAG_TEXT_MAX];
	cJSON *object;

	if (!tag->valid) {
		cJSON_AddNullToObject(json, name);
		return;
	}
	object = cJSON_AddObjectToObject(json, name);
	cJSON_AddStringToObject(object, "text", tag_text(tag, text));
	if (tag->valid & TPHBUF_TAG_ST)
		cJSON_AddNumberToObject(object, "st", tag->st);
	else
		cJSON_AddNullToObject(object, "st");
	if (tag->valid & TPHBUF_TAG_XST)
		cJSON_AddNumberToObject(object, "xst", tag->xst);
	else
		cJSON_AddNullToObject(object, "xst");
	cJSON_AddNumberToObject(object, "ph", tag->ph);
}

const char *tag_text(const struct tphbuf_tag *tag, char *buf)
{
	if (tphbuf_tag_format(tag, buf, TPHBUF_TAG_TEXT_MAX) < 0)
		return "malformed";
	return buf;
}

const char *namespaces_text(uint32_t set)
{
	static const char *const names[] = { "none", "st", "xst", "st, xst" };

	return names[set & TPHBUF_TAG_MASK];
}

const char *tph_text(enum tphbuf_tph tph)
{
	switch (tph) {
	case TPHBUF_TPH_NONE:
		return "none";
	case TPHBUF_TPH_ST:
		return "st";
	case TPHBUF_TPH_ST_EXT:
		return "st, xst";
	default:
		return "unknown";
	}
}

const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

bool vfio_bound(const struct tphbuf_pci_info *info)
{
	return info->vfio[0] || driver_is_vfio(info->driver);
}

const char *size_text(uint64_t size, char *buf, size_t buf_size)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (size && !(size % 1024) && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	snprintf(buf, buf_size, "%" PRIu64 " %s", size, units[unit]);
	return buf;
}

static void json_add_tph(cJSON *json, const char *name, enum tphbuf_tph tph)
{
	if (tph == TPHBUF_TPH_UNKNOWN)
		cJSON_AddNullToObject(json, name);
	else
		json_add_namespaces(json, name, (uint32_t)tph);
}

static void json_add_bars(cJSON *json, const struct tphbuf_pci_info *info)
{
	cJSON *array = cJSON_AddArrayToObject(json, "bars");
	int i;

	for (i = 0; i < TPHBUF_NUM_BARS; i++) {
		const struct tphbuf_bar *bar = &info->bar[i];
		cJSON *object;

		if (!(bar->flags & TPHBUF_BAR_PRESENT))
			continue;
		object = cJSON_CreateObject();
		cJSON_AddItemToArray(array, object);
		cJSON_AddNumberToObject(object, "bar", i);
		json_add_u64(object, "size", bar->size);
		json_add_hex(object, "addr", bar->addr);
		cJSON_AddBoolToObject(object, "io", !!(bar->flags & TPHBUF_BAR_IO));
		cJSON_AddBoolToObject(object, "64bit", !!(bar->flags & TPHBUF_BAR_64BIT));
		cJSON_AddBoolToObject(object, "prefetchable", !!(bar->flags & TPHBUF_BAR_PREFETCH));
		cJSON_AddBoolToObject(object, "mappable", !!(bar->flags & TPHBUF_BAR_MAPPABLE));
		cJSON_AddBoolToObject(object, "exportable", !!(bar->flags & TPHBUF_BAR_EXPORTABLE));
	}
}

void json_add_pci(cJSON *json, const struct tphbuf_pci_info *info)
{
	static const char *const tables[] = { NULL, "capability", "msix" };

	cJSON_AddStringToObject(json, "bdf", info->bdf);
	json_add_hex(json, "vendor", info->vendor);
	json_add_hex(json, "device", info->device);
	json_add_hex(json, "class", info->class_code);
	json_add_string_or_null(json, "driver", info->driver);
	json_add_string_or_null(json, "vfio", info->vfio);
	json_add_string_or_null(json, "rdma", info->rdma);
	if (info->iommu_group < 0)
		cJSON_AddNullToObject(json, "iommu_group");
	else
		cJSON_AddNumberToObject(json, "iommu_group", info->iommu_group);
	json_add_tph(json, "tph_completer", info->completer);
	json_add_tph(json, "tph_requester", info->requester);
	json_add_tph(json, "tph_requester_enabled", info->requester_enabled);
	json_add_string_or_null(json, "st_table", tables[info->st_table]);
	cJSON_AddNumberToObject(json, "st_entries", info->st_entries);
	json_add_bars(json, info);
}

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
