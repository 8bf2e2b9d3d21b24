/* SPDX-License-Identifier: MIT */
/*
 * The hand-over message: fixed layout, host byte order (both ends run on one
 * kernel), no padding, followed by the ranges. One or two descriptors are attached:
 * the dma-buf, and the vfio device if SHARE_HAS_DEVICE is set.
 *
 * A receiver takes exactly its own version. All of a message is checked
 * before any of it is used.
 */
#ifndef TPHBUF_SHARE_MSG_H
#define TPHBUF_SHARE_MSG_H

#include <stddef.h>
#include <stdint.h>

#include <tphbuf/share.h>

#define SHARE_MAGIC	 0x66627074u /* "tpbf" in memory */
#define SHARE_VERSION	 1
#define SHARE_HAS_DEVICE (1u << 0)
#define SHARE_FLAGS	 SHARE_HAS_DEVICE
#define SHARE_BDF_SIZE	 24

struct share_msg {
	uint32_t magic;
	uint16_t version;
	uint16_t flags; /* SHARE_HAS_ */
	uint32_t size;	/* of the whole message */
	uint32_t nr_ranges;
	uint64_t length; /* of the dma-buf */
	uint64_t dev;	 /* its identity */
	uint64_t ino;
	uint32_t tag_valid;
	uint16_t tag_xst;
	uint8_t tag_st;
	uint8_t tag_ph;
	uint32_t supported;	      /* namespaces; 0: not known */
	uint32_t source;	      /* enum tphbuf_source */
	int32_t bar;		      /* -1: none */
	uint32_t reserved;	      /* 0 */
	char bdf[SHARE_BDF_SIZE];     /* NUL-terminated; the rest is 0 */
	char label[TPHBUF_LABEL_MAX]; /* same; printable ASCII */
	struct tphbuf_range ranges[];
};

#define SHARE_MSG_MAX (sizeof(struct share_msg) + TPHBUF_MAX_RANGES * sizeof(struct tphbuf_range))

/* Text that fits a label: printable ASCII, short enough. */
bool share_label_ok(const char *label);

/*
 * Check @size bytes of a message. @msg is aligned for its type.
 * Return: NULL, or why it is refused; *@err is the errno value then.
 */
const char *share_msg_check(const struct share_msg *msg, size_t size, int *err);

#endif
