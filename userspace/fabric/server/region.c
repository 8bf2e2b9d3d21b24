// SPDX-License-Identifier: MIT
/*
 * vfio-user regions: config space and BARs.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "fabric/core/device.h"
#include "fabric/server/proto.h"

/* vfio_region_info followed by a vfio_region_info_cap_sparse_mmap with its one area */
struct sparse_info {
	struct vfio_region_info info;
	struct vfio_info_cap_header header;
	uint32_t nr_areas, reserved;
	struct vfio_region_sparse_mmap_area area;
};
_Static_assert(sizeof(struct sparse_info) == 64, "one sparse area");

static const struct fab_bar *region_bar(const struct fab_device *dev, uint32_t region)
{
	return region < FAB_BARS && dev->bar[region].size ? &dev->bar[region] : NULL;
}

static uint64_t region_size(const struct fab_device *dev, uint32_t region)
{
	const struct fab_bar *bar = region_bar(dev, region);

	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		return FAB_CFG_SIZE;
	return bar ? bar->size : 0;
}

/*
 * Capabilities that do not fit the caller's argsz are announced, not sent:
 * flags, cap_offset and the argsz that is needed are those of the full answer.
 */
int srv_region_info(struct srv_session *session, struct srv_msg *msg)
{
	const struct vfio_region_info *asked = msg->body;
	struct sparse_info answer = { .info = { .argsz = sizeof(answer.info),
						.index = asked->index } };
	const struct fab_bar *bar = region_bar(session->dev, asked->index);

	if (asked->argsz < sizeof(answer.info) || asked->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	answer.info.size = region_size(session->dev, asked->index);
	if (answer.info.size)
		answer.info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (bar && bar->map_size) {
		answer.info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		msg->reply_fd = bar->fd;
	}
	if (bar && bar->map_size && bar->map_size < bar->size) {
		answer.info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		answer.info.argsz = sizeof(answer);
		answer.info.cap_offset = sizeof(answer.info);
		answer.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
		answer.header.version = 1;
		answer.nr_areas = 1;
		answer.area.offset = bar->map_offset;
		answer.area.size = bar->map_size;
	}
	memcpy(msg->reply, &answer, sizeof(answer));
	msg->reply_len = answer.info.argsz <= asked->argsz ? answer.info.argsz : sizeof(answer.info);
	return 0;
}

static int check_access(const struct fab_device *dev, const struct srv_region_access *access)
{
	uint64_t size = region_size(dev, access->region);

	if (!access->count || access->count > SRV_MAX_XFER)
		return -EINVAL;
	return access->offset < size && access->count <= size - access->offset ? 0 : -EINVAL;
}

/* Bytes of [off, off + len) that one access covers: memory to its end, registers naturally aligned. */
static uint32_t step_of(const struct fab_bar *bar, uint64_t off, uint32_t len, bool *memory)
{
	uint64_t left = len, natural = off & 7 ? 1u << __builtin_ctzll(off) : 8;

	*memory = off >= bar->map_offset && off - bar->map_offset < bar->map_size;
	if (*memory) {
		if (left > bar->map_offset + bar->map_size - off)
			left = bar->map_offset + bar->map_size - off;
		return (uint32_t)left;
	}
	while (natural > left)
		natural /= 2;
	return (uint32_t)natural;
}

static void access_bar(struct fab_device *dev, unsigned int index, uint64_t off, uint8_t *data,
		       uint32_t len, bool write)
{
	const struct fab_bar *bar = &dev->bar[index];
	uint8_t *host = NULL;
	uint32_t step;
	bool memory;

	for (; len; off += step, data += step, len -= step) {
		step = step_of(bar, off, len, &memory);
		if (memory)
			host = (uint8_t *)bar->host + (off - bar->map_offset);
		if (memory && write)
			memcpy(host, data, step);
		else if (memory)
			memcpy(data, host, step);
		else if (write)
			dev->ops->bar_write(dev, index, off, data, step);
		else
			dev->ops->bar_read(dev, index, off, data, step);
	}
}

int srv_region_read(struct srv_session *session, struct srv_msg *msg)
{
	const struct srv_region_access *access = msg->body;
	uint8_t *data = msg->reply + sizeof(*access);
	int ret = check_access(session->dev, access);

	if (ret)
		return ret;
	if (access->region == VFIO_PCI_CONFIG_REGION_INDEX)
		fab_device_cfg_read(session->dev, (uint32_t)access->offset, data, access->count);
	else
		access_bar(session->dev, access->region, access->offset, data, access->count, false);
	memcpy(msg->reply, access, sizeof(*access));
	msg->reply_len = (uint32_t)sizeof(*access) + access->count;
	return 0;
}

int srv_region_write(struct srv_session *session, struct srv_msg *msg)
{
	const struct srv_region_access *access = msg->body;
	int ret = check_access(session->dev, access);

	if (ret)
		return ret;
	if (msg->len != sizeof(*access) + access->count)
		return -EINVAL;
	memcpy(msg->reply, access, sizeof(*access));
	msg->reply_len = sizeof(*access);
	return 0;
}

void srv_region_write_act(struct srv_session *session, struct srv_msg *msg)
{
	const struct srv_region_access *access = msg->body;

	if (access->region == VFIO_PCI_CONFIG_REGION_INDEX)
		fab_device_cfg_write(session->dev, (uint32_t)access->offset, access + 1,
				     access->count);
	else
		access_bar(session->dev, access->region, access->offset, (uint8_t *)(access + 1),
			   access->count, true);
}
