/* SPDX-License-Identifier: MIT */
/* A registry whose regions are made by a fake with counters. */
#ifndef UNIT_REGISTRY_RIG_H
#define UNIT_REGISTRY_RIG_H

#include <linux/vfio.h>

#include "lib/core/internal.h"
#include "tests/unit/test.h"

/* The library's macro; tests use cmocka's. */
#undef fail

#define LENGTH	0x10000
#define PAGE	0x1000
#define TPH_GET (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH)

/* The calls of the operations; regions are numbered objects. */
struct ops_log {
	unsigned int made, unmade;
	int fail;
	struct tphbuf_registry_request last;
	struct tphbuf_tag last_tag;
	/* Called by reg, to change the tag during the registration. */
	void (*meanwhile)(struct fixture *f);
	/* Called by unreg. */
	void (*leaving)(struct fixture *f);
	bool strict; /* reg fails if the tag is not the requested one */
	struct fixture *f;
};

extern struct ops_log ops_log;

struct object {
	struct tphbuf_tag tag;
	bool has_tag;
};

extern const struct tphbuf_registry_ops fake_ops;

/* A registry of fake regions; clears the log. */
struct tphbuf_registry *new_registry(struct fixture *f, uint32_t flags, uint32_t limit,
				     uint64_t granule);
/* Free the registry; no region may be left registered. */
void end(struct tphbuf_registry *reg);
struct tphbuf_registry_stats stats_of(struct tphbuf_registry *reg);
/* Get and put at once; the object identifies the region. */
void *touch(struct tphbuf_registry *reg, void *domain, struct tphbuf_buffer *buf, uint64_t offset,
	    uint64_t length, int access);
void set_tag(struct tphbuf_buffer *buf, uint8_t st);

#endif
