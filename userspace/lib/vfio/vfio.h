/* SPDX-License-Identifier: MIT */
/*
 * The vfio and iommufd ioctls, one function each: the only place that sees -1
 * and errno. All return 0 (or a stated value) or -errno.
 */
#ifndef TPHBUF_VFIO_H
#define TPHBUF_VFIO_H

#include <stddef.h>
#include <stdint.h>

/* Structures and bits of <linux/vfio.h> that the callers need. */
#include <linux/vfio.h>

int vfio_bind_iommufd(int fd, int iommufd, const unsigned char *token);
int vfio_attach_ioas(int fd, uint32_t ioas);
int vfio_region_info(int fd, uint32_t index, uint64_t *size, uint64_t *offset, uint32_t *flags);
int vfio_reset(int fd);

/* struct vfio_device_feature without its array, so that a payload can follow. */
struct vfio_feature_head {
	uint32_t argsz;
	uint32_t flags;
};

_Static_assert(sizeof(struct vfio_feature_head) == offsetof(struct vfio_device_feature, data) &&
		       offsetof(struct vfio_feature_head, flags) ==
			       offsetof(struct vfio_device_feature, flags),
	       "feature head");

/*
 * VFIO_DEVICE_FEATURE: @flags holds GET, SET and the feature number, @feature
 * the head, filled in here, followed by the payload, @size bytes together.
 *
 * Return: what the ioctl returns, >= 0, or -errno.
 */
int vfio_feature(int fd, uint32_t flags, struct vfio_feature_head *feature, size_t size);

/* The same with VFIO_DEVICE_FEATURE_PROBE: 0 if a call would be accepted */
int vfio_probe(int fd, uint32_t flags);

int iommufd_ioas_alloc(int iommufd, uint32_t *ioas);

/* VFIO_DEVICE_FLAGS_ of a device descriptor. */
int vfio_device_flags(int fd, uint32_t *flags);

/*
 * The legacy interface. A container is /dev/vfio/vfio, a group
 * /dev/vfio/GROUP; @type is a VFIO_..._IOMMU number.
 */
int vfio_container_version(int container);		   /* version or -errno */
int vfio_container_has(int container, unsigned long type); /* > 0 if so */
int vfio_container_set_iommu(int container, unsigned long type);
int vfio_group_flags(int group, uint32_t *flags); /* VFIO_GROUP_FLAGS_ */
int vfio_group_set_container(int group, int container);
/* @name: BDF, options behind it. Return: device descriptor or -errno. */
int vfio_group_device(int group, const char *name);

#endif
