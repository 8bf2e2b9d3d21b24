// SPDX-License-Identifier: MIT
/*
 * Event queues: entries of 64 bytes whose owner bit toggles with each lap. An
 * armed queue raises its MSI-X vector once and is armed again by the EQ
 * doorbell; arming a queue that has unread entries raises it at once.
 */
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/buf.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"

static void eq_raise(struct nic *nic, struct nic_eq *eq)
{
	eq->armed = false;
	fab_device_irq(&nic->dev, eq->vector);
}

bool nic_eq_post(struct nic *nic, struct nic_eq *eq, uint8_t type, uint8_t sub_type,
		 const void *data)
{
	uint32_t size = 1u << eq->log_size;
	NIC_LAYOUT(eqe, eqe) = { 0 };

	if (((eq->pi - eq->ci) & NIC_CI_MASK) >= size) {
		if (!eq->overrun)
			fab_log(&nic->dev, "event queue %u is full, events are lost", eq->number);
		eq->overrun = true;
		nic->eq_overruns++;
		return false;
	}
	DEVX_SET(eqe, eqe, event_type, type);
	DEVX_SET(eqe, eqe, event_sub_type, sub_type);
	memcpy(DEVX_ADDR_OF(eqe, eqe, event_data), data, DEVX_FLD_SZ_BYTES(eqe, event_data));
	DEVX_SET(eqe, eqe, owner, eq->pi >> eq->log_size & 1);
	if (nic_buf_publish(nic, &eq->buf, (eq->pi & (size - 1)) * sizeof(eqe), eqe, sizeof(eqe),
			    FAB_ORIGIN_EQE))
		return false;
	eq->pi++;
	if (eq->armed)
		eq_raise(nic, eq);
	return true;
}

bool nic_event_sub(struct nic *nic, uint8_t type, uint8_t sub_type, const void *data)
{
	bool taken = false;
	uint32_t i;

	for (i = 0; i < nic->eqs.size; i++) {
		struct nic_eq *eq = nic->eqs.slot[i];

		if (eq && type < 64 && eq->event_mask >> type & 1)
			taken |= nic_eq_post(nic, eq, type, sub_type, data);
	}
	return taken;
}

void nic_event(struct nic *nic, uint8_t type, const void *data)
{
	nic_event_sub(nic, type, 0, data);
}

void nic_event_qp(struct nic *nic, uint8_t type, uint32_t qpn)
{
	NIC_LAYOUT(qp_events, data) = { 0 };

	DEVX_SET(qp_events, data, qpn_rqn_sqn, qpn);
	nic_event(nic, type, data);
}

void nic_eq_doorbell(struct nic *nic, uint32_t eqn, uint32_t ci, bool arm)
{
	struct nic_eq *eq = nic_ids_find(&nic->eqs, eqn);

	if (!eq)
		return;
	eq->ci = ci & NIC_CI_MASK;
	if (!arm)
		return;
	eq->armed = true;
	if ((eq->pi & NIC_CI_MASK) != eq->ci)
		eq_raise(nic, eq);
}

void nic_eq_free(struct nic *nic, struct nic_eq *eq)
{
	nic_ids_remove(&nic->eqs, eq->number);
	nic_buf_free(nic, &eq->buf);
	free(eq);
}
