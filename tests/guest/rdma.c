// SPDX-License-Identifier: MIT
#include "tests/guest/rdma.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct ibv_context *nic_open(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx = NULL;
	int i;

	for (i = 0; list && list[i] && strcmp(ibv_get_device_name(list[i]), name); i++)
		;
	if (list && list[i])
		ctx = ibv_open_device(list[i]);
	else if (list)
		errno = ENODEV;
	ibv_free_device_list(list);
	return ctx;
}

struct ibv_pd *open_pd(const char *name)
{
	struct ibv_context *ctx = nic_open(name);

	return ctx ? ibv_alloc_pd(ctx) : NULL;
}

void port_open(struct port *port, const char *name)
{
	struct ibv_port_attr attr;

	memset(port, 0, sizeof(*port));
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->ctx = nic_open(name);
	require(port->ctx, "%s cannot be opened: %m", name);
	port->pd = ibv_alloc_pd(port->ctx);
	require(port->pd, "ibv_alloc_pd: %m");
	require(!ibv_query_port(port->ctx, 1, &attr), "ibv_query_port: %m");
	port->lid = attr.lid;
}

void port_close(struct port *port)
{
	int ret = ibv_dealloc_pd(port->pd);

	require(!ret, "ibv_dealloc_pd: %s", strerror(ret));
	require(!ibv_close_device(port->ctx), "ibv_close_device: %m");
}

void memory_alloc(struct memory *memory, struct port *port, size_t len, int access)
{
	memory->len = len;
	memory->addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(memory->addr != MAP_FAILED, "mmap: %m");
	memory->mr = ibv_reg_mr(port->pd, memory->addr, len, (unsigned int)access);
	require(memory->mr, "ibv_reg_mr of %zu bytes: %m", len);
}

void memory_free(struct memory *memory)
{
	int ret = ibv_dereg_mr(memory->mr);

	require(!ret, "ibv_dereg_mr: %s", strerror(ret));
	munmap(memory->addr, memory->len);
}

static void side_create(struct side *side, struct port *port, const struct link_opts *opts)
{
	struct ibv_qp_init_attr init = {
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = (uint32_t)opts->depth, .max_recv_wr = (uint32_t)opts->depth,
			.max_send_sge = (uint32_t)opts->sge, .max_recv_sge = (uint32_t)opts->sge,
			.max_inline_data = (uint32_t)opts->max_inline,
		},
	};

	side->port = port;
	side->cq = ibv_create_cq(port->ctx, 4 * opts->depth, NULL, NULL, 0);
	require(side->cq, "ibv_create_cq: %m");
	init.send_cq = side->cq;
	init.recv_cq = side->cq;
	side->qp = ibv_create_qp(port->pd, &init);
	require(side->qp, "ibv_create_qp: %m");
}

static void to_init(struct side *side, const struct link_opts *opts)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT,
				    .port_num = 1,
				    .qp_access_flags = (unsigned int)opts->remote_access };
	int ret =
		ibv_modify_qp(side->qp, &attr,
			      IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);

	require(!ret, "RST to INIT: %s", strerror(ret));
}

static void to_rts(struct side *side, const struct side *peer, const struct link_opts *opts)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_4096,
		.dest_qp_num = peer->qp->qp_num,
		.rq_psn = 7,
		.max_dest_rd_atomic = 4,
		.min_rnr_timer = 1,
		.ah_attr = { .dlid = peer->port->lid, .port_num = 1 },
	};
	int ret = ibv_modify_qp(side->qp, &attr,
				IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
					IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
					IBV_QP_MIN_RNR_TIMER);

	require(!ret, "INIT to RTR: %s", strerror(ret));
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS,
		.sq_psn = 7,
		.timeout = opts->timeout,
		.retry_cnt = opts->retry,
		.rnr_retry = opts->rnr_retry,
		.max_rd_atomic = 4,
	};
	ret = ibv_modify_qp(side->qp, &attr,
			    IBV_QP_STATE | IBV_QP_SQ_PSN | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
				    IBV_QP_RNR_RETRY | IBV_QP_MAX_QP_RD_ATOMIC);
	require(!ret, "RTR to RTS: %s", strerror(ret));
}

