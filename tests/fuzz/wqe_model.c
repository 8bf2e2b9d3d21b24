// SPDX-License-Identifier: MIT
#include <endian.h>
#include <stddef.h>
#include <string.h>

#include <infiniband/mlx5dv.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wqe_model.h"

#define MAX_MESSAGE  (1u << 30)
#define ATOMIC	     8u
#define LIST_END     0x100u /* lkey that ends a list of receives */
#define OPCODE_INVAL 0x1bu
#define OPCODE_UMR   0x25u

/* Syndrome of a request that stays at the head of the queue. */
#define WAITS 0xffu

/* A message while it executes. */
struct message {
	const struct model_wr *wr;
	uint32_t len;
	uint8_t data[MODEL_SEGMENTS * MODEL_LEN];
};

const struct model_key *model_key(const struct model *model, int side, uint32_t key)
{
	unsigned int i;

	for (i = 0; i < MODEL_KEYS; i++)
		if (model->key[side][i].key == key)
			return &model->key[side][i];
	return NULL;
}

/* The key that gives `right` to the whole range, or NULL. */
static const struct model_key *allows(const struct model *m, int side, uint32_t lkey, uint8_t right,
				      uint64_t va, uint32_t len)
{
	const struct model_key *key = model_key(m, side, lkey);

	if (!key || !key->own_pd || key->free || !(key->rights & right))
		return NULL;
	if (len && (va < key->start || len > key->len || va - key->start > key->len - len))
		return NULL;
	return key;
}

static void moved(struct model *m, const struct model_key *key, enum model_kind kind, uint32_t len)
{
	m->bytes[key->place][kind][key->tag] += len;
}

static void complete(struct model *m, int side, const struct model_cqe *cqe)
{
	promise(m->cqes[side] < MODEL_CQES);
	m->cqe[side][m->cqes[side]++] = *cqe;
}

static bool is_atomic(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_ATOMIC_CS || opcode == MLX5_OPCODE_ATOMIC_FA;
}

static bool is_send(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_SEND || opcode == MLX5_OPCODE_SEND_IMM;
}

static bool is_write(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_RDMA_WRITE || opcode == MLX5_OPCODE_RDMA_WRITE_IMM;
}

static bool has_imm(uint8_t opcode)
{
	return opcode == MLX5_OPCODE_SEND_IMM || opcode == MLX5_OPCODE_RDMA_WRITE_IMM;
}

/* Length of the message; inline bytes are for requests whose data flows to the peer. */
static uint8_t measure(const struct model_wr *wr, uint32_t *len)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < wr->segments; i++) {
		const struct model_segment *segment = &wr->segment[i];

		if (segment->is_inline && (!(is_send(wr->opcode) || is_write(wr->opcode)) ||
					   segment->len > segment->room))
			return MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR;
		total += segment->len;
	}
	if (total > MAX_MESSAGE || (is_atomic(wr->opcode) && total < ATOMIC))
		return MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR;
	*len = is_atomic(wr->opcode) ? ATOMIC : (uint32_t)total;
	return 0;
}

static uint8_t check_own(const struct model *m, const struct message *msg)
{
	const struct model_wr *wr = msg->wr;
	bool out = is_send(wr->opcode) || is_write(wr->opcode);
	uint32_t left = msg->len, part;
	unsigned int i;

	for (i = 0; i < wr->segments && left; i++, left -= part) {
		const struct model_segment *segment = &wr->segment[i];

		part = segment->len < left ? segment->len : left;
		if (part && !segment->is_inline &&
		    !allows(m, 0, segment->lkey, out ? RIGHT_LOCAL_READ : RIGHT_LOCAL_WRITE,
			    segment->addr, part))
			return MLX5_CQE_SYNDROME_LOCAL_PROT_ERR;
	}
	return 0;
}

/* The message's bytes from the sender's list. */
static void gather(struct model *m, struct message *msg)
{
	const struct model_wr *wr = msg->wr;
	uint8_t *to = msg->data;
	unsigned int i;

	for (i = 0; i < wr->segments; to += wr->segment[i++].len) {
		const struct model_segment *segment = &wr->segment[i];
		const struct model_key *key;

		if (segment->is_inline) {
			memcpy(to, segment->data, segment->len);
		} else if (segment->len) {
			key = model_key(m, 0, segment->lkey);
			memcpy(to, key->bytes + (segment->addr - key->start), segment->len);
			moved(m, key, KIND_READ, segment->len);
		}
	}
}

static void scatter(struct model *m, int side, const struct model_segment *list, unsigned int n,
		    const uint8_t *from, uint32_t left)
{
	unsigned int i;
	uint32_t part;

	for (i = 0; i < n && left; i++, left -= part, from += part) {
		const struct model_key *key = model_key(m, side, list[i].lkey);

		part = list[i].len < left ? list[i].len : left;
		if (!part)
			continue;
		memcpy(key->bytes + (list[i].addr - key->start), from, part);
		moved(m, key, KIND_WRITE, part);
	}
}

