/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/fabric/nic_client.h"

#define BOX_BYTES  576u
#define BOX_STRIDE 1024u
#define BOX_DATA   512u
#define BOX_NEXT   0x230u
#define BOX_NUM	   0x238u
#define BOX_TOKEN  0x23du
#define BOXES	   (CLIENT_MAX / BOX_DATA)

static const struct {
	uint64_t high, low, doorbell;
} seg = { 0x10, 0x14, 0x18 };

void client_bar_write(struct client *client, uint64_t off, const void *data, uint32_t len)
{
	client->nic->dev.ops->bar_write(&client->nic->dev, 0, off, data, len);
}

void client_write32(struct client *client, uint64_t off, uint32_t value)
{
	value = htobe32(value);
	client_bar_write(client, off, &value, sizeof(value));
}

uint32_t client_read32(struct client *client, uint64_t off)
{
	uint32_t value;

	client->nic->dev.ops->bar_read(&client->nic->dev, 0, off, &value, sizeof(value));
	return be32toh(value);
}

void client_run(struct client *client)
{
	while (fab_loop_step(client->rig.fabric->loop, 0))
		;
}

int client_setup_cold(void **state)
{
	struct client *client = calloc(1, sizeof(*client));
	unsigned int i;

	assert_non_null(client);
	rig_open(&client->rig);
	client->nic = client->rig.nic[0];
	for (i = 0; i < CLIENT_VECTORS; i++) {
		client->vector[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(client->vector[i] >= 0);
		fab_device_set_irq(&client->nic->dev, i, dup(client->vector[i]));
	}
	client->queue = rig_alloc(&client->rig, NIC_PAGE);
	client->in_boxes = rig_alloc(&client->rig, BOXES * BOX_STRIDE);
	client->out_boxes = rig_alloc(&client->rig, BOXES * BOX_STRIDE);
	client_write32(client, seg.high, (uint32_t)(client->queue >> 32));
	client_write32(client, seg.low, (uint32_t)client->queue);
	*state = client;
	return 0;
}

int client_setup(void **state)
{
	client_setup_cold(state);
	assert_int_equal(client_simple(*state, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	assert_int_equal(client_simple(*state, MLX5_CMD_OP_SET_ISSI, 0, 1), NIC_CMD_OK);
	assert_int_equal(client_simple(*state, MLX5_CMD_OP_INIT_HCA, 0, 0), NIC_CMD_OK);
	return 0;
}

int client_teardown(void **state)
{
	struct client *client = *state;
	unsigned int i;

	for (i = 0; i < CLIENT_VECTORS; i++)
		close(client->vector[i]);
	rig_close(&client->rig);
	free(client);
	return 0;
}

/* A chain for len bytes, data from or NULL. */
static uint64_t build_chain(struct client *client, uint64_t boxes, const uint8_t *data,
			    uint32_t len, uint32_t spoilt)
{
	const struct client_spoil *spoil = &client->spoil;
	uint32_t n = len <= 16 ? 0 : (len - 16 + BOX_DATA - 1) / BOX_DATA, i;

	assert_true(n <= BOXES);
	for (i = 0; i < n; i++) {
		uint8_t *box = rig_at(&client->rig, boxes + i * BOX_STRIDE);
		uint64_t next = i + 1 < n ? boxes + (i + 1) * BOX_STRIDE : 0;
		uint32_t at = i * BOX_DATA,
			 part = len - 16 - at < BOX_DATA ? len - 16 - at : BOX_DATA,
			 num = htobe32(i);
		bool bad = spoilt == i + 1;

		memset(box, 0, BOX_BYTES);
		if (data)
			memcpy(box, data + 16 + at, part);
		if (bad && spoil->end)
			next = 0;
		if (bad && spoil->loop)
			next = boxes;
		if (bad && spoil->block_num)
			num = htobe32(i + 1);
		next = htobe64(next);
		memcpy(box + BOX_NEXT, &next, 8);
		memcpy(box + BOX_NUM, &num, 4);
		box[BOX_TOKEN] = bad && spoil->token ? client->token ^ 1 : client->token;
	}
	return n ? boxes : 0;
}

void client_post(struct client *client, unsigned int slot, const void *in, uint32_t in_len,
		 uint32_t out_len)
{
	const struct client_spoil *spoil = &client->spoil;
	uint8_t *entry = rig_at(&client->rig, client->queue + slot * 64);
	uint64_t in_ptr, out_ptr;

	client->token++;
	in_ptr = build_chain(client, client->in_boxes, in, in_len, spoil->in_box);
	out_ptr = build_chain(client, client->out_boxes, NULL, out_len, spoil->out_box);
	memset(entry, 0, 64);
	memcpy(entry + 16, in, in_len < 16 ? in_len : 16);
	DEVX_SET(cmd_queue_entry, entry, type, spoil->type ? spoil->type : 7);
	DEVX_SET(cmd_queue_entry, entry, input_length, spoil->in_len ? spoil->in_len : in_len);
	DEVX_SET(cmd_queue_entry, entry, output_length, spoil->out_len ? spoil->out_len : out_len);
	DEVX_SET64(cmd_queue_entry, entry, input_mailbox_pointer_63_32,
		   spoil->in_ptr == 1 ? 0 :
		   spoil->in_ptr      ? spoil->in_ptr :
					in_ptr);
	DEVX_SET64(cmd_queue_entry, entry, output_mailbox_pointer_63_32,
		   spoil->out_ptr == 1 ? 0 :
		   spoil->out_ptr      ? spoil->out_ptr :
					 out_ptr);
	DEVX_SET(cmd_queue_entry, entry, token, client->token);
	DEVX_SET(cmd_queue_entry, entry, ownership, !spoil->no_owner);
	client->spoil = (struct client_spoil){ 0 };
}

bool client_answer(struct client *client, unsigned int slot, void *out, uint32_t out_len,
		   uint8_t *delivery)
{
	const uint8_t *entry = rig_at(&client->rig, client->queue + slot * 64);
	uint32_t off, part;

	if (DEVX_GET(cmd_queue_entry, entry, ownership))
		return false;
	*delivery = (uint8_t)DEVX_GET(cmd_queue_entry, entry, status);
	memcpy(out, entry + 32, out_len < 16 ? out_len : 16);
	for (off = 16; off < out_len; off += BOX_DATA) {
		part = out_len - off < BOX_DATA ? out_len - off : BOX_DATA;
		memcpy((uint8_t *)out + off,
		       rig_at(&client->rig, client->out_boxes + (off - 16) / BOX_DATA * BOX_STRIDE),
		       part);
	}
	return true;
}

uint8_t client_exec(struct client *client, const void *in, uint32_t in_len, void *out,
		    uint32_t out_len)
{
	uint8_t delivery = 0xff;

	client_post(client, 0, in, in_len, out_len);
	client_write32(client, seg.doorbell, 1);
	client_run(client);
	assert_true(client_answer(client, 0, out, out_len, &delivery));
	assert_int_equal(delivery, NIC_DELIVERY_OK);
	return *(uint8_t *)out;
}

uint8_t client_simple(struct client *client, uint16_t opcode, uint16_t op_mod, uint32_t number)
{
	const struct nic_cmd_desc *desc = nic_cmd_lookup(opcode);
	uint8_t in[512] __attribute__((aligned(8))) = { 0 }, out[512] __attribute__((aligned(8)));

	assert_non_null(desc);
	assert_true(desc->min_in <= sizeof(in) && desc->min_out <= sizeof(out));
	DEVX_SET(dealloc_pd_in, in, opcode, opcode);
	DEVX_SET(dealloc_pd_in, in, op_mod, op_mod);
	DEVX_SET(dealloc_pd_in, in, pd, number);
	return client_exec(client, in, desc->min_in, out, desc->min_out);
}

uint64_t client_interrupts(struct client *client, unsigned int vector)
{
	uint64_t count;

	return read(client->vector[vector], &count, sizeof(count)) == sizeof(count) ? count : 0;
}

uint32_t client_pd(struct client *client)
{
	NIC_LAYOUT(alloc_pd_in, in) = { 0 };
	NIC_LAYOUT(alloc_pd_out, out);

	DEVX_SET(alloc_pd_in, in, opcode, MLX5_CMD_OP_ALLOC_PD);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_OK);
	return DEVX_GET(alloc_pd_out, out, pd);
}

/* A zeroed queue, and its PAS list after an input of a fixed size. */
static uint8_t *with_pages(struct client *client, uint32_t fixed, uint64_t bytes, uint64_t *ring,
			   uint32_t *len)
{
	uint32_t pages = (uint32_t)((bytes + NIC_PAGE - 1) / NIC_PAGE), i;
	uint8_t *in;

	*len = fixed + pages * 8;
	in = calloc(1, *len + 8);
	assert_non_null(in);
	*ring = rig_alloc(&client->rig, bytes);
	for (i = 0; i < pages; i++) {
		uint64_t page = htobe64(*ring + (uint64_t)i * NIC_PAGE);

		memcpy(in + fixed + i * 8, &page, 8);
	}
	return in;
}

struct client_queue client_eq(struct client *client, uint8_t log_size, uint8_t vector,
			      uint64_t events)
{
	struct client_queue eq = { .log_size = log_size };
	NIC_LAYOUT(create_eq_out, out);
	uint32_t len, i;
	uint8_t *in = with_pages(client, DEVX_ST_SZ_BYTES(create_eq_in), 64ull << log_size,
				 &eq.ring, &len);

	for (i = 0; i < 1u << log_size; i++)
		*((uint8_t *)rig_at(&client->rig, eq.ring) + i * 64 + 63) =
			1; /* as the driver does: the owner bit of the other lap */
	DEVX_SET(create_eq_in, in, opcode, MLX5_CMD_OP_CREATE_EQ);
	DEVX_SET64(create_eq_in, in, event_bitmask[0], events);
	DEVX_SET(create_eq_in, in, eq_context_entry.log_eq_size, log_size);
	DEVX_SET(create_eq_in, in, eq_context_entry.intr, vector);
	assert_int_equal(client_exec(client, in, len, out, sizeof(out)), NIC_CMD_OK);
	free(in);
	eq.number = DEVX_GET(create_eq_out, out, eq_number);
	return eq;
}

struct client_queue client_cq(struct client *client, uint8_t log_size, uint32_t eqn)
{
	struct client_queue cq = { .log_size = log_size };
	NIC_LAYOUT(create_cq_out, out);
	uint32_t len, i;
	uint8_t *in = with_pages(client, DEVX_ST_SZ_BYTES(create_cq_in), 64ull << log_size,
				 &cq.ring, &len);

	for (i = 0; i < 1u << log_size; i++)
		*((uint8_t *)rig_at(&client->rig, cq.ring) + i * 64 + 63) = MLX5_CQE_INVALID << 4 |
									    1;
	cq.dbr = rig_alloc(&client->rig, 8);
	DEVX_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	DEVX_SET(create_cq_in, in, cq_context.log_cq_size, log_size);
	DEVX_SET(create_cq_in, in, cq_context.c_eqn_or_apu_element, eqn);
	DEVX_SET64(create_cq_in, in, cq_context.dbr_addr, cq.dbr);
	assert_int_equal(client_exec(client, in, len, out, sizeof(out)), NIC_CMD_OK);
	free(in);
	cq.number = DEVX_GET(create_cq_out, out, cqn);
	return cq;
}

uint32_t client_mkey(struct client *client, const struct nic_mkey *like, uint32_t octowords)
{
	NIC_LAYOUT(create_mkey_in, in) = { 0 };
	NIC_LAYOUT(create_mkey_out, out);
	unsigned char *mkc = DEVX_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);

	DEVX_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	DEVX_SET(mkc, mkc, free, like->free);
	DEVX_SET(mkc, mkc, umr_en, like->umr_en);
	DEVX_SET(mkc, mkc, access_mode_1_0, like->mode);
	DEVX_SET(mkc, mkc, lr, !!(like->access & NIC_LOCAL_READ));
	DEVX_SET(mkc, mkc, lw, !!(like->access & NIC_LOCAL_WRITE));
	DEVX_SET(mkc, mkc, rr, !!(like->access & NIC_REMOTE_READ));
	DEVX_SET(mkc, mkc, rw, !!(like->access & NIC_REMOTE_WRITE));
	DEVX_SET(mkc, mkc, mkey_7_0, 0x42);
	DEVX_SET(mkc, mkc, length64, like->length64);
	DEVX_SET(mkc, mkc, pd, like->pd);
	DEVX_SET64(mkc, mkc, start_addr, like->start);
	DEVX_SET64(mkc, mkc, len, like->len);
	DEVX_SET(mkc, mkc, log_page_size, like->page_shift);
	DEVX_SET(mkc, mkc, translations_octword_size, octowords);
	DEVX_SET(mkc, mkc, pcie_tph_en, like->tph_en);
	DEVX_SET(mkc, mkc, pcie_tph_ph, like->tph_ph);
	DEVX_SET(mkc, mkc, pcie_tph_steering_tag_index, like->tph_index);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_OK);
	return DEVX_GET(create_mkey_out, out, mkey_index) << 8 | 0x42;
}

