// SPDX-License-Identifier: MIT
/*
 * The tables ncclNetPlugin_v6 to ncclNetPlugin_v12, all over the one core. The only symbols
 * of the library.
 */
#include <string.h>

#include "net.h"

#define EXPORT __attribute__((visibility("default")))

/* ---- init ---- */

static enum nccl_result init_v6(nccl_logger log)
{
	return net_init(NULL, 6, log);
}

static enum nccl_result init_v10(nccl_logger log, nccl_profiler profiler)
{
	(void)profiler;
	return net_init(NULL, 10, log);
}

static enum nccl_result init_v11(void **ctx, uint64_t comm_id, struct nccl_comm_config *config,
				 nccl_logger log, nccl_profiler profiler)
{
	struct net_ctx *made = NULL;
	enum nccl_result result;

	(void)comm_id;
	(void)config;
	(void)profiler;
	result = net_init(&made, 11, log);
	*ctx = made;
	return result;
}

static enum nccl_result finalize(void *ctx)
{
	return net_finalize(ctx);
}

static enum nccl_result devices(int *n)
{
	return net_devices(n);
}

/* ---- properties: written in the newest form, cut down for the older ones ---- */

static enum nccl_result properties_v12(int dev, struct nccl_props_v12 *p)
{
	struct net_device *d = net_device(dev);

	memset(p, 0, sizeof(*p));
	if (!d)
		return NCCL_INVALID_ARGUMENT;
	p->name = d->name;
	p->pci_path = d->pci_path[0] ? d->pci_path : NULL;
	p->guid = d->guid;
	p->ptr_support = d->ptr_support;
	p->reg_is_global = 1;
	p->force_flush = 1;
	p->speed = d->speed;
	p->port = d->port;
	p->max_comms = 65536;
	p->max_recvs = NET_MAX_RECVS;
	p->device_type = NCCL_DEVICE_HOST;
	p->vdevice.n = 1;
	p->vdevice.devs[0] = dev;
	p->max_p2p_bytes = NET_MAX_BYTES;
	p->max_coll_bytes = NET_MAX_BYTES;
	p->max_multi_request = 1;
	p->rail_id = NCCL_UNDEFINED;
	p->plane_id = NCCL_UNDEFINED;
	return NCCL_SUCCESS;
}

/* The fields of all versions */
#define COPY_COMMON(p, p12)                           \
	do {                                          \
		memset((p), 0, sizeof(*(p)));         \
		(p)->name = (p12).name;               \
		(p)->pci_path = (p12).pci_path;       \
		(p)->guid = (p12).guid;               \
		(p)->ptr_support = (p12).ptr_support; \
		(p)->speed = (p12).speed;             \
		(p)->port = (p12).port;               \
		(p)->latency = (p12).latency;         \
		(p)->max_comms = (p12).max_comms;     \
		(p)->max_recvs = (p12).max_recvs;     \
	} while (0)

/* Those of version 9 and later */
#define COPY_V9(p, p12)                                       \
	do {                                                  \
		COPY_COMMON(p, p12);                          \
		(p)->reg_is_global = (p12).reg_is_global;     \
		(p)->force_flush = (p12).force_flush;         \
		(p)->device_type = (p12).device_type;         \
		(p)->vdevice.n = (p12).vdevice.n;             \
		(p)->vdevice.devs[0] = (p12).vdevice.devs[0]; \
		(p)->max_p2p_bytes = (p12).max_p2p_bytes;     \
		(p)->max_coll_bytes = (p12).max_coll_bytes;   \
	} while (0)

static enum nccl_result properties_v6(int dev, struct nccl_props_v6 *p)
{
	struct nccl_props_v12 p12;
	enum nccl_result result = properties_v12(dev, &p12);

	COPY_COMMON(p, p12);
	return result;
}

static enum nccl_result properties_v7(int dev, struct nccl_props_v7 *p)
{
	struct nccl_props_v12 p12;
	enum nccl_result result = properties_v12(dev, &p12);

	COPY_COMMON(p, p12);
	p->device_type = p12.device_type;
	return result;
}

static enum nccl_result properties_v8(int dev, struct nccl_props_v8 *p)
{
	struct nccl_props_v12 p12;
	enum nccl_result result = properties_v12(dev, &p12);

	COPY_COMMON(p, p12);
	p->device_type = p12.device_type;
	p->reg_is_global = p12.reg_is_global;
	return result;
}

static enum nccl_result properties_v9(int dev, struct nccl_props_v9 *p)
{
	struct nccl_props_v12 p12;
	enum nccl_result result = properties_v12(dev, &p12);

	COPY_V9(p, p12);
	return result;
}

