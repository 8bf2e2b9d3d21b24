/* SPDX-License-Identifier: MIT */
/*
 * A small driver for the first NIC of a rig: executes firmware commands through the command queue
 * in guest memory, as mlx5_core does, and corrupts mailboxes on request.
 */
#ifndef NIC_CLIENT_H
#define NIC_CLIENT_H

#include "fabric/nic/commands/cmd.h"
#include "tests/fabric/rc_rig.h"

#define CLIENT_MAX     (64u << 10) /* bytes of input or output */
#define CLIENT_VECTORS 8

/* Corruption of an entry before the doorbell is rung. */
struct client_spoil {
	bool no_owner;
	uint32_t type;			  /* 0: right */
	uint32_t in_len, out_len;	  /* 0: right */
	uint64_t in_ptr, out_ptr;	  /* 0: right; 1: none */
	uint32_t in_box, out_box;	  /* 1 + number of the mailbox to corrupt, 0: none */
	bool token, block_num, end, loop; /* how to corrupt it */
};

struct client {
	struct rig rig;
	struct nic *nic;
	uint64_t queue;
	uint64_t in_boxes, out_boxes;
	uint8_t token;
	int vector[CLIENT_VECTORS]; /* eventfds */
	struct client_spoil spoil;  /* for the next command only */
};

/*
 * For cmocka: *state is the client. client_setup boots to INIT_HCA, client_setup_cold only sets
 * the queue's address.
 */
int client_setup(void **state);
int client_setup_cold(void **state);
int client_teardown(void **state);

void client_bar_write(struct client *client, uint64_t off, const void *data, uint32_t len);
void client_write32(struct client *client, uint64_t off, uint32_t value); /* value in host order */
uint32_t client_read32(struct client *client, uint64_t off);
void client_run(struct client *client); /* runs the loop until it is idle */

/* Queue the command in a slot and ring; client_answer() reads the result afterwards. */
void client_post(struct client *client, unsigned int slot, const void *in, uint32_t in_len,
		 uint32_t out_len);
bool client_answer(struct client *client, unsigned int slot, void *out, uint32_t out_len,
		   uint8_t *delivery);
/* Both, in slot 0. The command's status; fails the test if the command is not delivered. */
uint8_t client_exec(struct client *client, const void *in, uint32_t in_len, void *out,
		    uint32_t out_len);
uint8_t client_simple(struct client *client, uint16_t opcode, uint16_t op_mod,
		      uint32_t number); /* 16 bytes of input */

uint64_t client_interrupts(struct client *client, unsigned int vector); /* since the last call */

/* Objects. All fail the test on error. */
uint32_t client_pd(struct client *client);
struct client_queue {
	uint32_t number;
	uint64_t ring; /* bus address of the first page */
	uint64_t dbr;
	uint8_t log_size;
};
struct client_queue client_eq(struct client *client, uint8_t log_size, uint8_t vector,
			      uint64_t events);
struct client_queue client_cq(struct client *client, uint8_t log_size, uint32_t eqn);
/* Number of a key as the driver would use it (index << 8 | 0x42). */
uint32_t client_mkey(struct client *client, const struct nic_mkey *like, uint32_t octowords);
struct client_queue client_qp(struct client *client, uint8_t service, uint32_t pd, uint32_t cqn);
uint8_t client_modify(struct client *client, uint16_t opcode, uint32_t qpn, const void *qpc,
		      uint32_t optional);
void client_query_qp(struct client *client, uint32_t qpn, void *qpc);
/* The event at index of an event queue: type and data; false: the entry still belongs to the device. */
bool client_eqe(struct client *client, const struct client_queue *eq, uint32_t index, uint8_t *type,
		void *data);

#endif
