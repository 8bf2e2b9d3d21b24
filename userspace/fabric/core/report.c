// SPDX-License-Identifier: MIT
/*
 * The report: all counters as one JSON object. Steering tags are hexadecimal strings, as in options.
 */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "fabric/core/cfg/cfg.h"
#include "fabric/core/fabric.h"

static void add_row(cJSON *array, const struct fab_tally_row *row)
{
	cJSON *object = cJSON_CreateObject();
	char tag[8];

	cJSON_AddStringToObject(object, "kind", fab_kind_name(row->kind));
	cJSON_AddBoolToObject(object, "th", row->tph.th);
	if (row->tph.th) {
		cJSON_AddNumberToObject(object, "width", row->tph.extended ? 16 : 8);
		snprintf(tag, sizeof(tag), "0x%x", row->tph.st);
		cJSON_AddStringToObject(object, "st", tag);
		cJSON_AddNumberToObject(object, "ph", row->tph.ph);
	}
	cJSON_AddNumberToObject(object, "tlps", (double)row->tlps);
	cJSON_AddNumberToObject(object, "bytes", (double)row->bytes);
	cJSON_AddItemToArray(array, object);
}

cJSON *fab_report_tally(const struct fab_tally *tally)
{
	cJSON *array = cJSON_CreateArray();
	uint32_t i;

	for (i = 0; i < tally->nrows; i++)
		add_row(array, &tally->rows[i]);
	return array;
}

static void add_tally(cJSON *object, const char *name, const struct fab_tally *tally)
{
	cJSON_AddItemToObject(object, name, fab_report_tally(tally));
	if (tally->other_tlps)
		cJSON_AddNumberToObject(object, "not_in_rows", (double)tally->other_tlps);
}

static void add_bars(cJSON *object, const struct fab_device *dev)
{
	cJSON *bars = cJSON_AddArrayToObject(object, "bars");
	unsigned int i;

	for (i = 0; i < FAB_BARS; i++) {
		cJSON *bar;

		if (!dev->bar[i].size)
			continue;
		bar = cJSON_CreateObject();
		cJSON_AddNumberToObject(bar, "bar", i);
		cJSON_AddNumberToObject(bar, "size", (double)dev->bar[i].size);
		add_tally(bar, "received", &dev->bar[i].tally);
		cJSON_AddItemToArray(bars, bar);
	}
}

static void add_sent(cJSON *object, const struct fab_device *dev)
{
	cJSON *sent = cJSON_AddObjectToObject(object, "sent");
	unsigned int i;

	for (i = 0; i < FAB_ORIGIN_COUNT; i++) {
		cJSON *origin;

		if (!dev->sent[i].tlps)
			continue;
		origin = cJSON_AddObjectToObject(sent, fab_origin_name(i));
		cJSON_AddNumberToObject(origin, "tlps", (double)dev->sent[i].tlps);
		cJSON_AddNumberToObject(origin, "bytes", (double)dev->sent[i].bytes);
		cJSON_AddNumberToObject(origin, "tagged", (double)dev->sent[i].tagged);
	}
}

static cJSON *report_device(struct fab_device *dev)
{
	cJSON *object = cJSON_CreateObject(), *errors;

	cJSON_AddStringToObject(object, "name", dev->name);
	cJSON_AddStringToObject(object, "kind", dev->ops->kind);
	cJSON_AddNumberToObject(object, "max_payload", fab_cfg_mps(dev));
	cJSON_AddNumberToObject(object, "max_read_request", fab_cfg_mrrs(dev));
	add_bars(object, dev);
	add_sent(object, dev);
	add_tally(object, "to_memory", &dev->to_memory);
	cJSON_AddNumberToObject(object, "tph_writes", (double)dev->tph_writes);
	errors = cJSON_AddObjectToObject(object, "errors");
	cJSON_AddNumberToObject(errors, "no_master", (double)dev->errors_no_master);
	cJSON_AddNumberToObject(errors, "unsupported", (double)dev->errors_unsupported);
	cJSON_AddNumberToObject(errors, "tph", (double)dev->errors_tph);
	if (dev->ops->report)
		dev->ops->report(dev, object);
	return object;
}

cJSON *fab_report(struct fab_fabric *fabric)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *devices = cJSON_AddArrayToObject(object, "devices");
	struct fab_device *dev;

	for (dev = fabric->devices; dev; dev = dev->next)
		cJSON_AddItemToArray(devices, report_device(dev));
	return object;
}
