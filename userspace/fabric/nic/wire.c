// SPDX-License-Identifier: MIT
/*
 * The InfiniBand subnet of a fabric. Every NIC is one port with one LID. A connection
 * is two queue pairs of one service (RC, UC, XRC) that name each other. The wire is
 * lossless, so there are no packets, acknowledgements and sequence checks: a message
 * reaches the peer QP, or there is no peer that can receive.
 */
#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/wire.h"

struct nic *nic_wire_port(struct nic *from, uint16_t lid)
{
	const struct fab_device_ops *ops = from->dev.ops;
	struct fab_device *dev;

	for (dev = from->dev.fabric->devices; dev; dev = dev->next) {
		struct nic *nic = (struct nic *)dev;

		if (dev->ops == ops && nic->opts.lid == lid)
			return nic;
	}
	return NULL;
}

struct nic_qp *nic_wire_find(struct nic_qp *from)
{
	struct nic *nic = nic_wire_port(from->nic, from->remote_lid);
	struct nic_qp *to = nic ? nic_qp_get(nic, from->remote_qpn) : NULL;

	if (!to || to->service != from->service)
		return NULL;
	if (to->state != NIC_QP_RTR && to->state != NIC_QP_RTS && to->state != NIC_QP_SQD)
		return NULL;
	if (to->remote_lid != from->nic->opts.lid || to->remote_qpn != from->number)
		return NULL;
	return to;
}