struct client_queue client_qp(struct client *client, uint8_t service, uint32_t pd, uint32_t cqn)
{
	struct client_queue qp = { .log_size = 4 };
	NIC_LAYOUT(create_qp_out, out);
	uint32_t len;
	/* 16 receives of 64 bytes, then 16 blocks of the send queue */
	uint8_t *in = with_pages(client, DEVX_ST_SZ_BYTES(create_qp_in), 2048, &qp.ring, &len);

	qp.dbr = rig_alloc(&client->rig, 8);
	DEVX_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	DEVX_SET(create_qp_in, in, qpc.st, service);
	DEVX_SET(create_qp_in, in, qpc.pd, pd);
	DEVX_SET(create_qp_in, in, qpc.log_rq_size, 4);
	DEVX_SET(create_qp_in, in, qpc.log_rq_stride, 2);
	DEVX_SET(create_qp_in, in, qpc.log_sq_size, 4);
	DEVX_SET(create_qp_in, in, qpc.cqn_snd, cqn);
	DEVX_SET(create_qp_in, in, qpc.cqn_rcv, cqn);
	DEVX_SET(create_qp_in, in, qpc.fre, service == MLX5_QPC_ST_REG_UMR);
	DEVX_SET64(create_qp_in, in, qpc.dbr_addr, qp.dbr);
	assert_int_equal(client_exec(client, in, len, out, sizeof(out)), NIC_CMD_OK);
	free(in);
	qp.number = DEVX_GET(create_qp_out, out, qpn);
	return qp;
}

