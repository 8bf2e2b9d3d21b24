/* SPDX-License-Identifier: MIT */
/* Descriptors of another process, and the tags of its dma-bufs. */
#ifndef PROCESS_H
#define PROCESS_H

#include "cli/cli.h"

/*
 * Ask for the tag of dma-buf @fd of @process ("4711" or "self") through a vfio
 * device that the process has open. Needs permission to trace the process.
 * @bdf has room for TPHBUF_BDF_MAX.
 * Return: true if the kernel answered. Nothing is printed.
 */
bool process_tag(struct cli *cli, const char *process, int fd, struct tphbuf_tag_state *state,
		 char *bdf);

#endif
