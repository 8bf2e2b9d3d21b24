/* SPDX-License-Identifier: MIT */
/* IOMMU groups as sysfs shows them. */
#ifndef TPHBUF_GROUP_H
#define TPHBUF_GROUP_H

#include "lib/core/internal.h"

struct group {
	uint32_t number;
	bool noiommu; /* made by vfio for a device without IOMMU */
};

/* The group of function @bdf. 0, -ENOENT if it has none, or -errno. */
int group_find(struct tphbuf_ctx *ctx, const char *bdf, struct group *group);

/*
 * The members of @dev's group whose driver keeps the group from being used
 * through vfio, as text: "0000:03:00.1 (snd_hda_intel), ...".
 *
 * Return: their number, or -errno. What does not fit in @text is left out.
 */
int group_blockers(struct tphbuf_device *dev, char *text, size_t size);

/*
 * Record that the kernel does not let the group of @dev be owned: names the
 * members that prevent it, if any. Return: @err.
 */
int group_fail(struct tphbuf_device *dev, enum tphbuf_stage stage, int err);

#endif