static enum nccl_result properties_v11(int dev, struct nccl_props_v11 *p)
{
	struct nccl_props_v12 p12;
	enum nccl_result result = properties_v12(dev, &p12);

	COPY_V9(p, p12);
	p->max_multi_request = p12.max_multi_request;
	return result;
}

/* ---- connections ---- */

static bool is_ctx(const struct net_ctx *ctx, const char *call)
{
	if (ctx && ctx->magic == NET_MAGIC_CTX)
		return true;
	net_warn("%s: init was not called, or this is not a context of this plugin", call);
	return false;
}

static enum nccl_result listen_v11(void *ctx, int dev, void *handle, void **listen_comm)
{
	struct net_listen *made = NULL;
	enum nccl_result result;

	*listen_comm = NULL;
	if (!is_ctx(ctx, "listen"))
		return NCCL_INVALID_ARGUMENT;
	result = net_listen(ctx, dev, handle, &made);
	*listen_comm = made;
	return result;
}

static enum nccl_result listen_v6(int dev, void *handle, void **listen_comm)
{
	return listen_v11(net_shared_ctx(), dev, handle, listen_comm);
}

static enum nccl_result connect_v11(void *ctx, int dev, void *handle, void **send_comm,
				    struct nccl_device_handle **dh)
{
	struct net_comm *made = NULL;
	enum nccl_result result;

	*send_comm = NULL;
	if (dh)
		*dh = NULL;
	if (!is_ctx(ctx, "connect"))
		return NCCL_INVALID_ARGUMENT;
	result = net_connect(ctx, dev, handle, &made);
	*send_comm = made;
	return result;
}

static enum nccl_result connect_v10(int dev, struct nccl_comm_config *config, void *handle,
				    void **send_comm, struct nccl_device_handle **dh)
{
	(void)config;
	return connect_v11(net_shared_ctx(), dev, handle, send_comm, dh);
}

static enum nccl_result connect_v7(int dev, void *handle, void **send_comm,
				   struct nccl_device_handle **dh)
{
	return connect_v11(net_shared_ctx(), dev, handle, send_comm, dh);
}

static enum nccl_result connect_v6(int dev, void *handle, void **send_comm)
{
	return connect_v11(net_shared_ctx(), dev, handle, send_comm, NULL);
}

static enum nccl_result accept_v7(void *listen_comm, void **recv_comm,
				  struct nccl_device_handle **dh)
{
	struct net_comm *made = NULL;
	enum nccl_result result;

	*recv_comm = NULL;
	if (dh)
		*dh = NULL;
	if (!listen_comm || *(uint32_t *)listen_comm != NET_MAGIC_LISTEN) {
		net_warn("accept: not a listening comm of this plugin");
		return NCCL_INVALID_ARGUMENT;
	}
	result = net_accept(listen_comm, &made);
	*recv_comm = made;
	return result;
}

static enum nccl_result accept_v6(void *listen_comm, void **recv_comm)
{
	return accept_v7(listen_comm, recv_comm, NULL);
}

static enum nccl_result close_send(void *comm)
{
	return net_close(comm, true);
}

static enum nccl_result close_recv(void *comm)
{
	return net_close(comm, false);
}

static enum nccl_result close_listen(void *listen_comm)
{
	if (!listen_comm || *(uint32_t *)listen_comm != NET_MAGIC_LISTEN) {
		net_warn("closeListen: not a listening comm of this plugin");
		return NCCL_INVALID_ARGUMENT;
	}
	return net_close_listen(listen_comm);
}

/* ---- memory ---- */

static enum nccl_result reg_v8(void *comm, void *data, size_t size, int type, void **mhandle)
{
	struct net_mr *mr = NULL;
	enum nccl_result result = net_reg(comm, data, size, type, &mr);

	*mhandle = mr;
	return result;
}

static enum nccl_result reg_v6(void *comm, void *data, int size, int type, void **mhandle)
{
	return reg_v8(comm, data, size < 0 ? 0 : (size_t)size, type, mhandle);
}

static enum nccl_result reg_dmabuf(void *comm, void *data, size_t size, int type, uint64_t offset,
				   int fd, void **mhandle)
{
	struct net_mr *mr = NULL;
	enum nccl_result result = net_reg_dmabuf(comm, data, size, type, offset, fd, &mr);

	*mhandle = mr;
	return result;
}

static enum nccl_result dereg(void *comm, void *mhandle)
{
	return net_dereg(comm, mhandle);
}

/* ---- data ---- */

static enum nccl_result isend_v10(void *comm, void *data, size_t size, int tag, void *mhandle,
				  void *phandle, void **request)
{
	struct net_request *req = NULL;
	enum nccl_result result;

	(void)phandle;
	result = net_isend(comm, data, size, tag, mhandle, &req);
	*request = req;
	return result;
}

