// SPDX-License-Identifier: MIT
/*
 * A vfio device by its IOMMU group and a container, the interface of kernels
 * and set-ups without vfio character devices: Documentation/driver-api/vfio.rst,
 * "VFIO Usage Example".
 *
 * The group goes into a container of its own, in which nothing is mapped: the
 * device can do no DMA to memory of this process. The kernel lets a group be
 * open once, so two functions of one group need one opener: see
 * tphbuf_device_from_fd().
 */
#include <errno.h>
#include <stdio.h>

#include "lib/core/node.h"
#include "lib/vfio/backend.h"
#include "lib/vfio/group.h"
#include "lib/vfio/vfio.h"
#include "util/fd.h"

#define TOKEN_OPTION " vf_token="

static int fail_no_group(struct tphbuf_device *dev)
{
	return ctx_fail(dev->ctx, TPHBUF_STAGE_LOOKUP, -EOPNOTSUPP,
			"%s: is in no IOMMU group; switch the IOMMU on in firmware and with intel_iommu=on or amd_iommu=on",
			dev->bdf);
}

static int open_nodes(struct tphbuf_device *dev, const struct group *group,
		      const struct tphbuf_device_opts *opts)
{
	char node[TPHBUF_NAME_MAX], sysfs[TPHBUF_NAME_MAX + sizeof("class/")];
	int ret;

	snprintf(node, sizeof(node), "vfio/%s%u", group->noiommu ? "noiommu-" : "", group->number);
	if (group->noiommu) {
		ret = check_noiommu(dev, opts, node);
		if (ret)
			return ret;
	}
	snprintf(sysfs, sizeof(sysfs), "class/%s", node); /* of class vfio, under the same name */
	ret = node_open(dev->ctx, TPHBUF_STAGE_OPEN, node, sysfs, &dev->group);
	if (ret)
		return ret;
	return node_open(dev->ctx, TPHBUF_STAGE_OPEN, "vfio/vfio", "class/misc/vfio",
			 &dev->container);
}

/* The IOMMU model to ask for; 0 if the container has none that fits. */
static unsigned long pick_model(struct tphbuf_device *dev, bool noiommu)
{
	static const unsigned long models[] = {
		VFIO_TYPE1v2_IOMMU,
		VFIO_TYPE1_IOMMU,
	};
	size_t i;

	if (noiommu)
		return VFIO_NOIOMMU_IOMMU;
	for (i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (vfio_container_has(dev->container, models[i]) > 0)
			return models[i];
	return 0;
}

static int fill_container(struct tphbuf_device *dev, bool noiommu)
{
	unsigned long model;
	uint32_t flags;
	int ret;

	if (vfio_container_version(dev->container) != VFIO_API_VERSION)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ATTACH, -EOPNOTSUPP,
				"%s/vfio/vfio speaks another version of the vfio interface than this library; check what the node is",
				dev->ctx->dev_root);
	ret = vfio_group_flags(dev->group, &flags);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_ATTACH, ret,
				      "%s: state of its IOMMU group", dev->bdf);
	if (!(flags & VFIO_GROUP_FLAGS_VIABLE))
		return group_fail(dev, TPHBUF_STAGE_ATTACH, -EPERM);
	ret = vfio_group_set_container(dev->group, dev->container);
	if (ret == -EPERM)
		return group_fail(dev, TPHBUF_STAGE_ATTACH, ret);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_ATTACH, ret, "%s: container", dev->bdf);
	model = pick_model(dev, noiommu);
	if (!model)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ATTACH, -EOPNOTSUPP,
				"%s: the kernel has no type 1 IOMMU back end for groups; load vfio_iommu_type1, or use the iommufd back end",
				dev->bdf);
	ret = vfio_container_set_iommu(dev->container, model);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_ATTACH, ret, "%s: IOMMU model %lu",
				      dev->bdf, model);
	return 0;
}

/* The name carries the VF token: "0000:03:10.0 vf_token=UUID". */
static int get_device(struct tphbuf_device *dev, const char *token)
{
	char name[TPHBUF_BDF_MAX + sizeof(TOKEN_OPTION) + UUID_TEXT_LEN];
	int fd;

	snprintf(name, sizeof(name), "%s%s%s", dev->bdf, token ? TOKEN_OPTION : "",
		 token ? token : "");
	fd = vfio_group_device(dev->group, name);
	if (fd < 0)
		return vf_token_fail(dev, fd, token);
	dev->fd = fd_above_std(fd);
	if (dev->fd < 0)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_OPEN, dev->fd, "%s", dev->bdf);
	return 0;
}

static int group_open(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts)
{
	char driver[TPHBUF_NAME_MAX];
	unsigned char token[UUID_SIZE];
	struct group group;
	int ret;

	ret = vf_token_parse(dev, opts, token);
	if (!ret)
		ret = check_vfio_driver(dev, driver);
	if (ret)
		return ret;
	ret = group_find(dev->ctx, dev->bdf, &group);
	if (ret == -ENOENT)
		return fail_no_group(dev);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_LOOKUP, ret, "%s: iommu_group",
				      dev->bdf);
	ret = open_nodes(dev, &group, opts);
	if (!ret)
		ret = fill_container(dev, group.noiommu);
	return ret ? ret : get_device(dev, opts->vf_token);
}

static void group_close(struct tphbuf_device *dev)
{
	/* The device holds the group, and the group its container. */
	fd_close(dev->fd);
	fd_close(dev->group);
	fd_close(dev->container);
}

const struct device_backend backend_group = {
	.name = "group",
	.open = group_open,
	.close = group_close,
};
