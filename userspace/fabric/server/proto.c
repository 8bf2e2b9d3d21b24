// SPDX-License-Identifier: MIT
/*
 * vfio-user: the table of commands, the dispatcher with every check of lengths and file
 * descriptors, and the commands for the device as a whole.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "fabric/core/device.h"
#include "fabric/core/fabric.h"
#include "fabric/core/mem.h"
#include "fabric/server/proto.h"

#define VERSION_MAX_JSON 4096

/* QEMU offers 65535 and may refuse a higher answer. FAB_MEM_MAPS is the effective limit. */
#define MAX_DMA_MAPS 65535u

static bool json_valid(const char *text, size_t len)
{
	cJSON *json;
	bool ok;

	if (!len)
		return true; /* no capabilities given */
	if (len > VERSION_MAX_JSON || text[len - 1] != '\0')
		return false;
	json = cJSON_ParseWithLength(text, len);
	ok = cJSON_IsObject(json);
	cJSON_Delete(json);
	return ok;
}

static int run_version(struct srv_session *session, struct srv_msg *msg)
{
	const struct srv_version *version = msg->body;
	struct srv_version answer = { .major = 0, .minor = 0 };
	int n;

	if (session->versioned || version->major != 0)
		return -EINVAL;
	if (!json_valid((const char *)(version + 1), msg->len - sizeof(*version)))
		return -EINVAL;
	memcpy(msg->reply, &answer, sizeof(answer));
	n = snprintf((char *)msg->reply + sizeof(answer), SRV_MAX_BODY - sizeof(answer),
		     "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,\"max_dma_maps\":%u,\"pgsizes\":%u}}",
		     SRV_MAX_FDS, SRV_MAX_XFER, MAX_DMA_MAPS, FAB_MEM_PAGE);
	msg->reply_len = (uint32_t)(sizeof(answer) + (size_t)n + 1);
	session->versioned = true;
	fab_device_clear(session->dev);
	return 0;
}

static int run_dma_map(struct srv_session *session, struct srv_msg *msg)
{
	const struct srv_dma_map *map = msg->body;
	unsigned int prot = 0;
	int ret;

	if (map->argsz < sizeof(*map) || (map->flags & ~(SRV_DMA_FLAG_READ | SRV_DMA_FLAG_WRITE)))
		return -EINVAL;
	if (map->flags & SRV_DMA_FLAG_READ)
		prot |= FAB_MEM_READ;
	if (map->flags & SRV_DMA_FLAG_WRITE)
		prot |= FAB_MEM_WRITE;
	ret = fab_mem_map(session->dev->mem, map->addr, map->size, msg->nfds ? msg->fds[0] : -1,
			  map->offset, prot);
	if (ret == -ENOSPC)
		msg->why = "the function has reached its limit of mapped ranges or files";
	return ret;
}

static int run_dma_unmap(struct srv_session *session, struct srv_msg *msg)
{
	const struct srv_dma_unmap *unmap = msg->body;
	int ret = 0;

	if (unmap->argsz < sizeof(*unmap) || (unmap->flags & ~SRV_UNMAP_FLAG_ALL))
		return -EINVAL;
	if (!(unmap->flags & SRV_UNMAP_FLAG_ALL))
		ret = fab_mem_unmap(session->dev->mem, unmap->addr, unmap->size);
	else if (unmap->addr || unmap->size)
		ret = -EINVAL;
	else
		fab_mem_clear(session->dev->mem);
	if (ret)
		return ret;
	memcpy(msg->reply, unmap, sizeof(*unmap));
	msg->reply_len = sizeof(*unmap);
	return 0;
}

static int run_device_info(struct srv_session *session, struct srv_msg *msg)
{
	const struct vfio_device_info *asked = msg->body;
	const uint32_t info[4] = { sizeof(info), VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
				   VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_IRQS };

	(void)session;
	if (asked->argsz < sizeof(info))
		return -EINVAL;
	memcpy(msg->reply, info, sizeof(info));
	msg->reply_len = sizeof(info);
	return 0;
}

