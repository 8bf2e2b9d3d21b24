// SPDX-License-Identifier: MIT
/* Small files of /sys, /proc and /dev, see files.h. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/files.h"

static bool vpath(const struct doctor *d, enum tree tree, char *path, size_t size, const char *fmt,
		  va_list ap)
{
	const char *root;
	size_t used;

	switch (tree) {
	case TREE_SYS:
		root = d->cli->sysfs_root ? d->cli->sysfs_root : "/sys";
		break;
	case TREE_PROC:
		root = d->cli->proc_root ? d->cli->proc_root : "/proc";
		break;
	default:
		root = d->cli->dev_root ? d->cli->dev_root : "/dev";
	}
	used = (size_t)snprintf(path, size, "%s/", root);
	if (used >= size)
		return false;
	return (size_t)vsnprintf(path + used, size - used, fmt, ap) < size - used;
}

bool tree_path(const struct doctor *d, enum tree tree, char *path, size_t size, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = vpath(d, tree, path, size, fmt, ap);
	va_end(ap);
	return ok;
}

bool tree_read(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	ssize_t n;
	bool ok;
	int fd;

	va_start(ap, fmt);
	ok = vpath(d, tree, path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = ok ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return false;
	n = pread(fd, buf, size - 1, 0);
	close(fd);
	if (n < 0)
		return false;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return true;
}

static bool vtarget(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt,
		    va_list ap)
{
	char path[PATH_MAX];
	ssize_t n;

	if (!vpath(d, tree, path, sizeof(path), fmt, ap))
		return false;
	n = readlink(path, buf, size);
	if (n < 0 || (size_t)n == size)
		return false;
	buf[n] = '\0';
	return true;
}

bool tree_target(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt,
		 ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = vtarget(d, tree, buf, size, fmt, ap);
	va_end(ap);
	return ok;
}

bool tree_link(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt, ...)
{
	char target[PATH_MAX];
	const char *name;
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = vtarget(d, tree, target, sizeof(target), fmt, ap);
	va_end(ap);
	if (!ok)
		return false;
	name = strrchr(target, '/');
	return (size_t)snprintf(buf, size, "%s", name ? name + 1 : target) < size;
}

bool tree_each(const struct doctor *d, enum tree tree, const char *dirname,
	       bool (*fn)(void *arg, const char *name), void *arg)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (!tree_path(d, tree, path, sizeof(path), "%s", dirname))
		return false;
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !fn(arg, entry->d_name))
			break;
	closedir(dir);
	return true;
}
