// SPDX-License-Identifier: MIT
/* Both ends must be this plugin, of one version and with one back end; the token is the listener's. */
#include <stdio.h>
#include <string.h>

#include "greeting.h"

void greeting_make(struct greeting *out, const uint8_t *token)
{
	memset(out, 0, sizeof(*out));
	out->magic = GREETING_MAGIC;
	out->version = GREETING_VERSION;
	snprintf(out->backend, sizeof(out->backend), "%s", net_config()->backend);
	memcpy(out->token, token, sizeof(out->token));
}

const char *greeting_check(const struct greeting *in, const uint8_t *token)
{
	if (in->magic != GREETING_MAGIC)
		return "it does not speak this plugin's protocol";
	if (in->version != GREETING_VERSION)
		return "it is another version of this plugin";
	if (memcmp(in->token, token, sizeof(in->token)))
		return "it does not have the token of this connection";
	if (strncmp(in->backend, net_config()->backend, sizeof(in->backend)))
		return "it uses another TPHBUF_NET_BACKEND";
	return NULL;
}
