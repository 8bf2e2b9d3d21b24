/* SPDX-License-Identifier: MIT */
/*
 * An accelerator opened through vfio and a DMA engine of the fabric with its driver (tph_engine), for
 * the tests of that importer. Every call checks its result, names the failure and ends the program.
 */
#ifndef ENGINE_RIG_H
#define ENGINE_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <tph_engine.h>
#include <tphbuf/tphbuf.h>

#include "tests/guest/rdma.h"
#include "tests/guest/tally.h"

#define KiB	 1024u
#define MiB	 (1u << 20)
#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))

/* One tag in both namespaces, and another one. */
#define TAG_A "st=0x5a,xst=0x1234,ph=2"
#define TAG_B "st=0x11,xst=0x2222,ph=1"

struct rig {
	const char *bdf; /* the accelerator */
	const char *engine_bdf;
	uint32_t width; /* width of the tags that the engine sends: 0, 8, 16 */
	uint32_t mps;	/* bytes */
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	int engine; /* /dev/tph_engineN */
};

/* A part of BAR2 as a dma-buf, mapped for the CPU too. */
struct target {
	struct tphbuf_buffer *buf;
	uint32_t *cpu;
	uint64_t len;
};

void ok(struct rig *rig, int ret, const char *what); /* of a library call */
void rig_open(struct rig *rig);			     /* the device; counters cleared */
void rig_close(struct rig *rig);
int engine_open(const struct rig *rig);

struct tphbuf_tag tag_of(const char *text);
void target_open(struct rig *rig, struct target *target, const struct tphbuf_range *ranges,
		 size_t n, const char *tag);
void target_close(struct target *target);
void set_tag(struct rig *rig, struct target *target, const char *tag);
void memory(struct rig *rig, bool on); /* decoding of the accelerator; off revokes */

/* 0 or -errno. */
int import_fd(int engine, int fd);
int fill_raw(int engine, struct tph_engine_fill *fill);
int try_fill(int engine, uint64_t off, uint64_t len, uint32_t value, struct tph_engine_fill *result);

void import(struct rig *rig, struct target *target); /* into rig->engine */
/*
 * The fill succeeds, and driver and endpoint agree on the tag: the part of it that the engine can
 * send, or none.
 */
void fill_tagged(struct rig *rig, struct target *target, uint64_t off, uint64_t len, uint32_t value,
		 const char *tag);
void expect_fill(int engine, uint64_t off, uint64_t len, int want, const char *what);
void expect_import(int engine, int fd, int want, const char *what);
void nothing_arrived(struct rig *rig, const char *what); /* at BAR2 since the last look */
void filled(const uint32_t *at, uint64_t len, uint32_t value, const char *what);

/* The tests of the other files. */
void test_arguments(struct rig *rig);
void test_failed_import(struct rig *rig);
void test_race_with_fill(struct rig *rig);
void test_race_with_import(struct rig *rig);

#endif
