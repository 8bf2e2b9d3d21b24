// SPDX-License-Identifier: MIT
/*
 * ALLOC_Q_COUNTER, DEALLOC_Q_COUNTER, QUERY_Q_COUNTER, QUERY_VPORT_COUNTER.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/counters.h"

#define OUT(field) NIC_FIELD(query_q_counter_out, field)

static const struct nic_field q_fields[NIC_Q_COUNT] = {
	[NIC_Q_RX_WRITE] = OUT(rx_write_requests),
	[NIC_Q_RX_READ] = OUT(rx_read_requests),
	[NIC_Q_RX_ATOMIC] = OUT(rx_atomic_requests),
	[NIC_Q_OUT_OF_BUFFER] = OUT(out_of_buffer),
	[NIC_Q_RNR_NAK] = OUT(rnr_nak_retry_err),
	[NIC_Q_ACK_TIMEOUT] = OUT(local_ack_timeout_err),
	[NIC_Q_RESP_LOCAL_LENGTH] = OUT(resp_local_length_error),
	[NIC_Q_RESP_CQE_ERROR] = OUT(resp_cqe_error),
	[NIC_Q_RESP_FLUSHED] = OUT(resp_cqe_flush_error),
	[NIC_Q_RESP_REMOTE_ACCESS] = OUT(resp_remote_access_errors),
	[NIC_Q_REQ_CQE_ERROR] = OUT(req_cqe_error),
	[NIC_Q_REQ_FLUSHED] = OUT(req_cqe_flush_error),
	[NIC_Q_REQ_REMOTE_INVALID] = OUT(req_remote_invalid_request),
	[NIC_Q_REQ_REMOTE_ACCESS] = OUT(req_remote_access_errors),
	[NIC_Q_REQ_RETRIES] = OUT(req_transport_retries_exceeded),
	[NIC_Q_REQ_RNR_RETRIES] = OUT(req_rnr_retries_exceeded),
};

uint8_t nic_cmd_alloc_q_counter(struct nic_cmd *cmd)
{
	struct nic_counter_set *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return nic_cmd_errno(cmd, -ENOMEM);
	ret = nic_ids_alloc(&cmd->nic->counter_sets, set, &set->id);
	if (ret) {
		free(set);
		return nic_cmd_errno(cmd, ret);
	}
	DEVX_SET(alloc_q_counter_out, cmd->out, counter_set_id, set->id);
	return NIC_CMD_OK;
}

/* Queue pairs that still name the set count nothing any more. */
uint8_t nic_cmd_dealloc_q_counter(struct nic_cmd *cmd)
{
	struct nic_counter_set *set =
		nic_ids_remove(&cmd->nic->counter_sets,
			       DEVX_GET(dealloc_q_counter_in, cmd->in, counter_set_id));

	if (!set)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	free(set);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_q_counter(struct nic_cmd *cmd)
{
	struct nic_counter_set *set =
		nic_ids_find(&cmd->nic->counter_sets,
			     DEVX_GET(query_q_counter_in, cmd->in, counter_set_id));
	size_t i;

	if (!set)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	for (i = 0; i < NIC_Q_COUNT; i++)
		nic_field_set(cmd->out, q_fields[i], (uint32_t)set->value[i]);
	if (DEVX_GET(query_q_counter_in, cmd->in, clear))
		memset(set->value, 0, sizeof(set->value));
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_vport_counter(struct nic_cmd *cmd)
{
	struct nic_port_counters *port = &cmd->nic->port;
	uint8_t *out = cmd->out;

	DEVX_SET64(query_vport_counter_out, out, received_ib_unicast.octets, port->rcv.octets);
	DEVX_SET64(query_vport_counter_out, out, received_ib_unicast.packets, port->rcv.packets);
	DEVX_SET64(query_vport_counter_out, out, transmitted_ib_unicast.octets, port->xmit.octets);
	DEVX_SET64(query_vport_counter_out, out, transmitted_ib_unicast.packets, port->xmit.packets);
	DEVX_SET64(query_vport_counter_out, out, received_ib_multicast.octets,
		   port->multicast_rcv.octets);
	DEVX_SET64(query_vport_counter_out, out, received_ib_multicast.packets,
		   port->multicast_rcv.packets);
	DEVX_SET64(query_vport_counter_out, out, transmitted_ib_multicast.octets,
		   port->multicast_xmit.octets);
	DEVX_SET64(query_vport_counter_out, out, transmitted_ib_multicast.packets,
		   port->multicast_xmit.packets);
	if (DEVX_GET(query_vport_counter_in, cmd->in, clear))
		*port = (struct nic_port_counters){ 0 };
	return NIC_CMD_OK;
}
