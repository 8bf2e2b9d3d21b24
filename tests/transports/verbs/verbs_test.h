/* SPDX-License-Identifier: MIT */
/* The verbs back end over the fake devices: a connection in one process, its log, and one TAP line for each fact. */
#ifndef VERBS_TEST_H
#define VERBS_TEST_H

#include "tests/transports/facts.h"
#include "tests/transports/verbs/fake_rdma.h"
#include "userspace/transports/check/check.h"

#define ROOM 65536

struct rig {
	struct pair pair;
	struct region from, to;
};

extern struct plugin plugin;

void must(const char *why);
/* A connection with regions of ROOM bytes, @qps queue pairs wanted; and its end, with nothing left open */
void rig_open(struct rig *rig, const char *qps);
void rig_close(struct rig *rig);
/* Post a receive of @n parts of @size bytes, tags 1 to n, one behind the other. */
void *receive(struct rig *rig, int n, size_t size);
/* isend until it has a request or an error */
enum nccl_result send_one(struct rig *rig, size_t size, int tag, void **req);
/* Test until done or error. */
enum nccl_result finish(void *req, int *sizes);
/* A message of @size bytes, sent now, is whole in @recv, the oldest receive. */
bool arrives(struct rig *rig, void *recv, size_t size);

void announcements(void); /* verbs_announce.c */
void errors(void);	  /* verbs_errors.c */
void strangers(void);	  /* verbs_peer.c */

#endif