/* The next completion of the receive queue. */
static void complete_receive(struct model *m, const struct message *msg, uint8_t opcode,
			     uint8_t syndrome)
{
	struct model_cqe cqe = { .opcode = opcode, .syndrome = syndrome, .counter = m->taken++ };

	if (msg && !syndrome) {
		cqe.byte_count = msg->len;
		cqe.imm = has_imm(msg->wr->opcode) ? msg->wr->imm : 0;
		cqe.solicited = msg->wr->solicited;
	}
	complete(m, 1, &cqe);
}

static void flush_receives(struct model *m)
{
	while (m->taken != m->ready)
		complete_receive(m, NULL, MLX5_CQE_RESP_ERR, MLX5_CQE_SYNDROME_WR_FLUSH_ERR);
}

static void fail_responder(struct model *m)
{
	m->failed[1] = true;
	flush_receives(m);
}

/* Refused by the responder: a reliable connection breaks at both ends, an unreliable one loses the message. */
static uint8_t refuse(struct model *m, uint8_t syndrome)
{
	if (m->unreliable)
		return 0;
	fail_responder(m);
	return syndrome;
}

static uint8_t no_receive(const struct model *m)
{
	return m->unreliable ? 0 : WAITS;
}

/* The receive at the head cannot take the message: it fails, and its queue pair with it. */
static uint8_t fail_receive(struct model *m, uint8_t own, uint8_t peers)
{
	complete_receive(m, NULL, MLX5_CQE_RESP_ERR, own);
	fail_responder(m);
	return m->unreliable ? 0 : peers;
}

