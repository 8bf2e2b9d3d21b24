/* SPDX-License-Identifier: MIT */
/* What the files of the hand-over share. */
#ifndef TPHBUF_LIB_SHARE_H
#define TPHBUF_LIB_SHARE_H

#include "lib/internal.h"
#include "lib/share_msg.h"

/*
 * Wait until @fd is ready; @timeout_ms 0 means for ever.
 * Return: 0, -ETIMEDOUT, -EINTR, -EBADF.
 */
int share_wait(int fd, short events, uint32_t timeout_ms);

#endif
