/* SPDX-License-Identifier: MIT */
/*
 * What two connected queue pairs (RC or UC) must do with work requests, without any
 * code of the fabric: the bytes of each buffer, each completion in order, the payload bytes of each kind of TLP.
 * Side 0 sends, side 1 responds.
 */
#ifndef FUZZ_WQE_MODEL_H
#define FUZZ_WQE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_KEYS     10u
#define MODEL_SEGMENTS 4u
#define MODEL_WRS      64u
#define MODEL_RECEIVES 16u   /* of the receive queue */
#define MODEL_LEN      8192u /* bytes of a buffer */
#define MODEL_CQES     256u

enum model_right {
	RIGHT_LOCAL_READ = 1,
	RIGHT_LOCAL_WRITE = 2,
	RIGHT_READ = 4,
	RIGHT_WRITE = 8,
	RIGHT_ATOMIC = 16
};
enum model_place { PLACE_HOST0, PLACE_HOST1, PLACE_BAR, PLACES };
enum model_tag { TAG_NONE, TAG_BAR, TAG_HOST, TAGS };
enum model_kind { KIND_READ, KIND_WRITE, KINDS };

struct model_key {
	uint32_t key; /* as in a request */
	bool own_pd, free, may_invalidate;
	uint8_t rights;
	uint64_t start;
	uint32_t len;
	uint8_t *bytes; /* of the buffer, at start */
	enum model_place place;
	enum model_tag tag;
};

struct model_segment {
	bool is_inline;
	uint32_t len; /* as it stands in the segment */
	uint32_t lkey;
	uint64_t addr;
	const uint8_t *data; /* inline: what follows */
	uint32_t room;	     /* inline: bytes that follow in the request */
};

enum model_head { HEAD_GOOD, HEAD_WRONG_QP, HEAD_EMPTY, HEAD_BEYOND };

struct model_wr {
	uint8_t opcode;
	bool signalled, solicited;
	enum model_head head;
	uint32_t imm, rkey;
	uint64_t va, swap_add, compare;
	struct model_segment segment[MODEL_SEGMENTS];
	unsigned int segments;
	uint8_t inline_data[MODEL_SEGMENTS][64];
	uint16_t at; /* index of its first block in the send queue */
};

struct model_receive {
	struct model_segment segment[MODEL_SEGMENTS];
	unsigned int segments;
};

struct model_cqe {
	uint8_t opcode; /* MLX5_CQE_x */
	uint8_t syndrome;
	uint8_t wqe_opcode; /* of a send */
	uint16_t counter;
	uint32_t byte_count, imm; /* of a success */
	bool solicited;
};

struct model {
	bool unreliable;
	uint8_t access; /* of the responder's queue pair */
	struct model_key key[2][MODEL_KEYS];
	uint8_t buffer[2][MODEL_LEN], bar[2][MODEL_LEN]; /* of each side */
	bool failed[2];
	bool waiting; /* the request at the head has met no receive */
	struct model_wr wr[MODEL_WRS];
	unsigned int first, rung,
		posted; /* requests, free running: first to execute, behind the last rung, the last posted */
	struct model_receive receive[MODEL_RECEIVES];
	uint16_t taken, ready; /* receives, free running */
	struct model_cqe cqe[2][MODEL_CQES];
	unsigned int cqes[2];
	uint64_t bytes[PLACES][KINDS][TAGS]; /* of payload */
};

void model_reset(struct model *model); /* queues, completions, counters; not keys and buffers */
void model_reconnect(struct model *model);
struct model_wr *model_new_wr(struct model *model); /* zeroed; posted by model_post(); NULL: no room */
void model_post(struct model *model);
void model_ring(struct model *model);
struct model_receive *model_new_receive(struct model *model); /* as model_new_wr() */
void model_post_receive(struct model *model);
void model_wait(struct model *model); /* longer than any timer */
const struct model_key *model_key(const struct model *model, int side, uint32_t key);

#endif
