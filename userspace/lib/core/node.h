/* SPDX-License-Identifier: MIT */
/*
 * Device nodes. What lies under a name in /dev may be stale, or mounted there
 * from another device, so the number of every node that the library opens is
 * compared with the number that sysfs gives for the device.
 */
#ifndef TPHBUF_NODE_H
#define TPHBUF_NODE_H

#include "lib/core/internal.h"

/**
 * node_open() - open a device node and check that it is the device asked for
 * @name: the node, below the context's dev_root
 * @sysfs: the directory of the device below the context's sysfs_root; its
 *	attribute "dev" holds the number
 * @stage: stage of a failure
 * @fd: the descriptor, at least 3, close-on-exec; the caller's
 *
 * Return: 0 or a recorded error; -ESTALE if the node is another device or not
 * a character device.
 */
int node_open(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, const char *name, const char *sysfs,
	      int *fd);

#endif
