// SPDX-License-Identifier: MIT
/*
 * An ioctl names an object, a method and its attributes: handles in attr.data, values of up to 8 bytes
 * inline there, everything else by pointer (include/uapi/rdma/rdma_user_ioctl_cmds.h).
 */
#include "tests/guest/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_ATTRS 16

struct request {
	struct ib_uverbs_ioctl_hdr head;
	struct ib_uverbs_attr attr[MAX_ATTRS];
};

static struct ib_uverbs_attr *add(struct request *req, uint16_t id, uint16_t len, uint64_t data)
{
	struct ib_uverbs_attr *attr = &req->attr[req->head.num_attrs++];

	*attr = (struct ib_uverbs_attr){
		.attr_id = id, .len = len, .flags = UVERBS_ATTR_F_MANDATORY, .data = data
	};
	return attr;
}

static void add_out(struct request *req, uint16_t id, void *to, uint16_t len)
{
	add(req, id, len, (uintptr_t)to);
}

static int submit(struct ibv_context *ctx, struct request *req, uint16_t object, uint16_t method)
{
	req->head.object_id = object;
	req->head.method_id = method;
	req->head.driver_id = RDMA_DRIVER_MLX5;
	req->head.length =
		(uint16_t)(sizeof(req->head) + req->head.num_attrs * sizeof(req->attr[0]));
	return ioctl(ctx->cmd_fd, RDMA_VERBS_IOCTL, req) ? -errno : 0;
}

int uverbs_dmah_alloc(struct ibv_context *ctx, const struct uverbs_dmah_opts *opts, uint32_t *handle)
{
	struct request req = { 0 };
	struct ib_uverbs_attr *mine = add(&req, UVERBS_ATTR_ALLOC_DMAH_HANDLE, 0, 0);
	int ret;

	if (opts->has_cpu) {
		add(&req, UVERBS_ATTR_ALLOC_DMAH_CPU_ID, sizeof(opts->cpu), opts->cpu);
		add(&req, UVERBS_ATTR_ALLOC_DMAH_TPH_MEM_TYPE, 0, 0)->attr_data.enum_data.elem_id =
			opts->persistent;
	}
	if (opts->has_ph)
		add(&req, UVERBS_ATTR_ALLOC_DMAH_PH, sizeof(opts->ph), opts->ph);
	ret = submit(ctx, &req, UVERBS_OBJECT_DMAH, UVERBS_METHOD_DMAH_ALLOC);
	if (!ret)
		*handle = (uint32_t)mine->data;
	return ret;
}

int uverbs_dmah_free(struct ibv_context *ctx, uint32_t handle)
{
	struct request req = { 0 };

	add(&req, UVERBS_ATTR_FREE_DMA_HANDLE, 0, handle);
	return submit(ctx, &req, UVERBS_OBJECT_DMAH, UVERBS_METHOD_DMAH_FREE);
}

/* REG_MR with what @req has already (the memory), and what all kinds of memory have. */
static int reg_mr(struct ibv_pd *pd, struct request *req, uint64_t iova, uint64_t len, int access,
		  uint32_t dmah, const uint32_t *tph_flags, struct uverbs_mr *mr)
{
	struct ib_uverbs_attr *mine = add(req, UVERBS_ATTR_REG_MR_HANDLE, 0, 0);
	int ret;

	add(req, UVERBS_ATTR_REG_MR_PD_HANDLE, 0, pd->handle);
	if (dmah != UVERBS_NO_DMAH)
		add(req, UVERBS_ATTR_REG_MR_DMA_HANDLE, 0, dmah);
	add(req, UVERBS_ATTR_REG_MR_IOVA, sizeof(uint64_t), iova);
	add(req, UVERBS_ATTR_REG_MR_LENGTH, sizeof(uint64_t), len);
	add(req, UVERBS_ATTR_REG_MR_ACCESS_FLAGS, sizeof(uint32_t), (uint32_t)access);
	add_out(req, UVERBS_ATTR_REG_MR_RESP_LKEY, &mr->lkey, sizeof(mr->lkey));
	add_out(req, UVERBS_ATTR_REG_MR_RESP_RKEY, &mr->rkey, sizeof(mr->rkey));
	if (tph_flags)
		add(req, UVERBS_ATTR_REG_MR_TPH_FLAGS, sizeof(*tph_flags), *tph_flags);
	ret = submit(pd->context, req, UVERBS_OBJECT_MR, UVERBS_METHOD_REG_MR);
	if (!ret)
		mr->handle = (uint32_t)mine->data;
	return ret;
}

static int reg_dmabuf(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t dmah,
		      const uint32_t *tph_flags, struct uverbs_mr *mr)
{
	struct request req = { 0 };

	add(&req, UVERBS_ATTR_REG_MR_FD, 0, 0)->data_s64 = fd;
	add(&req, UVERBS_ATTR_REG_MR_FD_OFFSET, sizeof(uint64_t), 0);
	return reg_mr(pd, &req, 0, len, access, dmah, tph_flags, mr);
}

int uverbs_reg_dmabuf(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t dmah,
		      struct uverbs_mr *mr)
{
	return reg_dmabuf(pd, fd, len, access, dmah, NULL, mr);
}

