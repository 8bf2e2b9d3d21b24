/* SPDX-License-Identifier: MIT */
/* What the files of the hand-over share. */
#ifndef TPHBUF_LIB_SHARE_H
#define TPHBUF_LIB_SHARE_H

#include "lib/core/internal.h"
#include "lib/share/msg.h"

#define SHARE_TIMEOUT_MS 10000 /* if nobody says how long */

struct sockaddr_un;

/* @timeout_ms from now on, for share_wait(); 0 means for ever. */
uint64_t share_deadline(uint32_t timeout_ms);

/*
 * Wait until @fd is ready, or @deadline.
 * Return: 0, -ETIMEDOUT, -EINTR, -EBADF.
 */
int share_wait(int fd, short events, uint64_t deadline);

/*
 * Connect the blocking socket @fd, through interruptions.
 * Return: 0, -ETIMEDOUT, errors of connect().
 */
int share_connect_to(int fd, const struct sockaddr_un *address, uint32_t timeout_ms);

#endif