void link_open(struct side *a, struct port *pa, struct side *b, struct port *pb,
	       const struct link_opts *given)
{
	struct link_opts opts = given ? *given : (struct link_opts){ .rnr_retry = 7 };

	if (!opts.remote_access)
		opts.remote_access = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE;
	opts.retry = opts.retry ?: 7;
	opts.timeout = opts.timeout ?: 14;
	opts.sge = opts.sge ?: 4;
	opts.depth = opts.depth ?: 64;
	side_create(a, pa, &opts);
	side_create(b, pb, &opts);
	to_init(a, &opts);
	to_init(b, &opts);
	to_rts(a, b, &opts);
	if (!opts.leave_peer_in_init)
		to_rts(b, a, &opts);
}

static void side_destroy(struct side *side)
{
	int ret = ibv_destroy_qp(side->qp);

	require(!ret, "ibv_destroy_qp: %s", strerror(ret));
	ret = ibv_destroy_cq(side->cq);
	require(!ret, "ibv_destroy_cq: %s", strerror(ret));
}

void link_close(struct side *a, struct side *b)
{
	side_destroy(a);
	side_destroy(b);
}

void post(struct side *side, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;
	int ret = ibv_post_send(side->qp, wr, &bad);

	require(!ret, "ibv_post_send: %s", strerror(ret));
}

void post_receive(struct side *side, uint64_t addr, uint32_t len, uint32_t lkey)
{
	struct ibv_sge sge = { .addr = addr, .length = len, .lkey = lkey };
	struct ibv_recv_wr wr = { .sg_list = &sge, .num_sge = 1 }, *bad;
	int ret = ibv_post_recv(side->qp, &wr, &bad);

	require(!ret, "ibv_post_recv: %s", strerror(ret));
}

static bool poll_until(struct side *side, struct ibv_wc *wc, double end)
{
	int n;

	do {
		n = ibv_poll_cq(side->cq, 1, wc);
		require(n >= 0, "ibv_poll_cq failed");
		if (n)
			return true;
		usleep(50);
	} while (now() < end);
	return false;
}

struct ibv_wc poll_any(struct side *side)
{
	struct ibv_wc wc;

	require(poll_until(side, &wc, now() + 10), "no completion on %s within 10 s",
		side->port->name);
	return wc;
}

void poll_ok(struct side *side, enum ibv_wc_opcode opcode)
{
	struct ibv_wc wc = poll_any(side);

	require(wc.status == IBV_WC_SUCCESS, "completion with %s", ibv_wc_status_str(wc.status));
	require(wc.opcode == opcode, "completion opcode %d instead of %d", wc.opcode, opcode);
}

void poll_status(struct side *side, enum ibv_wc_status status)
{
	struct ibv_wc wc = poll_any(side);

	require(wc.status == status, "completion with '%s' instead of '%s'",
		ibv_wc_status_str(wc.status), ibv_wc_status_str(status));
}

bool poll_nothing(struct side *side, unsigned int ms)
{
	struct ibv_wc wc;

	return !poll_until(side, &wc, now() + ms / 1000.0);
}

static uint8_t pattern(uint32_t seed, size_t pos)
{
	uint32_t x = seed * 2654435761u + (uint32_t)pos;

	x ^= x >> 15;
	x *= 2246822519u;
	return (uint8_t)(x >> 13);
}

void fill(uint8_t *to, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++)
		to[i] = pattern(seed, i);
}

void compare(const char *what, const uint8_t *got, size_t len, uint32_t seed, size_t pos)
{
	for (size_t i = 0; i < len; i++)
		require(got[i] == pattern(seed, pos + i),
			"%s: byte %zu of %zu is %02x instead of %02x", what, i, len, got[i],
			pattern(seed, pos + i));
}

void all_zero(const char *what, const uint8_t *got, size_t len)
{
	for (size_t i = 0; i < len; i++)
		require(!got[i], "%s: byte %zu of %zu was touched (%02x)", what, i, len, got[i]);
}
