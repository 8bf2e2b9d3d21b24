/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets in the file system (SOCK_SEQPACKET), over which buffers are
 * handed to other processes. Descriptors are close-on-exec and the caller's.
 */
#ifndef CLI_LISTEN_H
#define CLI_LISTEN_H

#include <stdint.h>

/**
 * listen_open() - listen on a socket at a path
 * @path: at most 103 bytes; a socket there on which no process listens is
 *	replaced
 * @mode: permission bits of the socket, which are its access control
 * @fd: the listening socket
 *
 * The socket appears at @path once it accepts connections; until then its name
 * ends in "~new". One process at a time sets up a path: it holds a lock
 * (flock(2)) on a file whose name ends in "~lock", and others wait up to 3 s.
 * Both files are removed; what a killed process left does no harm. Remove the
 * socket with unlink().
 *
 * Return: 0, -ENAMETOOLONG, -EADDRINUSE (a process listens there, or the path
 * is no socket), -EBUSY (the lock was held all the time), -errno of open() and
 * of the socket calls.
 */
int listen_open(const char *path, unsigned int mode, int *fd);

/* Accept one peer; @timeout_ms 0: no limit. 0, -ETIMEDOUT, -EINTR or -errno. */
int listen_accept(int listener, uint32_t timeout_ms, int *fd);

/*
 * Connect to a listening socket, through signals. Return: 0, -ENAMETOOLONG,
 * -ENOENT, -ECONNREFUSED, -ETIMEDOUT or -errno of connect().
 */
int listen_connect(const char *path, uint32_t timeout_ms, int *fd);

#endif
