/* SPDX-License-Identifier: MIT */
/*
 * Shared state of the stress: one device that is opened, closed, reset and switched off, some descriptor slots
 * for buffers exported from it, some regions registered on them, and threads that do all of it at random.
 *
 * A slot is a descriptor number that stays open: dup3() replaces its file, and an empty slot is
 * an O_PATH descriptor, for which every call returns EBADF. So threads may race on a slot
 * without ever hitting an unrelated descriptor.
 *
 * The permitted answers of a call depend on the state of the objects it uses. Stamps tell whether
 * that state was constant during the call; if so the answer must be the one for that state, else
 * one of those for either state.
 */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/guest/random.h"
#include "tests/guest/rdma.h"
#include "tests/guest/vfio.h"

#define SLOTS	    4
#define REGIONS	    6 /* even ones on the 8-bit NIC, odd ones on the Extended one */
#define NICS	    2
#define BUFFER_SIZE 0x10000u
#define UNKNOWN	    (~0u)

enum op {
	OP_EXPORT,
	OP_RELEASE,
	OP_SET,
	OP_GET,
	OP_PROBE,
	OP_REGISTER_8BIT,
	OP_REGISTER_EXT,
	OP_REREGISTER,
	OP_REREG_REFUSED,
	OP_DEREGISTER,
	OP_PREFETCH,
	OP_APPLIED,
	OP_WRITE,
	OP_WRITE_CHECKED,
	OP_RESET,
	OP_MEMORY,
	OP_REOPEN,
	OP_COUNT
};

/* Changes that have begun and that have ended. */
struct stamp {
	atomic_uint begun, ended;
};

struct device {
	const char *bdf;
	int slot;	     /* descriptor of the open device, or nothing */
	struct vfio_dev now; /* owned by the holder of reopen; its fd is in slot */
	pthread_mutex_t reopen;
	struct stamp life;   /* open and close */
	struct stamp memory; /* reset and memory decoding; both leave it on */
};

struct buffer {
	int slot;
	pthread_mutex_t exchange;
	struct stamp stamp; /* exported, released, tag set */
	atomic_uint owner;  /* value of device.life at the export, or UNKNOWN */
};

struct region {
	pthread_rwlock_t lock;
	struct ibv_mr *mr; /* NULL: free */
	atomic_uint rkey;  /* also of the last one, for writes that race */
	bool exact;	   /* tph is what the buffer held when it was mapped */
	tph_t tph;
	unsigned int life, memory; /* stamps of the device since the mapping, or UNKNOWN */
};

/* The two queue pairs of a thread on one NIC. */
struct loop {
	struct port *port;
	struct side from, to;
	struct memory host;
};

struct worker {
	pthread_t thread;
	uint64_t random;
	struct loop loop[NICS];
	struct tphbuf_ctx *ctx;
	unsigned long done[OP_COUNT], refused[OP_COUNT];
	unsigned long inconclusive; /* checked writes whose tally could not be read: the device was away */
};

struct stress {
	struct device dev;
	struct buffer buffer[SLOTS];
	struct region region[REGIONS];
	struct port port[NICS];
	struct stamp table[NICS]; /* registrations, which may write the NIC's steering tag table */
	pthread_rwlock_t traffic; /* held for writing by a write that is checked */
	unsigned int round;
	atomic_uint tags; /* bit slot * 3 + k: tag k of the slot was set in this round */
	atomic_bool over;
	int nothing; /* O_PATH */
};
extern struct stress stress;

/* stress.c: count an answer, or end the program if the answer is not in allowed (terminated by 1). */
void answer(struct worker *w, enum op op, int ret, const int *allowed);
#define ANY(...) ((const int[]){ __VA_ARGS__, 1 })

static inline void stamp_begin(struct stamp *stamp)
{
	atomic_fetch_add(&stamp->begun, 1);
}
static inline void stamp_end(struct stamp *stamp)
{
	atomic_fetch_add(&stamp->ended, 1);
}

/* The value while nothing is changing, or UNKNOWN. */
static inline unsigned int stamp_now(struct stamp *stamp)
{
	unsigned int ended = atomic_load(&stamp->ended);

	return atomic_load(&stamp->begun) == ended ? ended : UNKNOWN;
}

/* Nothing has begun to change since stamp_now() gave value. */
static inline bool stamp_is(struct stamp *stamp, unsigned int value)
{
	return value != UNKNOWN && atomic_load(&stamp->begun) == value;
}

/* stress_device.c */
void device_first_open(struct device *dev, const char *bdf);
void device_last_close(struct device *dev);
void buffer_empty(struct buffer *buffer);
void op_export(struct worker *w);
void op_release(struct worker *w);
void op_set(struct worker *w);
void op_get(struct worker *w);
void op_probe(struct worker *w);
void op_reset(struct worker *w);
void op_memory(struct worker *w);
void op_reopen(struct worker *w);

/* stress_mr.c */
void loops_open(struct worker *w);
void loops_close(struct worker *w);
void region_empty(struct region *region);
void op_register(struct worker *w);
void op_deregister(struct worker *w);
void op_rereg(struct worker *w);
void op_prefetch(struct worker *w);
void op_applied(struct worker *w);
void op_write(struct worker *w);
void op_write_checked(struct worker *w);

/*
 * stress_tag.c: each tag identifies its origin. The tags of a slot in a round are used by no
 * other slot and in no other recent round, and the hint follows from the tag, so that a TLP with
 * a foreign tag shows.
 */
tph_t tag_make(unsigned int slot, unsigned int k, uint32_t flags);
void tag_verify(const tph_t *tph, unsigned int slot, const char *where);

struct tag_row { /* as counted by the endpoint; width 0: no hint */
	uint32_t width, st, ph;
};

/*
 * No TLP carries a tag that was not set in this round. Clears the tally. false: the device was
 * not accessible.
 */
bool tags_verify_tally(void);
/*
 * All TLPs since the clear carry exactly what tph has for a NIC of that width; or none if table_written: Linux
 * switches the hints of a function off while it writes an entry of its steering tag table.
 */
bool tags_verify_exact(const tph_t *tph, uint32_t width, bool table_written);

#endif
