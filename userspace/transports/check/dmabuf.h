/* SPDX-License-Identifier: MIT */
#ifndef TRANSPORTS_CHECK_DMABUF_H
#define TRANSPORTS_CHECK_DMABUF_H

#include <stddef.h>

/* A descriptor, the caller's, and where the CPU sees the memory; -1: this machine has no udmabuf */
int dmabuf_new(size_t size, char **map);

#endif
