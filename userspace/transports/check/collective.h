/* SPDX-License-Identifier: MIT */
/* A rank's part in collectives made of sends and receives, as NCCL makes them. */
#ifndef TRANSPORTS_CHECK_COLLECTIVE_H
#define TRANSPORTS_CHECK_COLLECTIVE_H

#include "check.h"

#define MAX_PEERS 8

/*
 * An element has four bytes, or one where the size of a block is no multiple of four. The
 * elements of @in are known to all ranks, so that each rank can tell what the result must be.
 */
struct job {
	struct world *w;
	const char *name;
	int ranks;
	size_t count;  /* elements of each rank, or of each block */
	size_t width;  /* bytes of an element */
	bool blind;    /* results are not compared: a fault may have changed the memory */
	bool in_place; /* of a reduction: what is in @out is summed, not @in */
	int dev;       /* ranks take the devices of the plugin in turn */
	unsigned char *in, *out;
	size_t blocks[2];      /* of in and out */
	size_t bytes[2];       /* likewise, with blocks of the largest size */
	int fds[MAX_PEERS][2]; /* dma-bufs of in and out of each rank, with --device */
	char *maps[MAX_PEERS][2];
	void *send[MAX_PEERS], *recv[MAX_PEERS];
	void *in_send_mr[MAX_PEERS], *out_send_mr[MAX_PEERS], *out_recv_mr[MAX_PEERS];
};

/* In the parent: memory of the device for blocks of up to @size bytes */
const char *job_prepare(struct job *job, const char *name, int ranks, size_t size);
/* In a rank: memory, connections to all other ranks, registrations */
const char *job_open(struct job *job, struct world *w);
/* Run it once with blocks of @size bytes; the result is compared. */
const char *job_run(struct job *job, size_t size);
const char *job_close(struct job *job);

/* reduce.c: a vendor's library (--reduce), or the CPU */
const char *reduce_load(const char *library);
const char *reduce_add(unsigned char *sum, const unsigned char *data, size_t count, size_t width);

#endif
