// SPDX-License-Identifier: MIT
/* Device nodes, see node.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/core/node.h"
#include "util/fd.h"
#include "util/number.h"

#define NUMBER_TEXT_MAX 32 /* "MAJOR:MINOR\n" */

/* Parse "MAJOR:MINOR" of @len bytes. 0 or -EINVAL. */
static int parse_number(const char *text, size_t len, dev_t *number)
{
	const char *colon = memchr(text, ':', len);
	uint64_t major, minor;

	if (!colon || number_parse(text, (size_t)(colon - text), &major) ||
	    number_parse(colon + 1, len - (size_t)(colon + 1 - text), &minor) ||
	    major > UINT32_MAX || minor > UINT32_MAX)
		return -EINVAL;
	*number = makedev((unsigned int)major, (unsigned int)minor);
	return 0;
}

/* Read the attribute @path. 0 or -errno. */
static int read_number(const char *path, dev_t *number)
{
	char text[NUMBER_TEXT_MAX];
	ssize_t n = fd_read_file(path, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (n && text[n - 1] == '\n')
		n--;
	return parse_number(text, (size_t)n, number);
}

/* Compare the open node @fd with the device @sysfs. 0 or a recorded error. */
static int check_number(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, int fd, const char *node,
			const char *sysfs)
{
	char attr[PATH_MAX];
	struct stat st;
	dev_t number = 0;
	int ret;

	ret = snprintf(attr, sizeof(attr), "%s/%s/dev", ctx->sysfs_root, sysfs);
	ret = (size_t)ret < sizeof(attr) ? read_number(attr, &number) : -ENAMETOOLONG;
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, ret,
				      "%s cannot be checked against its device number in %s", node,
				      attr);
	if (fstat(fd, &st))
		return ctx_fail_errno(ctx, stage, -errno, "%s", node);
	if (!S_ISCHR(st.st_mode))
		return ctx_fail(ctx, stage, -ESTALE,
				"%s is not a character device; remove the file and create the node again (devtmpfs does so), or pass the node into the container",
				node);
	if (st.st_rdev != number)
		return ctx_fail(ctx, stage, -ESTALE,
				"%s is %u:%u, another device than %u:%u of %s; remove the stale or mounted node and pass the right one",
				node, major(st.st_rdev), minor(st.st_rdev), major(number),
				minor(number), attr);
	return 0;
}

int node_open(struct tphbuf_ctx *ctx, enum tphbuf_stage stage, const char *name, const char *sysfs,
	      int *fdp)
{
	char path[PATH_MAX];
	int fd, ret;

	ret = snprintf(path, sizeof(path), "%s/%s", ctx->dev_root, name);
	fd = (size_t)ret < sizeof(path) ? fd_open(path, O_RDWR) : -ENAMETOOLONG;
	if (fd >= 0)
		fd = fd_above_std(fd);
	if (fd < 0)
		return ctx_fail_errno(ctx, stage, fd, "%s", path);
	ret = check_number(ctx, stage, fd, path, sysfs);
	if (ret) {
		fd_close(fd);
		return ret;
	}
	*fdp = fd;
	return 0;
}
