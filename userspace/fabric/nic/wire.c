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

static struct nic *find_port(struct nic_qp *from)
{
	const struct fab_device_ops *ops = from->nic->dev.ops;
	struct fab_device *dev;

	for (dev = from->nic->dev.fabric->devices; dev; dev = dev->next) {
		struct nic *nic = (struct nic *)dev;

		if (dev->ops == ops && nic->opts.lid == from->remote_lid)
			return nic;
	}
	return NULL;
}

struct nic_qp *nic_wire_find(struct nic_qp *from)
{
	struct nic *nic = find_port(from);
	struct nic_qp *to = nic ? nic_qp_get(nic, from->remote_qpn) : NULL;

	if (!to || to->service != from->service)
		return NULL;
	if (to->state != NIC_QP_RTR && to->state != NIC_QP_RTS && to->state != NIC_QP_SQD)
		return NULL;
	if (to->remote_lid != from->nic->opts.lid || to->remote_qpn != from->number)
		return NULL;
	return to;
}
