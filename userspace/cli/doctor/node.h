/* SPDX-License-Identifier: MIT */
/* Device nodes, and the two back ends that open a vfio device. */
#ifndef CLI_DOCTOR_NODE_H
#define CLI_DOCTOR_NODE_H

#include "cli/doctor/doctor.h"

struct node {
	char path[256];
	int err;	  /* why it cannot be opened; 0: it can */
	const char *kind; /* what it is instead of a character device, or NULL */
	const char *make; /* remedy if it does not exist */
};

/* Examine @name below /dev. */
void node_look(const struct doctor *d, struct node *node, const char *name, const char *make);
/* @severity: of a node that cannot be opened. */
void report_node(struct doctor *d, enum severity severity, const char *id, const struct node *node);

/* The device's own nodes, below /dev; "" for one that does not exist. */
struct device_nodes {
	char cdev[TPHBUF_NAME_MAX + sizeof("vfio/devices/")];
	char group[32];
};

void device_nodes(const struct doctor *d, struct device_nodes *nodes);
/* True for a group that vfio made for a device without IOMMU. */
bool group_noiommu(const struct doctor *d, const char *number);
bool device_noiommu(const struct doctor *d);

void check_host_nodes(struct doctor *d);
void check_nodes(struct doctor *d);

#endif
