// SPDX-License-Identifier: MIT
/* Hand-over messages: an accepted message is within its own size and printable. */
#include "tests/fuzz/fuzz.h"
#include "lib/share/msg.h"

static void promise_text(const char *text, size_t size)
{
	size_t i;

	promise(memchr(text, '\0', size));
	for (i = 0; text[i]; i++)
		promise(text[i] >= ' ' && text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct share_msg *msg = malloc(size ? size : 1);
	const char *why;
	int err = 0;

	promise(msg);
	memcpy(msg, data, size);
	why = share_msg_check(msg, size, &err);
	if (why) {
		promise(why[0] && err);
	} else {
		promise(msg->magic == SHARE_MAGIC && msg->size == size);
		promise(msg->nr_ranges <= TPHBUF_MAX_RANGES);
		promise(sizeof(*msg) + msg->nr_ranges * sizeof(msg->ranges[0]) == size);
		promise(!(msg->flags & ~SHARE_FLAGS));
		promise_text(msg->bdf, sizeof(msg->bdf));
		promise_text(msg->label, sizeof(msg->label));
	}
	free(msg);
	return 0;
}
