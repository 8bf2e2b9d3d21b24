// SPDX-License-Identifier: MIT
/*
 * Descriptors of another process, see process.h: copies by pidfd_getfd(2),
 * closed again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/process.h"

#define NODE_PREFIX "/dev/vfio/devices/"

/* Return: a descriptor of our own, or -1. */
static int copy_fd(const char *process, int fd)
{
	int pidfd, copy;

	if (!strcmp(process, "self"))
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	pidfd = (int)syscall(SYS_pidfd_open, atoi(process), 0);
	if (pidfd < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return copy;
}

/* The kernel answers only through the device that exported the dma-buf. */
static bool ask(struct cli *cli, int device_fd, int buffer_fd, struct tphbuf_tag_state *state,
		char *bdf)
{
	struct tphbuf_import_opts opts = { .size = sizeof(opts) };
	struct tphbuf_buffer *buf;
	bool known = false;

	if (tphbuf_device_from_fd(cli->ctx, device_fd, NULL, &opts.dev))
		return false;
	if (!tphbuf_buffer_import(cli->ctx, buffer_fd, &opts, &buf)) {
		known = !tphbuf_buffer_tag_get(buf, state);
		snprintf(bdf, TPHBUF_BDF_MAX, "%s", tphbuf_device_bdf(opts.dev));
		tphbuf_buffer_close(buf);
	}
	tphbuf_device_close(opts.dev);
	return known;
}

static bool is_device(const char *process, const char *fd)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/fd/%s", process, fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return !strncmp(target, NODE_PREFIX, strlen(NODE_PREFIX));
}

bool process_tag(struct cli *cli, const char *process, int fd, struct tphbuf_tag_state *state,
		 char *bdf)
{
	int buffer_fd = copy_fd(process, fd), device_fd;
	struct dirent *entry;
	bool known = false;
	char path[64];
	DIR *dir;

	if (buffer_fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%s/fd", process);
	dir = opendir(path);
	while (dir && !known && (entry = readdir(dir))) {
		if (!is_device(process, entry->d_name))
			continue;
		device_fd = copy_fd(process, atoi(entry->d_name));
		if (device_fd < 0)
			continue;
		known = ask(cli, device_fd, buffer_fd, state, bdf);
		close(device_fd);
	}
	if (dir)
		closedir(dir);
	close(buffer_fd);
	return known;
}
