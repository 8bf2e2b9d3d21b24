// SPDX-License-Identifier: MIT
/*
 * The ports of the subnet.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/subnet/group.h"
#include "fabric/subnet/subnet.h"

int subnet_port_add(struct subnet_port *port, const struct subnet_port *other)
{
	struct subnet *subnet = other ? other->subnet : calloc(1, sizeof(*subnet));
	struct subnet_port **link;

	if (!subnet)
		return -ENOMEM;
	if (!other && subnet_group_first(subnet)) {
		free(subnet);
		return -ENOMEM;
	}
	port->subnet = subnet;
	port->next = NULL;
	for (link = &subnet->ports; *link; link = &(*link)->next)
		;
	*link = port;
	return 0;
}

void subnet_port_reset(struct subnet_port *port)
{
	port->transfer.segments = 0;
	if (port->subnet)
		subnet_group_leave_all(port);
}

void subnet_port_remove(struct subnet_port *port)
{
	struct subnet *subnet = port->subnet;
	struct subnet_port **link;

	if (!subnet)
		return;
	subnet_group_leave_all(port);
	for (link = &subnet->ports; *link != port; link = &(*link)->next)
		;
	*link = port->next;
	port->subnet = NULL;
	if (subnet->ports)
		return;
	subnet_group_free_all(subnet);
	free(subnet);
}

bool subnet_forwards(const struct subnet_port *port, uint16_t mlid)
{
	const struct subnet_group *group;

	for (group = port->subnet->groups; group; group = group->next)
		if (be16toh(group->record.mlid) == mlid)
			return subnet_group_state(group, port) & SUBNET_RECEIVES;
	return false;
}

void subnet_port_gid(const struct subnet_port *port, uint8_t gid[16])
{
	const uint64_t value[2] = { htobe64(SUBNET_PREFIX), htobe64(port->guid) };

	memcpy(gid, value, sizeof(value));
}
