// SPDX-License-Identifier: MIT
/* The calls of a plugin with a table of any version, as NCCL's own adapters make them. */
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "check.h"

#define V6(p)  ((const struct nccl_net_v6 *)(p)->table)
#define V7(p)  ((const struct nccl_net_v7 *)(p)->table)
#define V8(p)  ((const struct nccl_net_v8 *)(p)->table)
#define V9(p)  ((const struct nccl_net_v9 *)(p)->table)
#define V10(p) ((const struct nccl_net_v10 *)(p)->table)
#define V11(p) ((const struct nccl_net_v11 *)(p)->table)
#define V12(p) ((const struct nccl_net_v12 *)(p)->table)

/*
 * Entries up to closeListen are at the same place in every version, and most keep their type for several: a call needs
 * the first version that has its type.
 */
#define SAME_PLACES(version)                                                 \
	_Static_assert(offsetof(struct nccl_net_v##version, close_listen) == \
			       offsetof(struct nccl_net_v6, close_listen),   \
		       "one more entry")
SAME_PLACES(7);
SAME_PLACES(8);
SAME_PLACES(9);
SAME_PLACES(10);
SAME_PLACES(11);
SAME_PLACES(12);
_Static_assert(offsetof(struct nccl_net_v11, finalize) == offsetof(struct nccl_net_v12, finalize),
	       "one more entry");

const char *np_name(const struct plugin *p)
{
	return *(const char *const *)p->table;
}

int np_requests(const struct plugin *p)
{
	return p->version <= 6 ? NCCL_MAX_REQUESTS_V6 : NCCL_MAX_REQUESTS;
}

enum nccl_result np_init(struct plugin *p, void **ctx, nccl_logger log)
{
	struct nccl_comm_config config = { NCCL_UNDEFINED };

	*ctx = NULL;
	if (p->version >= 11)
		return V11(p)->init(ctx, 0x1234, &config, log, NULL);
	if (p->version == 10)
		return V10(p)->init(log, NULL);
	return V6(p)->init(log);
}

/* Before version 11 there is none. */
enum nccl_result np_finalize(struct plugin *p, void *ctx)
{
	if (p->version < 11)
		return NCCL_SUCCESS;
	return V11(p)->finalize(ctx);
}

enum nccl_result np_devices(struct plugin *p, int *n)
{
	return V6(p)->devices(n);
}

#define TAKE_COMMON(to, from)                           \
	do {                                            \
		(to)->name = (from).name;               \
		(to)->pci_path = (from).pci_path;       \
		(to)->guid = (from).guid;               \
		(to)->ptr_support = (from).ptr_support; \
		(to)->speed = (from).speed;             \
		(to)->port = (from).port;               \
		(to)->latency = (from).latency;         \
		(to)->max_comms = (from).max_comms;     \
		(to)->max_recvs = (from).max_recvs;     \
	} while (0)

#define TAKE_V9(to, from)                                     \
	do {                                                  \
		TAKE_COMMON(to, from);                        \
		(to)->reg_is_global = (from).reg_is_global;   \
		(to)->force_flush = (from).force_flush;       \
		(to)->device_type = (from).device_type;       \
		(to)->vdevice.n = (from).vdevice.n;           \
		(to)->max_p2p_bytes = (from).max_p2p_bytes;   \
		(to)->max_coll_bytes = (from).max_coll_bytes; \
	} while (0)

/* What older tables cannot say gets the values that NCCL assumes. */
static enum nccl_result old_properties(struct plugin *p, int dev, struct nccl_props_v12 *props)
{
	enum nccl_result result;
	struct nccl_props_v6 v6;
	struct nccl_props_v7 v7;
	struct nccl_props_v8 v8;

	props->vdevice.n = 1;
	props->max_p2p_bytes = 1ull << 30;
	props->max_coll_bytes = 512ull << 20;
	if (p->version == 6) {
		result = V6(p)->get_properties(dev, &v6);
		TAKE_COMMON(props, v6);
	} else if (p->version == 7) {
		result = V7(p)->get_properties(dev, &v7);
		TAKE_COMMON(props, v7);
		props->device_type = v7.device_type;
	} else {
		result = V8(p)->get_properties(dev, &v8);
		TAKE_COMMON(props, v8);
		props->device_type = v8.device_type;
		props->reg_is_global = v8.reg_is_global;
	}
	return result;
}

enum nccl_result np_properties(struct plugin *p, int dev, struct nccl_props_v12 *props)
{
	enum nccl_result result;
	struct nccl_props_v9 v9;
	struct nccl_props_v11 v11;

	memset(props, 0, sizeof(*props));
	memset(&v9, 0, sizeof(v9));
	memset(&v11, 0, sizeof(v11));
	props->max_multi_request = 1;
	props->rail_id = props->plane_id = NCCL_UNDEFINED;
	switch (p->version) {
	case 12:
		return V12(p)->get_properties(dev, props);
	case 11:
		result = V11(p)->get_properties(dev, &v11);
		TAKE_V9(props, v11);
		props->max_multi_request = v11.max_multi_request;
		return result;
	case 10:
	case 9:
		result = V9(p)->get_properties(dev, &v9);
		TAKE_V9(props, v9);
		return result;
	default:
		return old_properties(p, dev, props);
	}
}

enum nccl_result np_listen(struct plugin *p, void *ctx, int dev, void *handle, void **listen_comm)
{
	if (p->version >= 11)
		return V11(p)->listen(ctx, dev, handle, listen_comm);
	return V6(p)->listen(dev, handle, listen_comm);
}

enum nccl_result np_connect(struct plugin *p, void *ctx, int dev, void *handle, void **comm)
{
	struct nccl_comm_config config = { NCCL_UNDEFINED };
	struct nccl_device_handle *dh = NULL;

	*comm = NULL;
	if (p->version >= 11)
		return V11(p)->connect(ctx, dev, handle, comm, &dh);
	if (p->version == 10)
		return V10(p)->connect(dev, &config, handle, comm, &dh);
	if (p->version == 6)
		return V6(p)->connect(dev, handle, comm);
	return V7(p)->connect(dev, handle, comm, &dh);
}

enum nccl_result np_accept(struct plugin *p, void *listen_comm, void **comm)
{
	struct nccl_device_handle *dh = NULL;

	*comm = NULL;
	if (p->version == 6)
		return V6(p)->accept(listen_comm, comm);
	return V7(p)->accept(listen_comm, comm, &dh);
}

enum nccl_result np_reg(struct plugin *p, void *comm, void *data, size_t size, int type, void **mr)
{
	*mr = NULL;
	if (p->version >= 8)
		return V8(p)->reg_mr(comm, data, size, type, mr);
	if (size > INT_MAX)
		return NCCL_INTERNAL_ERROR;
	return V6(p)->reg_mr(comm, data, (int)size, type, mr);
}

enum nccl_result np_reg_dmabuf(struct plugin *p, void *comm, void *data, size_t size,
			       uint64_t offset, int fd, void **mr)
{
	*mr = NULL;
	return V6(p)->reg_mr_dmabuf(comm, data, size, NCCL_PTR_CUDA, offset, fd, mr);
}

enum nccl_result np_dereg(struct plugin *p, void *comm, void *mr)
{
	return V6(p)->dereg_mr(comm, mr);
}

enum nccl_result np_isend(struct plugin *p, void *comm, void *data, size_t size, int tag, void *mr,
			  void **req)
{
	if (p->version >= 10)
		return V10(p)->isend(comm, data, size, tag, mr, NULL, req);
	if (p->version == 9)
		return V9(p)->isend(comm, data, size, tag, mr, req);
	return V6(p)->isend(comm, data, (int)size, tag, mr, req);
}

enum nccl_result np_irecv(struct plugin *p, void *comm, int n, void **data, size_t *sizes,
			  int *tags, void **mrs, void **req)
{
	int small[64];

	if (p->version >= 10)
		return V10(p)->irecv(comm, n, data, sizes, tags, mrs, NULL, req);
	if (p->version == 9)
		return V9(p)->irecv(comm, n, data, sizes, tags, mrs, req);
	for (int i = 0; i < n; i++)
		small[i] = (int)sizes[i];
	return V6(p)->irecv(comm, n, data, small, tags, mrs, req);
}

enum nccl_result np_iflush(struct plugin *p, void *comm, int n, void **data, int *sizes, void **mrs,
			   void **req)
{
	return V6(p)->iflush(comm, n, data, sizes, mrs, req);
}

enum nccl_result np_test(struct plugin *p, void *req, int *done, int *sizes)
{
	return V6(p)->test(req, done, sizes);
}

enum nccl_result np_close_send(struct plugin *p, void *comm)
{
	return V6(p)->close_send(comm);
}

enum nccl_result np_close_recv(struct plugin *p, void *comm)
{
	return V6(p)->close_recv(comm);
}

enum nccl_result np_close_listen(struct plugin *p, void *comm)
{
	return V6(p)->close_listen(comm);
}
