// SPDX-License-Identifier: MIT
/*
 * The command queue: 32 entries of 64 bytes in guest memory. The first 16
 * bytes of input and output are in the entry, the rest in chains of mailboxes
 * of 512 bytes. An entry belongs to the device while its ownership bit is set;
 * the answer clears the bit after everything else has been written.
 *
 * An entry that cannot be understood is answered with a delivery status and not
 * executed. Chains are as long as the lengths say, which are bounded, so a
 * chain that loops costs no more than one that does not.
 *
 * Signatures are not checked: SET_HCA_CAP turns them off (cmdif_checksum 0).
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/dma.h"
#include "fabric/core/cfg/cfg.h"
#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/commands/cmdq.h"
#include "fabric/nic/queues/eq.h"

#define INLINE_BYTES ((uint32_t)DEVX_FLD_SZ_BYTES(cmd_queue_entry, command_input_inline_data))
#define BOX_DATA     512u
#define BOX_ALIGN    512u
#define MAX_IN	     ((1u << 20) + 4096) /* longer than the page list of the largest queue */
#define MAX_OUT	     (16u << 10)
#define XPORT_PCI    7

/* Control part of a mailbox, at BOX_DATA (include/linux/mlx5/device.h: struct mlx5_cmd_prot_block). */
struct box_control {
	uint8_t reserved[48];
	uint64_t next;
	uint32_t block_num;
	uint8_t reserved2;
	uint8_t token;
	uint8_t ctrl_sig;
	uint8_t sig;
};

/* One command in progress. Both buffers have the inline part and whole mailboxes; input ends with zeros. */
struct exec {
	struct nic *nic;
	uint64_t addr; /* of the entry */
	uint8_t token;
	uint32_t in_len, out_len;
	uint32_t in_boxes, out_boxes;
	uint8_t *in, *out;
	uint64_t *out_box; /* addresses */
};

static uint32_t boxes(uint32_t len)
{
	return len <= INLINE_BYTES ? 0 : (len - INLINE_BYTES + BOX_DATA - 1) / BOX_DATA;
}

static int command_read(struct exec *exec, uint64_t addr, void *to, uint32_t len)
{
	return fab_dma_read(&exec->nic->dev, FAB_ORIGIN_COMMAND, addr, to, len);
}

static int command_write(struct exec *exec, uint64_t addr, const void *from, uint32_t len)
{
	return fab_dma_write(&exec->nic->dev, FAB_ORIGIN_COMMAND, addr, from, len);
}

/* Check the control part of mailbox number n; *next is where the one after it is. */
static enum nic_delivery box_check(struct exec *exec, uint64_t addr, uint32_t n, uint64_t *next)
{
	struct box_control control;

	if (command_read(exec, addr + BOX_DATA, &control, sizeof(control)))
		return NIC_DELIVERY_FIRMWARE;
	if (control.token != exec->token)
		return NIC_DELIVERY_TOKEN;
	if (be32toh(control.block_num) != n)
		return NIC_DELIVERY_BLOCK_NUMBER;
	*next = be64toh(control.next);
	return NIC_DELIVERY_OK;
}

static enum nic_delivery read_input(struct exec *exec, uint64_t addr)
{
	enum nic_delivery status = NIC_DELIVERY_OK;
	uint64_t next;
	uint32_t i;

	for (i = 0; i < exec->in_boxes && status == NIC_DELIVERY_OK; i++, addr = next) {
		if (!addr)
			return NIC_DELIVERY_IN_LENGTH;
		if (addr & (BOX_ALIGN - 1))
			return NIC_DELIVERY_IN_ALIGN;
		status = box_check(exec, addr, i, &next);
		if (status == NIC_DELIVERY_OK &&
		    command_read(exec, addr, exec->in + INLINE_BYTES + i * BOX_DATA, BOX_DATA))
			status = NIC_DELIVERY_FIRMWARE;
	}
	return status;
}

/* Before the command runs, so that one that cannot be answered has no effect. */
static enum nic_delivery walk_output(struct exec *exec, uint64_t addr)
{
	enum nic_delivery status = NIC_DELIVERY_OK;
	uint64_t next;
	uint32_t i;

	for (i = 0; i < exec->out_boxes && status == NIC_DELIVERY_OK; i++, addr = next) {
		if (!addr)
			return NIC_DELIVERY_OUT_LENGTH;
		if (addr & (BOX_ALIGN - 1))
			return NIC_DELIVERY_OUT_ALIGN;
		status = box_check(exec, addr, i, &next);
		exec->out_box[i] = addr;
	}
	return status;
}

static enum nic_delivery write_output(struct exec *exec)
{
	uint32_t i;

	for (i = 0; i < exec->out_boxes; i++)
		if (command_write(exec, exec->out_box[i], exec->out + INLINE_BYTES + i * BOX_DATA,
				  BOX_DATA))
			return NIC_DELIVERY_FIRMWARE;
	return NIC_DELIVERY_OK;
}

static enum nic_delivery execute(struct exec *exec, const uint8_t *entry)
{
	uint32_t in_room = INLINE_BYTES + exec->in_boxes * BOX_DATA;
	enum nic_delivery status;

