/* SPDX-License-Identifier: MIT */
/*
 * RDMA into an accelerator's BAR: a device, a dma-buf MR of its BAR2 on one NIC, and a queue pair from a
 * peer NIC with host memory. Every call checks and ends the program, as those of rdma.h.
 */
#ifndef BAR_RIG_H
#define BAR_RIG_H

#include <rdma/ib_user_ioctl_verbs.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#include "tests/guest/rdma.h"
#include "tests/guest/tally.h"
#include "tests/guest/uverbs.h"

#define MiB	 (1u << 20)
#define REMOTE	 (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE)
#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))

struct rig {
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev;
	struct port bar_port, host_port;
	struct side bar_side, host_side;
	struct memory host; /* 2 MiB */
	bool ext;	    /* the BAR's NIC sends Extended TPH */
};

/* One exported and registered range, mapped for the CPU too. */
struct target {
	struct tphbuf_buffer *buf;
	struct tphbuf_mr *mr;
	uint8_t *cpu;
	uint64_t len;
};

/* A named test of a program that is called as "PROGRAM TEST BDF NIC PEER ext|8bit". */
struct bar_test {
	const char *name;
	void (*run)(struct rig *rig);
};

extern const struct tphbuf_range whole; /* the first 4 MiB of BAR2 */

int bar_main(int argc, char **argv, const struct bar_test *tests, size_t n);

void rig_open(struct rig *rig, const char *bdf, const char *nic, const char *peer);
void rig_close(struct rig *rig);
void relink(struct rig *rig); /* new queue pairs after an error */

void ok(struct rig *rig, int ret, const char *what);
struct tphbuf_tag tag_of(const char *text);
/* The state of the MR's hint as the kernel reports it. */
struct uverbs_tph tph_of(struct target *target);

/* tag: "none", or a tag that must be applied. */
void target_open(struct rig *rig, struct target *target, const struct tphbuf_range *ranges,
		 size_t n, const char *tag_text);
void target_register(struct rig *rig, struct target *target, bool must_apply);
void target_close(struct rig *rig, struct target *target);

/* One work request between the host memory and the target, or any remote memory. */
void transfer(struct rig *rig, struct target *target, enum ibv_wr_opcode opcode, uint64_t off,
	      uint32_t len);
void transfer_to(struct rig *rig, uint64_t addr, uint32_t rkey, enum ibv_wr_opcode opcode,
		 uint32_t len);
/* On a NIC that may be gone; false: the request was not posted. */
bool try_transfer(struct rig *rig, struct target *target, enum ibv_wr_opcode opcode, uint32_t len);
void write_and_compare(struct rig *rig, struct target *target, uint64_t off, uint32_t len,
		       uint32_t seed);

/* The tally since the last clear counts these writes only; clears the tally. */
void expect(struct rig *rig, uint32_t width, uint32_t st, uint32_t ph);
void expect_both(struct rig *rig, uint32_t ph); /* what the NIC sends for "st=0x5a,xst=0x1234,ph=N" */

#endif
