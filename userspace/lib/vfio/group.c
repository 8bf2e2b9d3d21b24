// SPDX-License-Identifier: MIT
/* IOMMU groups as sysfs shows them, see group.h. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/vfio/group.h"
#include "lib/pci/sysfs.h"
#include "util/driver.h"
#include "util/number.h"

#define BLOCKERS_MAX 512

int group_find(struct tphbuf_ctx *ctx, const char *bdf, struct group *group)
{
	char text[TPHBUF_NAME_MAX];
	uint64_t number;
	int ret;

	ret = sysfs_link_name(ctx, bdf, "iommu_group", text, sizeof(text));
	if (!ret)
		ret = number_parse(text, strlen(text), &number);
	if (!ret && number > INT32_MAX)
		ret = -ERANGE;
	if (ret)
		return ret;
	group->number = (uint32_t)number;
	group->noiommu = false;
	ret = sysfs_read(ctx, bdf, "iommu_group/name", text, sizeof(text));
	if (!ret)
		group->noiommu = !strcmp(text, NOIOMMU_GROUP_NAME);
	/* A group of the IOMMU driver has no name, or a long one. */
	return ret == -ENOENT || ret == -E2BIG ? 0 : ret;
}

/* Append @member to @text if it blocks the group. 1 if so, 0 or -errno. */
static int add_blocker(struct tphbuf_device *dev, const char *member, char *text, size_t size)
{
	char driver[TPHBUF_NAME_MAX], link[NAME_MAX + 64];
	size_t len = strlen(text);
	int ret;

	if (member[0] == '.')
		return 0;
	/* A member may be on another bus. */
	snprintf(link, sizeof(link), "iommu_group/devices/%s/driver", member);
	ret = sysfs_link_name(dev->ctx, dev->bdf, link, driver, sizeof(driver));
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (!driver_blocks_group(driver))
		return 0;
	snprintf(text + len, size - len, "%s%s (%s)", len ? ", " : "", member, driver);
	return 1;
}

int group_blockers(struct tphbuf_device *dev, char *text, size_t size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int n, ret, count = 0;
	DIR *dir;

	text[0] = '\0';
	n = snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/iommu_group/devices",
		     dev->ctx->sysfs_root, dev->bdf);
	if ((size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		ret = add_blocker(dev, entry->d_name, text, size);
		if (ret < 0)
			break;
		count += ret;
	}
	closedir(dir);
	return entry ? ret : count;
}

int group_fail(struct tphbuf_device *dev, enum tphbuf_stage stage, int err)
{
	char text[BLOCKERS_MAX];

	if (group_blockers(dev, text, sizeof(text)) > 0)
		return ctx_fail(dev->ctx, stage, err,
				"%s: its IOMMU group is not viable, because other functions in it belong to kernel drivers: %s; bind them to vfio-pci too, or unbind them",
				dev->bdf, text);
	return ctx_fail_errno(dev->ctx, stage, err, "%s", dev->bdf);
}
