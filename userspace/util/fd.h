/* SPDX-License-Identifier: MIT */
/* File descriptors. */
#ifndef UTIL_FD_H
#define UTIL_FD_H

#include <stddef.h>
#include <sys/types.h>

/* Close @fd if it is one; errno is kept. */
void fd_close(int fd);

/* Open with O_CLOEXEC. Return: descriptor or -errno. */
int fd_open(const char *path, int flags);

/*
 * Move @fd above the standard descriptors, close-on-exec. Consumes @fd, on
 * failure too. Return: descriptor >= 3 or -errno.
 */
int fd_above_std(int fd);

/*
 * Read up to @size bytes at @offset, through interruptions and short reads.
 * Return: bytes read (short only at the end) or -errno.
 */
ssize_t fd_pread(int fd, void *buf, size_t size, off_t offset);

/* The same from the start of the file @path. */
ssize_t fd_read_file(const char *path, void *buf, size_t size);

#endif