static uint8_t run_send(struct model *m, struct message *msg)
{
	const struct model_receive *receive = &m->receive[m->taken % MODEL_RECEIVES];
	uint32_t left = msg->len, part;
	unsigned int i, n;
	uint64_t room = 0;

	if (m->taken == m->ready)
		return no_receive(m);
	for (n = 0; n < receive->segments && receive->segment[n].lkey != LIST_END; n++)
		room += receive->segment[n].len;
	if (room < msg->len && m->unreliable)
		return 0; /* lost; the receive stays */
	if (room < msg->len)
		return fail_receive(m, MLX5_CQE_SYNDROME_LOCAL_LENGTH_ERR,
				    MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	for (i = 0; i < n && left; i++, left -= part) {
		part = receive->segment[i].len < left ? receive->segment[i].len : left;
		if (!allows(m, 1, receive->segment[i].lkey, RIGHT_LOCAL_WRITE,
			    receive->segment[i].addr, part))
			return fail_receive(m, MLX5_CQE_SYNDROME_LOCAL_PROT_ERR,
					    MLX5_CQE_SYNDROME_REMOTE_OP_ERR);
	}
	gather(m, msg);
	scatter(m, 1, receive->segment, n, msg->data, msg->len);
	complete_receive(m, msg,
			 has_imm(msg->wr->opcode) ? MLX5_CQE_RESP_SEND_IMM : MLX5_CQE_RESP_SEND, 0);
	return 0;
}

/* Right of the queue pair, then key and range. 0: *at is where the bytes are. A message of no bytes needs no key. */
static uint8_t check_remote(struct model *m, const struct message *msg, uint8_t right,
			    const struct model_key **key, uint8_t **at)
{
	const struct model_wr *wr = msg->wr;

	*key = NULL;
	*at = NULL;
	if (!(m->access & right))
		return MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR;
	if (!msg->len)
		return 0;
	*key = allows(m, 1, wr->rkey, right, wr->va, msg->len);
	if (!*key)
		return MLX5_CQE_SYNDROME_REMOTE_ACCESS_ERR;
	*at = (*key)->bytes + (wr->va - (*key)->start);
	return 0;
}

static uint8_t run_write(struct model *m, struct message *msg)
{
	const struct model_key *key;
	uint8_t *at, syndrome = check_remote(m, msg, RIGHT_WRITE, &key, &at);

	if (syndrome)
		return refuse(m, syndrome);
	if (has_imm(msg->wr->opcode) && m->taken == m->ready)
		return no_receive(m);
	if (msg->len) {
		gather(m, msg);
		memcpy(at, msg->data, msg->len);
		moved(m, key, KIND_WRITE, msg->len);
	}
	if (has_imm(msg->wr->opcode))
		complete_receive(m, msg, MLX5_CQE_RESP_WR_IMM, 0);
	return 0;
}

static uint8_t run_read(struct model *m, struct message *msg)
{
	const struct model_key *key;
	uint8_t *at, syndrome = check_remote(m, msg, RIGHT_READ, &key, &at);

	if (syndrome)
		return refuse(m, syndrome);
	if (!msg->len)
		return 0;
	memcpy(msg->data, at, msg->len);
	moved(m, key, KIND_READ, msg->len);
	scatter(m, 0, msg->wr->segment, msg->wr->segments, msg->data, msg->len);
	return 0;
}

static uint8_t run_atomic(struct model *m, struct message *msg)
{
	const struct model_wr *wr = msg->wr;
	const struct model_key *key;
	uint64_t old, new;
	uint8_t *at, syndrome;

	if (wr->va % ATOMIC)
		return refuse(m, MLX5_CQE_SYNDROME_REMOTE_INVAL_REQ_ERR);
	syndrome = check_remote(m, msg, RIGHT_ATOMIC, &key, &at);
	if (syndrome)
		return refuse(m, syndrome);
	memcpy(&old, at, ATOMIC);
	old = le64toh(old);
	moved(m, key, KIND_READ, ATOMIC);
	if (wr->opcode == MLX5_OPCODE_ATOMIC_FA || old == wr->compare) {
		new = htole64(wr->opcode == MLX5_OPCODE_ATOMIC_FA ? old + wr->swap_add :
								    wr->swap_add);
		memcpy(at, &new, ATOMIC);
		moved(m, key, KIND_WRITE, ATOMIC);
	}
	old = htobe64(old);
	scatter(m, 0, wr->segment, wr->segments, (const uint8_t *)&old, ATOMIC);
	return 0;
}

static uint8_t run_invalidate(struct model *m, const struct model_wr *wr)
{
	struct model_key *key = (struct model_key *)model_key(m, 0, wr->imm);

	if (!key || !key->own_pd || !key->may_invalidate)
		return MLX5_CQE_SYNDROME_LOCAL_PROT_ERR;
	key->free = true;
	return 0;
}

static uint8_t run_message(struct model *m, struct message *msg)
{
	const struct model_wr *wr = msg->wr;
	uint8_t syndrome = measure(wr, &msg->len);

	if (!syndrome && m->unreliable && !is_send(wr->opcode) && !is_write(wr->opcode))
		syndrome = MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR;
	if (!syndrome)
		syndrome = check_own(m, msg);
	if (syndrome)
		return syndrome;
	if (m->failed[1]) /* unreliable: the sender does not learn of it */
		return 0;
	if (is_send(wr->opcode))
		return run_send(m, msg);
	if (is_write(wr->opcode))
		return run_write(m, msg);
	return is_atomic(wr->opcode) ? run_atomic(m, msg) : run_read(m, msg);
}

static uint8_t run_wr(struct model *m, struct message *msg)
{
	const struct model_wr *wr = msg->wr;

	msg->len = 0;
	if (wr->head != HEAD_GOOD)
		return MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR;
	if (wr->opcode == MLX5_OPCODE_NOP)
		return 0;
	if (wr->opcode == OPCODE_INVAL)
		return run_invalidate(m, wr);
	if (is_send(wr->opcode) || is_write(wr->opcode) || is_atomic(wr->opcode) ||
	    wr->opcode == MLX5_OPCODE_RDMA_READ)
		return run_message(m, msg);
	return MLX5_CQE_SYNDROME_LOCAL_QP_OP_ERR;
}

static void run(struct model *m)
{
	static struct message msg;

	while (m->first != m->rung && !m->waiting) {
		const struct model_wr *wr = &m->wr[m->first % MODEL_WRS];
		struct model_cqe cqe = { .opcode = MLX5_CQE_REQ,
					 .wqe_opcode = wr->opcode,
					 .counter = wr->at };

		msg.wr = wr;
		cqe.syndrome = m->failed[0] ? MLX5_CQE_SYNDROME_WR_FLUSH_ERR : run_wr(m, &msg);
		if (cqe.syndrome == WAITS) {
			m->waiting = true;
			return;
		}
		m->first++;
		if (cqe.syndrome) {
			cqe.opcode = MLX5_CQE_REQ_ERR;
			m->failed[0] = true;
		} else {
			cqe.byte_count = msg.len;
		}
		if (cqe.syndrome || wr->signalled)
			complete(m, 0, &cqe);
	}
}

void model_reset(struct model *m)
{
	memset(m->failed, 0, sizeof(m->failed));
	m->waiting = false;
	m->first = m->rung = m->posted = 0;
	m->taken = m->ready = 0;
	memset(m->cqes, 0, sizeof(m->cqes));
	memset(m->bytes, 0, sizeof(m->bytes));
}

void model_reconnect(struct model *m)
{
	memset(m->failed, 0, sizeof(m->failed));
	m->waiting = false;
	m->first = m->rung = m->posted = 0;
	m->taken = m->ready = 0;
}

struct model_wr *model_new_wr(struct model *m)
{
	struct model_wr *wr = &m->wr[m->posted % MODEL_WRS];

	if (m->posted - m->first == MODEL_WRS)
		return NULL;
	memset(wr, 0, sizeof(*wr));
	return wr;
}

void model_post(struct model *m)
{
	m->posted++;
}

void model_ring(struct model *m)
{
	m->rung = m->posted;
	run(m);
}

struct model_receive *model_new_receive(struct model *m)
{
	struct model_receive *receive = &m->receive[m->ready % MODEL_RECEIVES];

	if ((uint16_t)(m->ready - m->taken) == MODEL_RECEIVES)
		return NULL;
	memset(receive, 0, sizeof(*receive));
	return receive;
}

void model_post_receive(struct model *m)
{
	m->ready++;
}

void model_wait(struct model *m)
{
	if (m->failed[1])
		flush_receives(m);
	m->waiting = false;
	run(m);
}