	exec->in = calloc(1, in_room);
	exec->out = calloc(1, INLINE_BYTES + exec->out_boxes * BOX_DATA);
	exec->out_box = calloc(exec->out_boxes + 1, sizeof(*exec->out_box));
	if (!exec->in || !exec->out || !exec->out_box)
		return NIC_DELIVERY_FIRMWARE;
	memcpy(exec->in, DEVX_ADDR_OF(cmd_queue_entry, entry, command_input_inline_data),
	       INLINE_BYTES);
	status = read_input(exec, DEVX_GET64(cmd_queue_entry, entry, input_mailbox_pointer_63_32));
	if (status != NIC_DELIVERY_OK)
		return status;
	memset(exec->in + exec->in_len, 0, in_room - exec->in_len);
	status = walk_output(exec, DEVX_GET64(cmd_queue_entry, entry, output_mailbox_pointer_63_32));
	if (status != NIC_DELIVERY_OK)
		return status;
	nic_cmd_run(exec->nic, exec->in, exec->in_len, exec->out, exec->out_len);
	return write_output(exec);
}

static enum nic_delivery deliver(struct exec *exec, const uint8_t *entry)
{
	if (DEVX_GET(cmd_queue_entry, entry, type) != XPORT_PCI)
		return NIC_DELIVERY_DESCRIPTOR;
	exec->token = (uint8_t)DEVX_GET(cmd_queue_entry, entry, token);
	exec->in_len = DEVX_GET(cmd_queue_entry, entry, input_length);
	exec->out_len = DEVX_GET(cmd_queue_entry, entry, output_length);
	if (exec->in_len < NIC_CMD_HEADER || exec->in_len > MAX_IN)
		return NIC_DELIVERY_IN_LENGTH;
	if (exec->out_len < NIC_CMD_HEADER || exec->out_len > MAX_OUT)
		return NIC_DELIVERY_OUT_LENGTH;
	exec->in_boxes = boxes(exec->in_len);
	exec->out_boxes = boxes(exec->out_len);
	return execute(exec, entry);
}

static void answer(struct exec *exec, enum nic_delivery status)
{
	uint32_t out = DEVX_BYTE_OFF(cmd_queue_entry, command_output_inline_data);
	uint8_t last = (uint8_t)(status << 1); /* ownership 0: software */

	if (exec->out && command_write(exec, exec->addr + out, exec->out, INLINE_BYTES))
		return;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	command_write(exec, exec->addr + DEVX_ST_SZ_BYTES(cmd_queue_entry) - 1, &last, sizeof(last));
}

static void run_slot(struct nic *nic, uint32_t slot)
{
	struct exec exec = { .nic = nic,
			     .addr = nic->cmdif.addr + slot * DEVX_ST_SZ_BYTES(cmd_queue_entry) };
	NIC_LAYOUT(cmd_queue_entry, entry);
	NIC_LAYOUT(cmd_inter_comp_event, event) = { 0 };
	bool events = nic->cmd_eqn; /* the command that creates the event queue is still polled for */
	enum nic_delivery status;

	if (command_read(&exec, exec.addr, entry, sizeof(entry)) ||
	    !DEVX_GET(cmd_queue_entry, entry, ownership))
		return;
	status = deliver(&exec, (const uint8_t *)entry);
	if (status != NIC_DELIVERY_OK) {
		nic->commands_bad++;
		fab_log_kind(&nic->dev, status,
			     "command queue entry %u not executed: delivery status 0x%x", slot,
			     status);
	}
	answer(&exec, status);
	free(exec.in);
	free(exec.out);
	free(exec.out_box);
	if (events && nic->cmd_eqn) {
		DEVX_SET(cmd_inter_comp_event, event, command_completion_vector, 1u << slot);
		nic_event(nic, NIC_EVENT_COMMAND, event);
	}
}

static bool cmd_work(void *ctx)
{
	struct nic *nic = ctx;
	uint32_t slot;

	if (nic->cmdif.drop) {
		nic->cmdif.drop = false;
		nic_reset_objects(nic);
		if (nic->opts.loses_tph)
			fab_cfg_lose_tph(&nic->dev);
		return nic->cmdif.doorbell != 0;
	}
	if (!nic->cmdif.ready || nic->fatal || !nic->cmdif.doorbell) {
		nic->cmdif.doorbell = 0;
		return false;
	}
	slot = (uint32_t)__builtin_ctz(nic->cmdif.doorbell);
	nic->cmdif.doorbell &= ~(1u << slot);
	run_slot(nic, slot);
	return nic->cmdif.doorbell != 0;
}

void nic_cmd_init(struct nic *nic)
{
	nic->cmdif.work = (struct fab_work){ .fn = cmd_work, .ctx = nic };
}

void nic_cmd_reset(struct nic *nic)
{
	fab_work_cancel(nic->dev.fabric->loop, &nic->cmdif.work);
	nic->cmdif.addr = 0;
	nic->cmdif.doorbell = 0;
	nic->cmdif.ready = false;
	nic->cmdif.drop = false;
	nic->cmdif.state = NIC_INTERFACE_DISABLED;
}

void nic_cmd_drop_objects(struct nic *nic)
{
	nic->cmdif.drop = true;
	fab_work_queue(nic->dev.fabric->loop, &nic->cmdif.work);
}

void nic_cmd_doorbell(struct nic *nic, uint32_t slots)
{
	if (!nic->cmdif.ready)
		return;
	nic->cmdif.doorbell |= slots;
	fab_work_queue(nic->dev.fabric->loop, &nic->cmdif.work);
}
