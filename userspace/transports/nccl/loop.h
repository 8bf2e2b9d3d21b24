/* SPDX-License-Identifier: MIT */
/* The loop back end: its messages, and its memory. */
#ifndef TRANSPORTS_NCCL_LOOP_H
#define TRANSPORTS_NCCL_LOOP_H

#include "net.h"

#define LOOP_CTS  0x73746370u
#define LOOP_PART 0x74726170u

/* Receiver to sender */
struct loop_cts {
	uint32_t kind;
	uint32_t seq;
	uint32_t n;
	uint32_t reserved;
	struct {
		uint64_t size;
		int32_t tag;
		uint32_t reserved;
	} part[NET_MAX_RECVS];
};

/* Sender to receiver, before the bytes */
struct loop_part {
	uint32_t kind;
	uint32_t seq;
	uint32_t index;
	uint32_t reserved;
	uint64_t size;
};

/* loop_wire.c: return the size of what they wrote */
size_t loop_cts_write(struct loop_cts *msg, const struct net_request *req);
size_t loop_part_write(struct loop_part *msg, const struct net_request *req);
/* false: not an announcement */
bool loop_cts_read(const struct loop_cts *msg, struct net_cts *cts);
/* The receive that a part belongs to; NULL: none waits for it */
struct net_request *loop_part_find(const struct loop_part *msg, struct net_request *const *active);

/* loop_mem.c */
int loop_devices(struct net_device **devs, int *n);
void loop_device_close(struct net_device *dev);
enum nccl_result loop_reg(struct net_device *dev, struct net_mr *mr);
void loop_unreg(struct net_mr *mr);
enum nccl_result loop_reg_dmabuf(struct net_device *dev, struct net_mr *mr, uint64_t offset, int fd);

#endif
