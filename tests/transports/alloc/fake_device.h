/* SPDX-License-Identifier: MIT */
/*
 * A device that is memory of this process, by functions that the dynamic linker finds before those of libtphbuf. One
 * of them fails, if FAKE_FAIL names it: open, memory, region, export, map.
 */
#ifndef TESTS_TRANSPORTS_ALLOC_FAKE_DEVICE_H
#define TESTS_TRANSPORTS_ALLOC_FAKE_DEVICE_H

#include <stdint.h>

#include <tphbuf/tphbuf.h>

#define FAKE_BAR_BYTES (2u << 20)

/* What was asked of the device */
struct fake_device {
	char bdf[TPHBUF_BDF_MAX];
	unsigned int opens, open_devices, open_buffers;
	unsigned int bar;
	bool memory;
	struct tphbuf_range range;
	struct tphbuf_tag tag; /* valid 0: none was given */
	char *base;
	void *from_malloc; /* what malloc() gave the library while it opened the device */
};
extern struct fake_device fake_device;

#endif
