// SPDX-License-Identifier: MIT
/* RDMA devices with an active port, and their asynchronous events. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tphbuf/mr.h>

#include "verbs.h"

static bool wanted(const char *name)
{
	const char *list = net_config()->devices;
	size_t n;

	if (!list[0])
		return true;
	while (*list) {
		n = strcspn(list, ",");
		if (n == strlen(name) && !strncmp(list, name, n))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static int speed_of(const struct ibv_port_attr *port)
{
	static const struct {
		int code, mbps;
	} lanes[] = { { 1, 2500 },   { 2, 5000 },   { 4, 10000 },  { 8, 10000 },
		      { 16, 14000 }, { 32, 25000 }, { 64, 50000 }, { 128, 100000 } };
	int width = port->active_width == 2 ? 4 :
		    port->active_width == 4 ? 8 :
		    port->active_width == 8 ? 12 :
					      1;

	for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
		if (lanes[i].code == port->active_speed)
			return lanes[i].mbps * width;
	}
	return 10000;
}

static void close_state(struct verbs_device *v)
{
	if (v->pd)
		ibv_dealloc_pd(v->pd);
	if (v->ibv)
		ibv_close_device(v->ibv);
	tphbuf_ctx_free(v->ctx);
	free(v->mr_opts);
	free(v);
}

/* libibverbs reports ENOENT for a node without permission, because it looks for another one then. */
static void say_why_not(const struct ibv_device *ibv, int err)
{
	char node[128];

	snprintf(node, sizeof(node), "/dev/infiniband/%.100s", ibv->dev_name);
	if (access(node, R_OK | W_OK))
		err = errno;
	net_warn("%s: cannot be opened: %s; NCCL's user must be able to read and write %s",
		 ibv->name, strerror(err), node);
}

/* 1: opened, 0: not to be used */
static int open_device(struct ibv_device *ibv, struct net_device *dev)
{
	struct verbs_device *v = calloc(1, sizeof(*v));
	char path[160], real[PATH_MAX];
	int flags;

	if (!v)
		return 0;
	pthread_mutex_init(&v->lock, NULL);
	v->ibv = ibv_open_device(ibv);
	if (!v->ibv) {
		say_why_not(ibv, errno);
		goto fail;
	}
	if (ibv_query_port(v->ibv, 1, &v->port) || v->port.state != IBV_PORT_ACTIVE) {
		net_info("%s: port 1 is not active", ibv->name);
		goto fail;
	}
	v->pd = ibv_alloc_pd(v->ibv);
	flags = fcntl(v->ibv->async_fd, F_GETFL);
	if (!v->pd || ibv_query_gid(v->ibv, 1, 0, &v->gid) ||
	    fcntl(v->ibv->async_fd, F_SETFL, flags | O_NONBLOCK) || tphbuf_ctx_new(NULL, &v->ctx) ||
	    verbs_registry_new(v, dev)) {
		net_warn("%s: no protection domain, GID or registry: %s", ibv->name,
			 strerror(errno));
		goto fail;
	}
	snprintf(dev->name, sizeof(dev->name), "%s", ibv->name);
	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/device", ibv->name);
	if (realpath(path, real))
		snprintf(dev->pci_path, sizeof(dev->pci_path), "%.255s", real);
	dev->guid = be64toh(ibv_get_device_guid(ibv));
	dev->speed = speed_of(&v->port);
	dev->port = 1;
	dev->backend = &net_verbs;
	dev->ptr_support = NCCL_PTR_HOST | NCCL_PTR_DMABUF;
	dev->domain = v->pd;
	dev->state = v;
	return 1;
fail:
	close_state(v);
	return 0;
}

int verbs_devices(struct net_device **devs, int *n)
{
	struct ibv_device **list;
	int count = 0, used = 0;

	list = ibv_get_device_list(&count);
	*devs = calloc((size_t)count + 1, sizeof(**devs));
	if (!*devs) {
		ibv_free_device_list(list);
		return -ENOMEM;
	}
	for (int i = 0; i < count; i++) {
		if (wanted(list[i]->name))
			used += open_device(list[i], *devs + used);
	}
	if (list)
		ibv_free_device_list(list);
	*n = used;
	if (used)
		return 0;
	net_warn("no RDMA device with an active port%s%s; look at \"rdma link\", or set TPHBUF_NET_BACKEND=loop on a machine without RDMA",
		 net_config()->devices[0] ? " among " : "", net_config()->devices);
	free(*devs);
	*devs = NULL;
	return -ENODEV;
}

void verbs_device_close(struct net_device *dev)
{
	if (tphbuf_registry_free(dev->registry)) {
		net_warn("%s: regions are still registered; they stay until the process ends",
			 dev->name);
		return;
	}
	close_state(dev->state);
}

/* Events of the device and of its queue pairs; the first to ask takes them for all. */
void verbs_events(struct net_device *dev)
{
	struct verbs_device *v = dev->state;
	struct ibv_async_event event;
	struct net_comm *comm;

	if (pthread_mutex_trylock(&v->lock))
		return;
	while (!ibv_get_async_event(v->ibv, &event)) {
		switch (event.event_type) {
		case IBV_EVENT_DEVICE_FATAL:
			net_warn("%s: the device failed; all its connections end", dev->name);
			atomic_store(&v->fatal, true);
			break;
		case IBV_EVENT_QP_FATAL:
		case IBV_EVENT_QP_REQ_ERR:
		case IBV_EVENT_QP_ACCESS_ERR:
			comm = event.element.qp->qp_context;
			net_warn("%s: comm %u: %s", dev->name, comm->id,
				 ibv_event_type_str(event.event_type));
			atomic_store(&((struct verbs_comm *)comm->state)->failed, true);
			break;
		default:
			break;
		}
		ibv_ack_async_event(&event);
	}
	pthread_mutex_unlock(&v->lock);
}
