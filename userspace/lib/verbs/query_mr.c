// SPDX-License-Identifier: MIT
/* UVERBS_METHOD_QUERY_MR, see query_mr.h. */
#include <errno.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/rdma_user_ioctl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/verbs/query_mr.h"

#define MAX_ATTRS 16

/* struct ib_uverbs_ioctl_hdr with room for its attributes */
struct request {
	uint16_t length;
	uint16_t object_id;
	uint16_t method_id;
	uint16_t num_attrs;
	uint64_t reserved1;
	uint32_t driver_id;
	uint32_t reserved2;
	struct ib_uverbs_attr attrs[MAX_ATTRS];
};

_Static_assert(offsetof(struct request, attrs) == sizeof(struct ib_uverbs_ioctl_hdr) &&
		       offsetof(struct request, driver_id) ==
			       offsetof(struct ib_uverbs_ioctl_hdr, driver_id),
	       "request layout");

static void add_attr(struct request *request, uint16_t id, uint16_t len, uint64_t data)
{
	struct ib_uverbs_attr *attr = &request->attrs[request->num_attrs++];

	attr->attr_id = id;
	attr->len = len;
	/* A kernel that does not know the attribute answers EPROTONOSUPPORT. */
	attr->flags = UVERBS_ATTR_F_MANDATORY;
	attr->data = data;
}

static void add_output(struct request *request, uint16_t id, void *to, size_t size)
{
	add_attr(request, id, (uint16_t)size, (uintptr_t)to);
}

static int run_request(int fd, struct request *request)
{
	int ret;

	request->length = (uint16_t)(offsetof(struct request, attrs) +
				     request->num_attrs * sizeof(request->attrs[0]));
	do {
		ret = ioctl(fd, RDMA_VERBS_IOCTL, request);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

int query_mr_tph(const struct ibv_mr *mr, uint32_t driver_id, struct mr_tph *tph)
{
	struct request request = {
		.object_id = UVERBS_OBJECT_MR,
		.method_id = UVERBS_METHOD_QUERY_MR,
		.driver_id = driver_id,
	};
	uint32_t lkey, rkey;
	uint64_t length;

	memset(tph, 0, sizeof(*tph));
	add_attr(&request, UVERBS_ATTR_QUERY_MR_HANDLE, 0, mr->handle);
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_LKEY, &lkey, sizeof(lkey));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_RKEY, &rkey, sizeof(rkey));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_LENGTH, &length, sizeof(length));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_TPH_STATE, &tph->state, sizeof(tph->state));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_TPH_ST_WIDTH, &tph->st_width,
		   sizeof(tph->st_width));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_TPH_ST, &tph->st, sizeof(tph->st));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_TPH_PH, &tph->ph, sizeof(tph->ph));
	add_output(&request, UVERBS_ATTR_QUERY_MR_RESP_TPH_STALE_FAULTS, &tph->stale_faults,
		   sizeof(tph->stale_faults));
	return run_request(mr->context->cmd_fd, &request);
}