uint8_t client_modify(struct client *client, uint16_t opcode, uint32_t qpn, const void *qpc,
		      uint32_t optional)
{
	NIC_LAYOUT(rst2init_qp_in, in) = { 0 };
	NIC_LAYOUT(rst2init_qp_out, out);

	if (opcode == MLX5_CMD_OP_2ERR_QP || opcode == MLX5_CMD_OP_2RST_QP)
		return client_simple(client, opcode, 0, qpn);
	DEVX_SET(rst2init_qp_in, in, opcode, opcode);
	DEVX_SET(rst2init_qp_in, in, qpn, qpn);
	DEVX_SET(rst2init_qp_in, in, opt_param_mask, optional);
	memcpy(DEVX_ADDR_OF(rst2init_qp_in, in, qpc), qpc, DEVX_ST_SZ_BYTES(qpc));
	return client_exec(client, in, sizeof(in), out, sizeof(out));
}

void client_query_qp(struct client *client, uint32_t qpn, void *qpc)
{
	NIC_LAYOUT(query_qp_in, in) = { 0 };
	uint8_t out[DEVX_BYTE_OFF(query_qp_out, qp_pas_or_qpc_ext_and_pas)]
		__attribute__((aligned(8)));

	DEVX_SET(query_qp_in, in, opcode, MLX5_CMD_OP_QUERY_QP);
	DEVX_SET(query_qp_in, in, qpn, qpn);
	assert_int_equal(client_exec(client, in, sizeof(in), out, sizeof(out)), NIC_CMD_OK);
	memcpy(qpc, DEVX_ADDR_OF(query_qp_out, out, qpc), DEVX_ST_SZ_BYTES(qpc));
}

bool client_eqe(struct client *client, const struct client_queue *eq, uint32_t index, uint8_t *type,
		void *data)
{
	const uint8_t *eqe = (uint8_t *)rig_at(&client->rig, eq->ring) +
			     (index & ((1u << eq->log_size) - 1)) * 64;

	if ((eqe[63] & 1) != (index >> eq->log_size & 1))
		return false;
	*type = (uint8_t)DEVX_GET(eqe, eqe, event_type);
	memcpy(data, DEVX_ADDR_OF(eqe, eqe, event_data), DEVX_FLD_SZ_BYTES(eqe, event_data));
	return true;
}
