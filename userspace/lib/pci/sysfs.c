// SPDX-License-Identifier: MIT
/* PCI functions in sysfs, see sysfs.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "lib/pci/sysfs.h"
#include "util/fd.h"
#include "util/number.h"

/* Resource flags as sysfs prints them: include/linux/ioport.h. */
#define RESOURCE_IO	  0x00000100
#define RESOURCE_PREFETCH 0x00002000
#define RESOURCE_MEM_64	  0x00100000

/* "resource" has at most 17 lines of 3 numbers. */
#define RESOURCE_TEXT_MAX 2048

static int device_path(struct tphbuf_ctx *ctx, const char *bdf, const char *attr, char *path,
		       size_t size)
{
	int n = snprintf(path, size, "%s/bus/pci/devices/%s/%s", ctx->sysfs_root, bdf, attr);

	return (size_t)n < size ? 0 : -ENAMETOOLONG;
}

int sysfs_read(struct tphbuf_ctx *ctx, const char *bdf, const char *attr, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int ret;

	ret = device_path(ctx, bdf, attr, path, sizeof(path));
	if (ret)
		return ret;
	n = fd_read_file(path, buf, size);
	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -E2BIG;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return 0;
}

int sysfs_read_u64(struct tphbuf_ctx *ctx, const char *bdf, const char *attr, uint64_t *value)
{
	char text[32];
	int ret = sysfs_read(ctx, bdf, attr, text, sizeof(text));

	return ret ? ret : number_parse(text, strlen(text), value);
}

int sysfs_link_name(struct tphbuf_ctx *ctx, const char *bdf, const char *link, char *buf,
		    size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;
	int ret;

	ret = device_path(ctx, bdf, link, path, sizeof(path));
	if (ret)
		return ret;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return -ENAMETOOLONG;
	memcpy(buf, name, strlen(name) + 1);
	return 0;
}

int sysfs_device_path(struct tphbuf_ctx *ctx, const char *bdf, char *target, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int ret;

	ret = snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", ctx->sysfs_root, bdf);
	if ((size_t)ret >= sizeof(path))
		return -ENAMETOOLONG;
	n = readlink(path, target, size - 1);
	if (n < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	target[n] = '\0';
	return (size_t)n == size - 1 ? -ENAMETOOLONG : 0;
}

/* The last component of @path that is a PCI address: the function above a device. */
static int last_function(char *path, char *bdf)
{
	char *slash;

	while ((slash = strrchr(path, '/'))) {
		if (!tphbuf_bdf_parse(slash + 1, bdf))
			return 0;
		*slash = '\0';
	}
	return -ENODEV;
}

int sysfs_rdma_bdf(struct tphbuf_ctx *ctx, const char *name, char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX];
	int n;

	if (strchr(name, '/') || name[0] == '.')
		return -ENODEV;
	n = snprintf(path, sizeof(path), "%s/class/infiniband/%s/device", ctx->sysfs_root, name);
	if ((size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	/* That of a sub-function is an auxiliary device below the function. */
	if (!realpath(path, target))
		return errno == ENOMEM ? -ENOMEM : -ENODEV;
	return last_function(target, bdf);
}

bool sysfs_rdma_exists(struct tphbuf_ctx *ctx, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/class/infiniband/%s", ctx->sysfs_root, name);

	return (size_t)n < sizeof(path) && !stat(path, &st);
}

bool sysfs_hidden(int err)
{
	return err == -ENOENT || err == -EACCES || err == -EPERM;
}

static int read_config(void *arg, unsigned int offset, void *buf, unsigned int size)
{
	const struct sysfs_config *config = arg;
	ssize_t n = fd_pread(config->fd, buf, size, offset);

	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : -ENODATA;
}

int sysfs_config_open(struct tphbuf_ctx *ctx, const char *bdf, struct sysfs_config *config)
{
	char path[PATH_MAX];
	int ret = device_path(ctx, bdf, "config", path, sizeof(path));

	if (ret)
		return ret;
	config->fd = fd_open(path, O_RDONLY);
	if (config->fd < 0)
		return config->fd;
	config->reader.read = read_config;
	config->reader.arg = config;
	return 0;
}

void sysfs_config_close(struct sysfs_config *config)
{
	fd_close(config->fd);
}

int sysfs_first_entry(struct tphbuf_ctx *ctx, const char *bdf, const char *dirname,
		      const char *part, char *buf, size_t size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int ret;
	DIR *dir;

	ret = device_path(ctx, bdf, dirname, path, sizeof(path));
	if (ret)
		return ret;
	dir = opendir(path);
	if (!dir)
		return -errno;
	ret = -ENOENT;
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || !strstr(entry->d_name, part))
			continue;
		ret = -ENAMETOOLONG;
		if (len < size) {
			memcpy(buf, entry->d_name, len + 1);
			ret = 0;
		}
		break;
	}
	closedir(dir);
	return ret;
}

