/* SPDX-License-Identifier: MIT */
/*
 * One port and the RC queue pairs on it: an RDMA write or read copies between
 * the process and BAR 2 of the fake device, if the address vector leads back
 * to the port. On Ethernet that takes a GID, on InfiniBand the LID.
 */
#ifndef MOCK_QUEUES_H
#define MOCK_QUEUES_H

#include <infiniband/verbs.h>
#include <stdbool.h>

#define FAKE_LID 9

extern struct fake_port {
	int link_layer; /* IBV_LINK_LAYER_ */
	enum ibv_port_state state;
	int gid_index;		   /* of the only GID; -1: none */
	enum ibv_wc_status status; /* how requests end */
	bool corrupts;		   /* one byte of each transfer */
} fake_port;

/* An active InfiniBand port without GID. */
void fake_port_setup(void);

#endif
