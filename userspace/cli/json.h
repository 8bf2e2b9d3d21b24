/* SPDX-License-Identifier: MIT */
/* Members of the JSON answer. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdint.h>
#include <cjson/cJSON.h>

#include <tphbuf/tphbuf.h>

void json_add_tag(cJSON *json, const char *name, const struct tphbuf_tag *tag);
void json_add_namespaces(cJSON *json, const char *name, uint32_t set);
void json_add_hex(cJSON *json, const char *name, uint64_t value);
void json_add_u64(cJSON *json, const char *name, uint64_t value);
void json_add_string_or_null(cJSON *json, const char *name, const char *text);
void json_add_pci(cJSON *json, const struct tphbuf_pci_info *info);

#endif