int sysfs_vfio_name(struct tphbuf_ctx *ctx, const char *bdf, char *buf, size_t size)
{
	return sysfs_first_entry(ctx, bdf, "vfio-dev", "vfio", buf, size);
}

int sysfs_exists(struct tphbuf_ctx *ctx, const char *bdf)
{
	char path[PATH_MAX];
	struct stat st;
	int ret;

	ret = device_path(ctx, bdf, "", path, sizeof(path));
	if (ret)
		return ret;
	if (!stat(path, &st))
		return 0;
	return errno == ENOENT ? -ENODEV : -errno;
}

static void parse_bar(char *line, struct tphbuf_bar *bar)
{
	uint64_t v[3];
	char *save = NULL;
	int i;

	for (i = 0; i < 3; i++) {
		const char *word = strtok_r(i ? NULL : line, " ", &save);

		if (!word || number_parse(word, strlen(word), &v[i]))
			return;
	}
	/* start, end, flags; all zero for a BAR that does not exist */
	if (!v[2] || v[1] < v[0])
		return;
	bar->addr = v[0];
	bar->size = v[1] - v[0] + 1;
	bar->flags = TPHBUF_BAR_PRESENT;
	if (v[2] & RESOURCE_IO)
		bar->flags |= TPHBUF_BAR_IO;
	if (v[2] & RESOURCE_PREFETCH)
		bar->flags |= TPHBUF_BAR_PREFETCH;
	if (v[2] & RESOURCE_MEM_64)
		bar->flags |= TPHBUF_BAR_64BIT;
}

static int describe_bars(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	char text[RESOURCE_TEXT_MAX];
	char *line = text, *end;
	int i, ret;

	ret = sysfs_read(ctx, bdf, "resource", text, sizeof(text));
	if (ret)
		return ret;
	for (i = 0; i < TPHBUF_NUM_BARS && line; i++) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		parse_bar(line, &info->bar[i]);
		line = end;
	}
	return 0;
}

static int describe_ids(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	uint64_t vendor, device, class_code;
	int ret;

	ret = sysfs_read_u64(ctx, bdf, "vendor", &vendor);
	if (!ret)
		ret = sysfs_read_u64(ctx, bdf, "device", &device);
	if (!ret)
		ret = sysfs_read_u64(ctx, bdf, "class", &class_code);
	if (ret)
		return ret;
	info->vendor = (uint16_t)vendor;
	info->device = (uint16_t)device;
	info->class_code = (uint32_t)class_code;
	return 0;
}

/* A name that does not exist, or does not fit, is not a failure. */
static int optional(int ret)
{
	return ret == -ENOENT || ret == -ENAMETOOLONG ? 0 : ret;
}

/* Optional attributes of a function. */
static int describe_links(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	int ret;

	ret = optional(sysfs_link_name(ctx, bdf, "driver", info->driver, sizeof(info->driver)));
	if (!ret)
		ret = optional(sysfs_vfio_name(ctx, bdf, info->vfio, sizeof(info->vfio)));
	if (!ret)
		ret = optional(sysfs_first_entry(ctx, bdf, "infiniband", "", info->rdma,
						 sizeof(info->rdma)));
	return ret;
}

static int describe_group(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	char group[TPHBUF_NAME_MAX];
	uint64_t number;
	int ret;

	info->iommu_group = -1;
	ret = sysfs_link_name(ctx, bdf, "iommu_group", group, sizeof(group));
	if (ret == -ENOENT)
		return 0;
	if (!ret)
		ret = number_parse(group, strlen(group), &number);
	if (!ret && number > INT32_MAX)
		ret = -ERANGE;
	if (!ret)
		info->iommu_group = (int32_t)number;
	return ret;
}

int sysfs_describe(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	int ret;

	memset(info, 0, sizeof(*info));
	memcpy(info->bdf, bdf, strlen(bdf) + 1);
	ret = describe_ids(ctx, bdf, info);
	if (!ret)
		ret = describe_bars(ctx, bdf, info);
	if (!ret)
		ret = describe_links(ctx, bdf, info);
	if (!ret)
		ret = describe_group(ctx, bdf, info);
	return ret;
}