static int run_reset(struct srv_session *session, struct srv_msg *msg)
{
	(void)msg;
	fab_device_reset(session->dev);
	return 0;
}

static const struct command {
	const char *name;
	uint32_t min, max; /* bytes after the header */
	unsigned int max_fds;
	int (*run)(struct srv_session *session, struct srv_msg *msg); /* NULL: known, not supported */
	void (*act)(struct srv_session *session, struct srv_msg *msg); /* after the reply */
} commands[SRV_COMMAND_COUNT] = {
	[SRV_VERSION] = { "VERSION", 4, SRV_MAX_BODY, 0, run_version, NULL },
	[SRV_DMA_MAP] = { "DMA_MAP", 32, 32, 1, run_dma_map, NULL },
	[SRV_DMA_UNMAP] = { "DMA_UNMAP", 24, 24, 0, run_dma_unmap, NULL },
	[SRV_DEVICE_GET_INFO] = { "DEVICE_GET_INFO", 16, SRV_MAX_BODY, 0, run_device_info, NULL },
	[SRV_DEVICE_GET_REGION_INFO] = { "DEVICE_GET_REGION_INFO", 32, SRV_MAX_BODY, 0,
					 srv_region_info, NULL },
	[SRV_DEVICE_GET_REGION_IO_FDS] = { "DEVICE_GET_REGION_IO_FDS", 0, SRV_MAX_BODY, 0, NULL,
					   NULL },
	[SRV_DEVICE_GET_IRQ_INFO] = { "DEVICE_GET_IRQ_INFO", 16, SRV_MAX_BODY, 0, srv_irq_info,
				      NULL },
	[SRV_DEVICE_SET_IRQS] = { "DEVICE_SET_IRQS", 20, 20 + FAB_VECTORS, SRV_MAX_FDS, srv_irq_set,
				  NULL },
	[SRV_REGION_READ] = { "REGION_READ", 16, 16, 0, srv_region_read, NULL },
	[SRV_REGION_WRITE] = { "REGION_WRITE", 16, SRV_MAX_BODY, 0, srv_region_write,
			       srv_region_write_act },
	[SRV_DMA_READ] = { "DMA_READ", 0, SRV_MAX_BODY, 0, NULL, NULL },
	[SRV_DMA_WRITE] = { "DMA_WRITE", 0, SRV_MAX_BODY, 0, NULL, NULL },
	[SRV_DEVICE_RESET] = { "DEVICE_RESET", 0, 0, 0, run_reset, NULL },
};

static const struct command *find(unsigned int number)
{
	return number < SRV_COMMAND_COUNT && commands[number].name ? &commands[number] : NULL;
}

const char *srv_proto_name(unsigned int number)
{
	const struct command *command = find(number);

	return command ? command->name : "unknown command";
}

int srv_proto_run(struct srv_session *session, struct srv_msg *msg, bool *close)
{
	const struct command *command = find(msg->header.command);

	if ((msg->header.flags & SRV_TYPE_MASK) != SRV_TYPE_COMMAND ||
	    (msg->header.flags & ~(SRV_TYPE_MASK | SRV_NO_REPLY))) {
		*close = true; /* an answer without a command, or a newer protocol */
		return -EINVAL;
	}
	if (!session->versioned && msg->header.command != SRV_VERSION) {
		*close = true;
		return -EINVAL;
	}
	if (!command || !command->run)
		return -EOPNOTSUPP;
	if (msg->len < command->min || msg->len > command->max || msg->nfds > command->max_fds)
		return -EINVAL;
	return command->run(session, msg);
}

void srv_proto_act(struct srv_session *session, struct srv_msg *msg)
{
	const struct command *command = find(msg->header.command);

	if (command && command->act)
		command->act(session, msg);
}
