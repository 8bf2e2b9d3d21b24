// SPDX-License-Identifier: MIT
#include "cli/steering.h"

#include <stdio.h>
#include <cjson/cJSON.h>

#include "cli/json.h"
#include "cli/text.h"

static const char *const mode_names[] = {
	[TPHBUF_STEER_NS] = "ns",
	[TPHBUF_STEER_IV] = "iv",
	[TPHBUF_STEER_DS] = "ds",
};

#define NR_MODES (sizeof(mode_names) / sizeof(mode_names[0]))

static const char *mode_name(enum tphbuf_steer_mode mode)
{
	return (size_t)mode < NR_MODES ? mode_names[mode] : "reserved";
}

static void print_steering(const struct tphbuf_steer_info *info)
{
	size_t i;

	printf("steering     modes");
	for (i = 0; i < NR_MODES; i++)
		if (info->modes & 1u << i)
			printf(" %s", mode_names[i]);
	printf(", up to %u-bit tags, ", info->width);
	if (info->entries)
		printf("table of %u entries", info->entries);
	else
		printf("no table");
	printf("%s%s\n", info->can & TPHBUF_STEER_CAN_SET ? ", CPUs can be set" : "",
	       info->can & TPHBUF_STEER_CAN_GET ? ", tags can be read" : "");
	if (info->enabled)
		printf("enabled      %s, %u-bit tags\n", mode_name(info->mode), info->enabled);
	else
		printf("enabled      no\n");
}

void show_steering(const struct cli *cli, const struct tphbuf_steer_info *info)
{
	cJSON *object, *modes;
	size_t i;

	if (!cli->json) {
		print_steering(info);
		return;
	}
	object = cJSON_AddObjectToObject(cli->json, "steering");
	cJSON_AddBoolToObject(object, "supported", true);
	modes = cJSON_AddArrayToObject(object, "modes");
	for (i = 0; i < NR_MODES; i++)
		if (info->modes & 1u << i)
			cJSON_AddItemToArray(modes, cJSON_CreateString(mode_names[i]));
	cJSON_AddNumberToObject(object, "width", info->width);
	cJSON_AddNumberToObject(object, "entries", info->entries);
	cJSON_AddBoolToObject(object, "can_set", info->can & TPHBUF_STEER_CAN_SET);
	cJSON_AddBoolToObject(object, "can_read_tags", info->can & TPHBUF_STEER_CAN_GET);
	json_add_string_or_null(object, "enabled", info->enabled ? mode_name(info->mode) : "");
	cJSON_AddNumberToObject(object, "enabled_width", info->enabled);
}

void show_no_steering(const struct cli *cli, const char *reason)
{
	cJSON *object;

	if (!cli->json) {
		say(stdout, "steering     no: %s\n", reason);
		return;
	}
	object = cJSON_AddObjectToObject(cli->json, "steering");
	cJSON_AddBoolToObject(object, "supported", false);
	cJSON_AddStringToObject(object, "reason", reason);
}
