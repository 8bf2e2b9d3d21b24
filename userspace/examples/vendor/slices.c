// SPDX-License-Identifier: MIT
/*
 * Names for tags: the cache slices of the fabric's endpoint. What a device
 * maker's library looks like, for a program and for the command:
 *
 *	tphbuf export 0000:05:00.0 --bar 2 --vendor ./vendor-slices.so \
 *		--tag "cache slice 3" --hold
 *
 * Slice N has tag 0x10 + N: 16 bits if the device takes them, else 8.
 */
#include <errno.h>
#include <stdio.h>

#include <tphbuf/vendor.h>

#define VENDOR_ID 0x1234
#define DEVICE_ID 0x5448
#define FIRST_TAG 0x10
#define NR_SLICES 16
#define HINT	  2 /* target: the completer will read it soon */

int tphbuf_vendor_init(struct tphbuf_ctx *ctx);

static bool match(void *data, const struct tphbuf_pci_info *device)
{
	(void)data;
	return device->vendor == VENDOR_ID && device->device == DEVICE_ID;
}

static int resolve(void *data, const struct tphbuf_pci_info *device, const char *text,
		   struct tphbuf_tag *tag, const char **why)
{
	unsigned int slice;
	char more;

	(void)data;
	if (sscanf(text, "cache slice %u%c", &slice, &more) != 1)
		return -ENOENT;
	if (slice >= NR_SLICES) {
		*why = "there is no such slice; use 0 to 15";
		return -ERANGE;
	}
	tag->ph = HINT;
	if (device->completer == TPHBUF_TPH_ST_EXT) {
		tag->valid = TPHBUF_TAG_XST;
		tag->xst = (uint16_t)(FIRST_TAG + slice);
	} else {
		tag->valid = TPHBUF_TAG_ST;
		tag->st = (uint8_t)(FIRST_TAG + slice);
	}
	return 0;
}

static int describe(void *data, const struct tphbuf_pci_info *device, const struct tphbuf_tag *tag,
		    char *buf, size_t size)
{
	unsigned int value = tag->valid == TPHBUF_TAG_XST ? tag->xst : tag->st;

	(void)data;
	(void)device;
	if (!tag->valid || tag->valid == TPHBUF_TAG_MASK || value < FIRST_TAG ||
	    value >= FIRST_TAG + NR_SLICES)
		return -ENOENT;
	return snprintf(buf, size, "cache slice %u", value - FIRST_TAG);
}

int tphbuf_vendor_init(struct tphbuf_ctx *ctx)
{
	const struct tphbuf_vendor slices = {
		.size = sizeof(slices),
		.name = "example slices",
		.match = match,
		.resolve = resolve,
		.describe = describe,
	};

	return tphbuf_vendor_add(ctx, &slices, NULL);
}
