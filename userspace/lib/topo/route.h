/* SPDX-License-Identifier: MIT */
/*
 * The route of peer-to-peer requests between two functions, as the p2pdma of
 * Linux 7.3 finds it (drivers/pci/p2pdma.c: calc_map_type_and_dist() and
 * host_bridge_whitelist()), and the delivery of tags on it. No input or output:
 * topo.c fills in the question from sysfs.
 */
#ifndef TPHBUF_ROUTE_H
#define TPHBUF_ROUTE_H

#include <stdbool.h>

#include <tphbuf/topo.h>

/* Each bridge of a path has a bus number of its own, of which there are 256. */
#define ROUTE_MAX_PORTS 256
#define ROUTE_HOST_MAX	24

struct route_end {
	struct tphbuf_pci_info info;
	struct tphbuf_port port[ROUTE_MAX_PORTS]; /* [0]: the function */
	size_t nr_ports;
	char host[ROUTE_HOST_MAX]; /* "pci0000:00" */
	/* The function that stands for the host bridge, if there is one. */
	char host_bdf[TPHBUF_BDF_MAX];
	uint16_t host_vendor;
	uint16_t host_device;
	bool host_unsure; /* it does, if it is a root port */
};

struct route_question {
	struct route_end memory;
	struct route_end requester;
	bool cpu_routes; /* an AMD CPU from Zen on */
};

void route_judge(const struct route_question *q, struct tphbuf_topo_result *v);

/* delivery.c: fill in the delivery of tags, once the route is known */
void delivery_judge(const struct route_question *q, struct tphbuf_topo_result *v);

/* p2p_hosts.c: what p2pdma knows of the host bridge with these ids */
enum p2p_host {
	P2P_HOST_UNKNOWN,
	P2P_HOST_WITHIN,  /* routes between its own ports only */
	P2P_HOST_BETWEEN, /* and to other host bridges */
};
enum p2p_host p2p_host_lookup(uint16_t vendor, uint16_t device);

#endif
