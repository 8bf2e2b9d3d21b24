/* SPDX-License-Identifier: MIT */
/* PCI functions in sysfs. Paths start at the context's root. */
#ifndef TPHBUF_SYSFS_H
#define TPHBUF_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <tphbuf/device.h>

#include "lib/pci/config.h"

/*
 * Read attribute @attr of function @bdf as a string without its newline.
 * Return: 0 or -errno; -E2BIG if it does not fit.
 */
int sysfs_read(struct tphbuf_ctx *ctx, const char *bdf, const char *attr, char *buf, size_t size);

/* Read a number. Return: 0 or -errno; -EINVAL if it is none. */
int sysfs_read_u64(struct tphbuf_ctx *ctx, const char *bdf, const char *attr, uint64_t *value);

/* Last component of the symbolic link @link of @bdf; -ENOENT if none. */
int sysfs_link_name(struct tphbuf_ctx *ctx, const char *bdf, const char *link, char *buf,
		    size_t size);

/* The whole target of the symbolic link of function @bdf itself. */
int sysfs_device_path(struct tphbuf_ctx *ctx, const char *bdf, char *target, size_t size);

/*
 * PCI function of RDMA device @name, also if it belongs to a sub-function.
 * Return: 0, -ENODEV (no such device, or none with a PCI function), -errno.
 */
int sysfs_rdma_bdf(struct tphbuf_ctx *ctx, const char *name, char *bdf);
bool sysfs_rdma_exists(struct tphbuf_ctx *ctx, const char *name);

/*
 * The "config" file of a function. It is short for unprivileged users. The
 * reader points into the structure, which stays where it is while it is open.
 */
struct sysfs_config {
	struct pcicfg_reader reader;
	int fd;
};

/*
 * True if @err means that the file is missing from a sandbox's sysfs or that
 * this user may not read it: the content is unknown.
 */
bool sysfs_hidden(int err);

/* 0 or -errno; on failure nothing is open. */
int sysfs_config_open(struct tphbuf_ctx *ctx, const char *bdf, struct sysfs_config *config);
void sysfs_config_close(struct sysfs_config *config);

/*
 * First entry of directory @dir of @bdf whose name contains @part.
 * Return: 0; -ENOENT if there is no such directory or entry.
 */
int sysfs_first_entry(struct tphbuf_ctx *ctx, const char *bdf, const char *dir, const char *part,
		      char *buf, size_t size);

/*
 * Name of the vfio character device of @bdf ("vfio0", "noiommu-vfio0").
 * Return: 0; -ENOENT if no vfio driver with character devices is bound.
 */
int sysfs_vfio_name(struct tphbuf_ctx *ctx, const char *bdf, char *buf, size_t size);

/* 0 if the function exists, -ENODEV, or -errno. */
int sysfs_exists(struct tphbuf_ctx *ctx, const char *bdf);

/* Everything of @info that does not come from config space. */
int sysfs_describe(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info);

#endif
