// SPDX-License-Identifier: MIT
/*
 * Fetch-and-add and compare-and-swap on 8 bytes.
 *
 * On the bus an atomic is a read and a write of 8 bytes (no AtomicOp TLP), both with
 * the hint of the remote key; a compare-and-swap whose comparison fails sends no
 * write. So it is atomic among the NICs of the fabric, which run one after the other,
 * and not against the CPU: what IBV_ATOMIC_HCA promises.
 *
 * It executes once. Keys and translations of both ends are checked before the read,
 * and nothing between the read and the end of the answer waits, so no retry and no
 * page fault comes after execution.
 *
 * Memory is little endian. The answer has the byte order that SET_HCA_CAP chose.
 */
#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/rc/atomic.h"
#include "fabric/nic/rc/responder.h"
#include "fabric/nic/rc/transfer.h"

static void piece_read(void *ctx, void *host, uint32_t off, uint32_t len)
{
	memcpy((uint8_t *)ctx + off, host, len);
}

static void piece_write(void *ctx, void *host, uint32_t off, uint32_t len)
{
	memcpy(host, (const uint8_t *)ctx + off, len);
}

/* True if the operation writes *value. */
static bool result(const struct nic_message *msg, uint64_t original, uint64_t *value)
{
	if (msg->opcode == MLX5_OPCODE_ATOMIC_FA) {
		*value = original + msg->swap_add;
		return true;
	}
	*value = msg->swap_add;
	return original == msg->compare;
}

static enum nic_status execute(struct nic_qp *to, const struct nic_message *msg, uint64_t *original)
{
	struct nic_access access = { .key = msg->rkey,
				     .pd = msg->pd,
				     .need = NIC_REMOTE_ATOMIC,
				     .va = msg->remote_va,
				     .len = NIC_ATOMIC_BYTES };
	enum nic_status status;
	uint64_t word;

	status = nic_mkey_access(to->nic, &access, piece_read, &word);
	if (status != NIC_OK)
		return status;
	*original = le64toh(word);
	if (!result(msg, *original, &word))
		return NIC_OK;
	word = htole64(word);
	access.write = true;
	return nic_mkey_access(to->nic, &access, piece_write, &word);
}

/* The original value into the requester's list. */
static enum nic_status answer(const struct nic_message *msg, uint64_t original)
{
	struct nic *nic = msg->from->nic;
	uint64_t word = nic->atomic_host_order ? htole64(original) : htobe64(original);
	struct nic_side from = { .host = (const uint8_t *)&word };
	struct nic_side into = { .nic = nic,
				 .pd = msg->from->pd,
				 .need = NIC_LOCAL_WRITE,
				 .sge = msg->sge,
				 .nsge = msg->nsge };
	const struct nic_side *blame;

	return nic_own_status(nic_transfer(&from, &into, 0, NIC_ATOMIC_BYTES, &blame));
}

enum nic_status nic_respond_atomic(struct nic_qp *to, struct nic_message *msg)
{
	enum nic_status status;
	uint64_t original;

	if (msg->remote_va % NIC_ATOMIC_BYTES)
		return nic_nak(to, NIC_REMOTE_INVALID_REQUEST, NIC_EVENT_WQ_INVALID_REQUEST);
	status = nic_check_remote(to, msg, NIC_REMOTE_ATOMIC);
	if (status != NIC_OK)
		return status;
	status = execute(to, msg, &original);
	if (status == NIC_REMOTE_OP)
		return nic_nak(to, NIC_REMOTE_OP, NIC_EVENT_WQ_CATASTROPHIC);
	if (status != NIC_OK)
		return nic_nak(to, NIC_REMOTE_ACCESS, NIC_EVENT_WQ_ACCESS);
	msg->done = msg->len;
	return answer(msg, original);
}
