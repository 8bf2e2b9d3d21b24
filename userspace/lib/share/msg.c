// SPDX-License-Identifier: MIT
/* Validation of hand-over messages, see msg.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/share/msg.h"

_Static_assert(sizeof(struct share_msg) == 128, "no padding");
_Static_assert(offsetof(struct share_msg, length) == 16, "layout");
_Static_assert(offsetof(struct share_msg, tag_valid) == 40, "layout");
_Static_assert(offsetof(struct share_msg, bdf) == 64, "layout");
_Static_assert(offsetof(struct share_msg, ranges) == 128, "layout");

bool share_label_ok(const char *label)
{
	size_t i;

	for (i = 0; label[i]; i++)
		if (i == TPHBUF_LABEL_MAX - 1 || label[i] < ' ' || label[i] > '~')
			return false;
	return true;
}

/* Ends with a NUL, with zeros after it. */
static bool terminated(const char *text, size_t size)
{
	size_t i = strnlen(text, size);

	if (i == size)
		return false;
	for (; i < size; i++)
		if (text[i])
			return false;
	return true;
}

static const char *check_place(const struct share_msg *msg)
{
	char bdf[TPHBUF_BDF_MAX];

	if (msg->source > TPHBUF_SOURCE_DRM)
		return "its source is none of ours";
	if (msg->bar < -1 || msg->bar >= TPHBUF_NUM_BARS)
		return "its BAR number is out of range";
	if (msg->source == TPHBUF_SOURCE_BAR ? msg->bar < 0 || !msg->bdf[0] : msg->bar >= 0)
		return "its source, BAR and device do not go together";
	if (!terminated(msg->bdf, sizeof(msg->bdf)))
		return "its PCI address is not terminated";
	if (msg->bdf[0] && (tphbuf_bdf_parse(msg->bdf, bdf) || strcmp(msg->bdf, bdf)))
		return "its PCI address is malformed";
	if (!terminated(msg->label, sizeof(msg->label)) || !share_label_ok(msg->label))
		return "its label is not printable text";
	return NULL;
}

static const char *check_tag(const struct share_msg *msg)
{
	const struct tphbuf_tag tag = {
		msg->tag_valid,
		msg->tag_xst,
		msg->tag_st,
		msg->tag_ph,
	};
	const char *why;

	if (msg->supported & ~TPHBUF_TAG_MASK)
		return "it names a tag namespace that does not exist";
	if (tphbuf_tag_check(&tag, TPHBUF_TAG_MASK, &why))
		return why;
	if (msg->supported && msg->tag_valid & ~msg->supported)
		return "its tag is in a namespace it calls unsupported";
	return NULL;
}

static const char *check_ranges(const struct share_msg *msg)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), sum = 0;
	uint32_t i;

	if (!msg->nr_ranges)
		return msg->source == TPHBUF_SOURCE_BAR ? "it has no range of the BAR" : NULL;
	if (msg->source != TPHBUF_SOURCE_BAR)
		return "it has ranges but no BAR";
	for (i = 0; i < msg->nr_ranges; i++) {
		const struct tphbuf_range *range = &msg->ranges[i];

		if (!range->length || range->offset % page || range->length % page ||
		    range->offset + (range->length - 1) < range->offset ||
		    __builtin_add_overflow(sum, range->length, &sum))
			return "one of its ranges is malformed";
	}
	return sum == msg->length ? NULL : "its ranges do not add up to its length";
}

const char *share_msg_check(const struct share_msg *msg, size_t size, int *err)
{
	const char *why;

	*err = -EPROTO;
	if (size < sizeof(*msg) || msg->magic != SHARE_MAGIC)
		return "it is not a tphbuf message";
	*err = -EPROTONOSUPPORT;
	if (msg->version != SHARE_VERSION)
		return "it has another version; use the same libtphbuf on both sides";
	*err = -EPROTO;
	if (msg->nr_ranges > TPHBUF_MAX_RANGES || msg->size != size ||
	    size != sizeof(*msg) + msg->nr_ranges * sizeof(msg->ranges[0]))
		return "its size does not fit its number of ranges";
	if (msg->flags & ~SHARE_FLAGS || msg->reserved)
		return "it has flags that this version does not know";
	if (msg->flags & SHARE_HAS_DEVICE && !msg->bdf[0])
		return "it brings a device without its PCI address";
	if (!msg->length || !msg->ino)
		return "its length or its identity is 0";
	why = check_place(msg);
	if (!why)
		why = check_tag(msg);
	if (!why)
		why = check_ranges(msg);
	return why;
}
