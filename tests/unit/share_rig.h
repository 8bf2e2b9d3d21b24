/* SPDX-License-Identifier: MIT */
/* Two connected sockets, and a receiver of buffers at one of them. */
#ifndef UNIT_SHARE_RIG_H
#define UNIT_SHARE_RIG_H

#include "tests/unit/test.h"

#define NO_TIME_MS 20

void make_pair(int pair[2]);
void close_pair(const int pair[2]);

/* Receive on @sock; a failure does not change the buffer. */
int receive(struct fixture *f, int sock, struct tphbuf_share_info *info, struct tphbuf_buffer **buf);

#endif
