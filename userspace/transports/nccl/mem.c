// SPDX-License-Identifier: MIT
/*
 * Registration. A dma-buf goes through the device's registry (libtphbuf), which knows it
 * by inode, range, access and tag: NCCL closes the descriptor after the call and
 * reuses its number. Regions are of the device, not of the comm (regIsGlobal).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

bool net_mr_covers(const struct net_mr *mr, const void *data, size_t size)
{
	const char *p = data;

	return p >= mr->data && size <= mr->size && (size_t)(p - mr->data) <= mr->size - size;
}

static enum nccl_result mr_new(struct net_comm *comm, void *data, size_t size, int type,
			       const char *call, struct net_mr **mr)
{
	struct net_mr *made;

	if (!comm || comm->magic != NET_MAGIC_COMM) {
		net_warn("%s: not a comm of this plugin", call);
		return NCCL_INVALID_ARGUMENT;
	}
	if (!size) {
		net_warn("%s: a region of no bytes", call);
		return NCCL_INVALID_ARGUMENT;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return NCCL_SYSTEM_ERROR;
	made->magic = NET_MAGIC_MR;
	made->id = net_number();
	made->dev = comm->dev;
	made->type = type;
	made->data = data;
	made->size = size;
	*mr = made;
	return NCCL_SUCCESS;
}

static void mr_free(struct net_mr *mr)
{
	mr->magic = 0;
	free(mr);
}

/* Device memory without dma-buf: the vendor's library may know it. */
static enum nccl_result reg_by_address(struct net_comm *comm, struct net_mr *mr)
{
	const struct net_backend *backend = comm->dev->backend;
	enum nccl_result result;
	uint64_t offset;
	int fd;

	if (!net_memory_known())
		return backend->reg(comm->dev, mr);
	if (net_memory_resolve(mr->data, mr->size, &fd, &offset))
		return NCCL_INVALID_USAGE;
	result = backend->reg_dmabuf(comm->dev, mr, offset, fd);
	close(fd);
	return result;
}

enum nccl_result net_reg(struct net_comm *comm, void *data, size_t size, int type,
			 struct net_mr **mr)
{
	struct net_mr *made = NULL;
	enum nccl_result result;

	*mr = NULL;
	result = mr_new(comm, data, size, type, "regMr", &made);
	if (result)
		return result;
	if (type != NCCL_PTR_HOST && type != NCCL_PTR_CUDA) {
		net_warn("regMr: memory type %d; 1 (host) and 2 (device) exist", type);
		result = NCCL_INVALID_ARGUMENT;
	} else if (type == NCCL_PTR_CUDA) {
		result = reg_by_address(comm, made);
	} else {
		result = comm->dev->backend->reg(comm->dev, made);
	}
	net_trace("regMr", result, "\"comm\":%u,\"mr\":%u,\"type\":%d,\"size\":%zu,\"page\":%zu",
		  comm->id, made->id, type, size, (size_t)data & 4095);
	if (result)
		mr_free(made);
	else
		*mr = made;
	return result;
}

enum nccl_result net_reg_dmabuf(struct net_comm *comm, void *data, size_t size, int type,
				uint64_t offset, int fd, struct net_mr **mr)
{
	struct net_mr *made = NULL;
	enum nccl_result result;

	*mr = NULL;
	result = mr_new(comm, data, size, type, "regMrDmaBuf", &made);
	if (result)
		return result;
	result = comm->dev->backend->reg_dmabuf(comm->dev, made, offset, fd);
	net_trace("regMrDmaBuf", result,
		  "\"comm\":%u,\"mr\":%u,\"type\":%d,\"size\":%zu,\"page\":%zu,\"offset\":%llu",
		  comm->id, made->id, type, size, (size_t)data & 4095, (unsigned long long)offset);
	if (result)
		mr_free(made);
	else
		*mr = made;
	return result;
}

enum nccl_result net_dereg(struct net_comm *comm, struct net_mr *mr)
{
	if (!comm || comm->magic != NET_MAGIC_COMM || !mr || mr->magic != NET_MAGIC_MR) {
		net_warn("deregMr: not a comm or not a memory handle of this plugin");
		return NCCL_INVALID_ARGUMENT;
	}
	net_trace("deregMr", NCCL_SUCCESS, "\"comm\":%u,\"mr\":%u", comm->id, mr->id);
	mr->dev->backend->unreg(mr);
	mr_free(mr);
	return NCCL_SUCCESS;
}