int uverbs_reg_dmabuf_flags(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t dmah,
			    uint32_t tph_flags, struct uverbs_mr *mr)
{
	return reg_dmabuf(pd, fd, len, access, dmah, &tph_flags, mr);
}

int uverbs_reg_dmabuf_old(struct ibv_pd *pd, int fd, uint64_t len, int access, uint32_t tph_flags,
			  struct uverbs_mr *mr)
{
	struct request req = { 0 };
	struct ib_uverbs_attr *mine = add(&req, UVERBS_ATTR_REG_DMABUF_MR_HANDLE, 0, 0);
	int ret;

	add(&req, UVERBS_ATTR_REG_DMABUF_MR_PD_HANDLE, 0, pd->handle);
	add(&req, UVERBS_ATTR_REG_DMABUF_MR_OFFSET, sizeof(uint64_t), 0);
	add(&req, UVERBS_ATTR_REG_DMABUF_MR_LENGTH, sizeof(uint64_t), len);
	add(&req, UVERBS_ATTR_REG_DMABUF_MR_IOVA, sizeof(uint64_t), 0);
	add(&req, UVERBS_ATTR_REG_DMABUF_MR_FD, sizeof(uint32_t), (uint32_t)fd);
	add(&req, UVERBS_ATTR_REG_DMABUF_MR_ACCESS_FLAGS, sizeof(uint32_t), (uint32_t)access);
	add_out(&req, UVERBS_ATTR_REG_DMABUF_MR_RESP_LKEY, &mr->lkey, sizeof(mr->lkey));
	add_out(&req, UVERBS_ATTR_REG_DMABUF_MR_RESP_RKEY, &mr->rkey, sizeof(mr->rkey));
	add(&req, UVERBS_ATTR_REG_DMABUF_MR_TPH_FLAGS, sizeof(tph_flags), tph_flags);
	ret = submit(pd->context, &req, UVERBS_OBJECT_MR, UVERBS_METHOD_REG_DMABUF_MR);
	if (!ret)
		mr->handle = (uint32_t)mine->data;
	return ret;
}

static int reg_addr(struct ibv_pd *pd, void *addr, uint64_t len, int access, uint32_t dmah,
		    const uint32_t *tph_flags, struct uverbs_mr *mr)
{
	struct request req = { 0 };

	add(&req, UVERBS_ATTR_REG_MR_ADDR, sizeof(uint64_t), (uintptr_t)addr);
	return reg_mr(pd, &req, (uintptr_t)addr, len, access, dmah, tph_flags, mr);
}

int uverbs_reg_addr(struct ibv_pd *pd, void *addr, uint64_t len, int access, uint32_t dmah,
		    struct uverbs_mr *mr)
{
	return reg_addr(pd, addr, len, access, dmah, NULL, mr);
}

int uverbs_reg_addr_flags(struct ibv_pd *pd, void *addr, uint64_t len, int access,
			  uint32_t tph_flags)
{
	struct uverbs_mr mr;

	return reg_addr(pd, addr, len, access, UVERBS_NO_DMAH, &tph_flags, &mr);
}

int uverbs_query_tph(struct ibv_context *ctx, uint32_t handle, struct uverbs_tph *tph)
{
	struct request req = { 0 };
	uint32_t lkey, rkey;
	uint64_t length;

	memset(tph, 0xff, sizeof(*tph));
	add(&req, UVERBS_ATTR_QUERY_MR_HANDLE, 0, handle);
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_LKEY, &lkey, sizeof(lkey));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_RKEY, &rkey, sizeof(rkey));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_LENGTH, &length, sizeof(length));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_TPH_STATE, &tph->state, sizeof(tph->state));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_TPH_ST_WIDTH, &tph->st_width, sizeof(tph->st_width));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_TPH_ST, &tph->st, sizeof(tph->st));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_TPH_PH, &tph->ph, sizeof(tph->ph));
	add_out(&req, UVERBS_ATTR_QUERY_MR_RESP_TPH_STALE_FAULTS, &tph->stale_faults,
		sizeof(tph->stale_faults));
	return submit(ctx, &req, UVERBS_OBJECT_MR, UVERBS_METHOD_QUERY_MR);
}

int uverbs_dereg(struct ibv_context *ctx, const struct uverbs_mr *mr)
{
	struct request req = { 0 };

	add(&req, UVERBS_ATTR_DESTROY_MR_HANDLE, 0, mr->handle);
	return submit(ctx, &req, UVERBS_OBJECT_MR, UVERBS_METHOD_MR_DESTROY);
}

int uverbs_rereg_access(struct ibv_mr *mr, struct ibv_pd *pd, int access)
{
	struct ib_uverbs_rereg_mr_resp answer;
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_rereg_mr body;
	} cmd = {
		.head = { .command = IB_USER_VERBS_CMD_REREG_MR,
			  .in_words = sizeof(cmd) / 4,
			  .out_words = sizeof(answer) / 4 },
		.body = { .response = (uintptr_t)&answer,
			  .mr_handle = mr->handle,
			  .flags = IBV_REREG_MR_CHANGE_ACCESS,
			  .pd_handle = pd->handle,
			  .access_flags = (uint32_t)access },
	};

	return write(mr->context->cmd_fd, &cmd, sizeof(cmd)) == sizeof(cmd) ? 0 : -errno;
}
