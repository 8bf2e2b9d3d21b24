// SPDX-License-Identifier: MIT
/*
 * Queue pairs attached to multicast groups: a list of groups, each with an array.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/ud/multicast.h"

static struct nic_multicast *find(const struct nic *nic, const uint8_t gid[16])
{
	struct nic_multicast *group;

	for (group = nic->multicast; group; group = group->next)
		if (!memcmp(group->gid, gid, sizeof(group->gid)))
			return group;
	return NULL;
}

const struct nic_multicast *nic_multicast_find(const struct nic *nic, const uint8_t gid[16])
{
	return find(nic, gid);
}

/* Place of a queue pair in the array; count: it is not attached. */
static uint32_t place(const struct nic_multicast *group, const struct nic_qp *qp)
{
	uint32_t i;

	for (i = 0; i < group->count && group->qp[i] != qp; i++)
		;
	return i;
}

int nic_multicast_attach(struct nic_qp *qp, const uint8_t gid[16])
{
	struct nic_multicast *group = find(qp->nic, gid);

	if (group && place(group, qp) < group->count)
		return 0;
	if (group ? group->count == NIC_MAX_QP_MCG :
		    qp->nic->multicast_groups == 1u << NIC_LOG_MAX_MCG)
		return -ENOSPC;
	if (!group) {
		group = calloc(1, sizeof(*group));
		if (!group)
			return -ENOMEM;
		memcpy(group->gid, gid, sizeof(group->gid));
		group->next = qp->nic->multicast;
		qp->nic->multicast = group;
		qp->nic->multicast_groups++;
	}
	group->qp[group->count++] = qp;
	return 0;
}

static void remove_empty(struct nic *nic)
{
	struct nic_multicast **link = &nic->multicast, *group;

	while ((group = *link)) {
		if (group->count) {
			link = &group->next;
			continue;
		}
		*link = group->next;
		nic->multicast_groups--;
		free(group);
	}
}

static bool detach(struct nic_multicast *group, const struct nic_qp *qp)
{
	uint32_t i = place(group, qp);

	if (i == group->count)
		return false;
	group->qp[i] = group->qp[--group->count];
	return true;
}

int nic_multicast_detach(struct nic_qp *qp, const uint8_t gid[16])
{
	struct nic_multicast *group = find(qp->nic, gid);

	if (!group || !detach(group, qp))
		return -ENOENT;
	remove_empty(qp->nic);
	return 0;
}

void nic_multicast_detach_all(struct nic_qp *qp)
{
	struct nic_multicast *group;

	for (group = qp->nic->multicast; group; group = group->next)
		detach(group, qp);
	remove_empty(qp->nic);
}