static enum nccl_result isend_v9(void *comm, void *data, size_t size, int tag, void *mhandle,
				 void **request)
{
	return isend_v10(comm, data, size, tag, mhandle, NULL, request);
}

static enum nccl_result isend_v6(void *comm, void *data, int size, int tag, void *mhandle,
				 void **request)
{
	return isend_v10(comm, data, size < 0 ? SIZE_MAX : (size_t)size, tag, mhandle, NULL,
			 request);
}

static enum nccl_result irecv_v10(void *comm, int n, void **data, size_t *sizes, int *tags,
				  void **mhandles, void **phandles, void **request)
{
	struct net_request *req = *request;
	enum nccl_result result;

	(void)phandles;
	result = net_irecv(comm, n, data, sizes, tags, mhandles, &req);
	*request = req;
	return result;
}

static enum nccl_result irecv_v9(void *comm, int n, void **data, size_t *sizes, int *tags,
				 void **mhandles, void **request)
{
	return irecv_v10(comm, n, data, sizes, tags, mhandles, NULL, request);
}

static enum nccl_result irecv_v6(void *comm, int n, void **data, int *sizes, int *tags,
				 void **mhandles, void **request)
{
	size_t wide[NET_MAX_RECVS];

	for (int i = 0; i < n && i < NET_MAX_RECVS; i++)
		wide[i] = sizes[i] < 0 ? SIZE_MAX : (size_t)sizes[i];
	return irecv_v10(comm, n, data, wide, tags, mhandles, NULL, request);
}

static enum nccl_result iflush(void *comm, int n, void **data, int *sizes, void **mhandles,
			       void **request)
{
	struct net_request *req = NULL;
	enum nccl_result result = net_iflush(comm, n, data, sizes, mhandles, &req);

	*request = req;
	return result;
}

static enum nccl_result test(void *request, int *done, int *sizes)
{
	return net_test(request, done, sizes);
}

EXPORT const struct nccl_net_v6 ncclNetPlugin_v6 = {
	.name = "tphbuf",
	.init = init_v6,
	.devices = devices,
	.get_properties = properties_v6,
	.listen = listen_v6,
	.connect = connect_v6,
	.accept = accept_v6,
	.reg_mr = reg_v6,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v6,
	.irecv = irecv_v6,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
};

EXPORT const struct nccl_net_v7 ncclNetPlugin_v7 = {
	.name = "tphbuf",
	.init = init_v6,
	.devices = devices,
	.get_properties = properties_v7,
	.listen = listen_v6,
	.connect = connect_v7,
	.accept = accept_v7,
	.reg_mr = reg_v6,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v6,
	.irecv = irecv_v6,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
};

EXPORT const struct nccl_net_v8 ncclNetPlugin_v8 = {
	.name = "tphbuf",
	.init = init_v6,
	.devices = devices,
	.get_properties = properties_v8,
	.listen = listen_v6,
	.connect = connect_v7,
	.accept = accept_v7,
	.reg_mr = reg_v8,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v6,
	.irecv = irecv_v6,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
};

EXPORT const struct nccl_net_v9 ncclNetPlugin_v9 = {
	.name = "tphbuf",
	.init = init_v6,
	.devices = devices,
	.get_properties = properties_v9,
	.listen = listen_v6,
	.connect = connect_v7,
	.accept = accept_v7,
	.reg_mr = reg_v8,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v9,
	.irecv = irecv_v9,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
};

EXPORT const struct nccl_net_v10 ncclNetPlugin_v10 = {
	.name = "tphbuf",
	.init = init_v10,
	.devices = devices,
	.get_properties = properties_v9,
	.listen = listen_v6,
	.connect = connect_v10,
	.accept = accept_v7,
	.reg_mr = reg_v8,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v10,
	.irecv = irecv_v10,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
};

EXPORT const struct nccl_net_v11 ncclNetPlugin_v11 = {
	.name = "tphbuf",
	.init = init_v11,
	.devices = devices,
	.get_properties = properties_v11,
	.listen = listen_v11,
	.connect = connect_v11,
	.accept = accept_v7,
	.reg_mr = reg_v8,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v10,
	.irecv = irecv_v10,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
	.finalize = finalize,
};

EXPORT const struct nccl_net_v12 ncclNetPlugin_v12 = {
	.name = "tphbuf",
	.init = init_v11,
	.devices = devices,
	.get_properties = properties_v12,
	.listen = listen_v11,
	.connect = connect_v11,
	.accept = accept_v7,
	.reg_mr = reg_v8,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend_v10,
	.irecv = irecv_v10,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
	.finalize = finalize,
};
