// SPDX-License-Identifier: MIT
/* Members of the JSON answer. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/format.h"
#include "cli/json.h"

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
