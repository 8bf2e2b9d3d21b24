// SPDX-License-Identifier: MIT
/* The vfio and iommufd ioctls, see vfio.h. */
#include <errno.h>
#include <linux/iommufd.h>
#include <sys/ioctl.h>

#include "lib/vfio/vfio.h"

/* ioctl(), repeated after a signal. Return: what it returns, >= 0, or -errno. */
static int xioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int vfio_bind_iommufd(int fd, int iommufd, const unsigned char *token)
{
	struct vfio_device_bind_iommufd bind = {
		/* Kernels before the token know the shorter structure. */
		.argsz = token ? sizeof(bind) :
				 offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr),
		.flags = token ? VFIO_DEVICE_BIND_FLAG_TOKEN : 0,
		.iommufd = iommufd,
		.token_uuid_ptr = (uintptr_t)token,
	};

	return xioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

int vfio_attach_ioas(int fd, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = offsetof(struct vfio_device_attach_iommufd_pt, pt_id) + sizeof(attach.pt_id),
		.pt_id = ioas,
	};

	return xioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

int vfio_region_info(int fd, uint32_t index, uint64_t *size, uint64_t *offset, uint32_t *flags)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};
	int ret = xioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info);

	if (ret)
		return ret;
	*size = info.size;
	*offset = info.offset;
	*flags = info.flags;
	return 0;
}

int vfio_reset(int fd)
{
	return xioctl(fd, VFIO_DEVICE_RESET, NULL);
}

int vfio_feature(int fd, uint32_t flags, struct vfio_feature_head *feature, size_t size)
{
	feature->argsz = (uint32_t)size;
	feature->flags = flags;
	return xioctl(fd, VFIO_DEVICE_FEATURE, feature);
}

int vfio_probe(int fd, uint32_t flags)
{
	struct vfio_feature_head feature;

	return vfio_feature(fd, VFIO_DEVICE_FEATURE_PROBE | flags, &feature, sizeof(feature));
}

int iommufd_ioas_alloc(int iommufd, uint32_t *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int ret = xioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc);

	if (!ret)
		*ioas = alloc.out_ioas_id;
	return ret;
}

int vfio_device_flags(int fd, uint32_t *flags)
{
	struct vfio_device_info info = {
		.argsz = offsetof(struct vfio_device_info, num_irqs) + sizeof(info.num_irqs),
	};
	int ret = xioctl(fd, VFIO_DEVICE_GET_INFO, &info);

	if (!ret)
		*flags = info.flags;
	return ret;
}

int vfio_container_version(int container)
{
	return xioctl(container, VFIO_GET_API_VERSION, NULL);
}

int vfio_container_has(int container, unsigned long type)
{
	return xioctl(container, VFIO_CHECK_EXTENSION, (void *)type);
}

int vfio_container_set_iommu(int container, unsigned long type)
{
	return xioctl(container, VFIO_SET_IOMMU, (void *)type);
}

int vfio_group_flags(int group, uint32_t *flags)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret = xioctl(group, VFIO_GROUP_GET_STATUS, &status);

	if (!ret)
		*flags = status.flags;
	return ret;
}

int vfio_group_set_container(int group, int container)
{
	return xioctl(group, VFIO_GROUP_SET_CONTAINER, &container);
}

int vfio_group_device(int group, const char *name)
{
	return xioctl(group, VFIO_GROUP_GET_DEVICE_FD, (void *)(uintptr_t)name);
}
