// SPDX-License-Identifier: MIT
/* What fails at this end: calls of libibverbs, completions, the device. Each is a result and a line; nothing is left. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/transports/verbs/verbs_test.h"

static void fail(const char *call, unsigned int nth, int err)
{
	fake_rdma.fail_call = call;
	fake_rdma.fail_nth = nth;
	fake_rdma.fail_errno = err;
}

static enum nccl_result connect_with_failure(const char *call, unsigned int nth)
{
	enum nccl_result got = NCCL_SUCCESS;
	struct pair pair = { .p = &plugin };
	int n;

	fake_rdma_reset();
	setenv("TPHBUF_NET_QPS", "2", 1);
	if (np_init(&plugin, &pair.ctx, keep_log) || np_devices(&plugin, &n) ||
	    np_listen(&plugin, pair.ctx, 0, pair.handle, &pair.listen_comm))
		must("listen");
	fail(call, nth, EIO);
	while (!got && (!pair.send || !pair.recv)) {
		if (!pair.send)
			got = np_connect(&plugin, pair.ctx, 0, pair.handle, &pair.send);
		if (!got && !pair.recv)
			got = np_accept(&plugin, pair.listen_comm, &pair.recv);
	}
	pair_end(&pair);
	return got;
}

/* Two queue pairs at each end and one for flushes; ring, queues, and three states of each queue pair */
static void connections(void)
{
	static const struct {
		const char *call;
		unsigned int times;
	} calls[] = { { "ibv_reg_mr", 2 },
		      { "ibv_create_cq", 2 },
		      { "ibv_create_qp", 5 },
		      { "ibv_modify_qp", 15 } };
	char name[80];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (unsigned int nth = 1; nth <= calls[i].times; nth++) {
			enum nccl_result got = connect_with_failure(calls[i].call, nth);

			snprintf(name, sizeof(name), "a connection whose %s number %u fails",
				 calls[i].call, nth);
			answer(name, got, NCCL_SYSTEM_ERROR, "Input/output error");
			if (fake_rdma.fail_call || fake_rdma.qps || fake_rdma.cqs ||
			    fake_rdma.mrs || fake_rdma.contexts)
				must("the call did not fail, or something is left open");
		}
		result(!connect_with_failure(calls[i].call, calls[i].times + 1), "no later call");
	}
}

static void devices_fail(void)
{
	static const char *const calls[] = { "ibv_open_device", "ibv_query_port", "ibv_alloc_pd",
					     "ibv_query_gid" };
	char name[80];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *ctx = NULL;
		int n = 0;

		fake_rdma_reset();
		fail(calls[i], 1, EIO);
		snprintf(name, sizeof(name), "%s fails: the other device is used", calls[i]);
		result(!np_init(&plugin, &ctx, keep_log) && !np_devices(&plugin, &n) && n == 1 &&
			       fake_rdma.contexts == 1 && fake_rdma.pds == 1,
		       name);
		np_finalize(&plugin, ctx);
	}
}

static void registrations(struct rig *rig)
{
	static const struct {
		int err;
		const char *text;
	} errors_of[] = { { EFAULT, "Bad address; a mapped BAR cannot be pinned, give its dma-buf" },
			  { ENOMEM, "Cannot allocate memory; look at ulimit -l" },
			  { EPERM, "on fake0: Operation not permitted" } };
	void *mr = &plugin;

	for (size_t i = 0; i < sizeof(errors_of) / sizeof(errors_of[0]); i++) {
		fail("ibv_reg_mr", 1, errors_of[i].err);
		answer("regMr fails",
		       np_reg(&plugin, rig->pair.send, rig->from.data, 4096, NCCL_PTR_HOST, &mr),
		       NCCL_SYSTEM_ERROR, errors_of[i].text);
		result(!mr, "and gives no region");
	}
	answer("no descriptor of a dma-buf",
	       np_reg_dmabuf(&plugin, rig->pair.send, rig->from.data, 4096, 0, -1, &mr),
	       NCCL_INVALID_ARGUMENT, "descriptor -1 on fake0: descriptor -1");
	answer("device memory by its address",
	       np_reg(&plugin, rig->pair.send, rig->from.data, 4096, NCCL_PTR_CUDA, &mr),
	       NCCL_INVALID_USAGE, "the kernel pins host memory only");
}

/* After an error each call on the comm has it. */
static void sticky(struct rig *rig, bool sender, enum nccl_result want)
{
	void *data = rig->to.data, *mr = rig->to.mr, *req = NULL;
	enum nccl_result got;
	size_t size = 10;
	int tag = 1;

	if (sender)
		got = np_isend(&plugin, rig->pair.send, rig->from.data, 10, 1, rig->from.mr, &req);
	else
		got = np_irecv(&plugin, rig->pair.recv, 1, &data, &size, &tag, &mr, &req);
	result(got == want && !req, "and so does every later call on it");
}

static void posts(void)
{
	struct rig rig;
	void *req;

	rig_open(&rig, "1");
	fail("post_recv", 1, ENOMEM);
	answer("a receive that the queue refuses",
	       receive(&rig, 1, 10) ? NCCL_SUCCESS : NCCL_SYSTEM_ERROR, NCCL_SYSTEM_ERROR,
	       "a work request was refused: Cannot allocate memory");
	sticky(&rig, false, NCCL_SYSTEM_ERROR);
	rig_close(&rig);

	rig_open(&rig, "1");
	fail("post_send", 1, ENOMEM);
	answer("an announcement that the queue refuses",
	       receive(&rig, 1, 10) ? NCCL_SUCCESS : NCCL_SYSTEM_ERROR, NCCL_SYSTEM_ERROR,
	       "a work request was refused");
	rig_close(&rig);

	rig_open(&rig, "3");
	receive(&rig, 1, 1000);
	fail("post_send", 2, ENOMEM);
	answer("a piece that the queue refuses", send_one(&rig, 1000, 1, &req), NCCL_SYSTEM_ERROR,
	       "a work request was refused");
	sticky(&rig, true, NCCL_SYSTEM_ERROR);
	rig_close(&rig);
}

static void completion(const char *name, enum ibv_wr_opcode opcode, bool at_receiver,
		       const char *text)
{
	enum nccl_result got = NCCL_SUCCESS;
	int size = 10;
	struct rig rig;
	void *recv, *send, *data, *mr;

	rig_open(&rig, "1");
	data = rig.to.data;
	mr = rig.to.mr;
	fake_rdma.fail_opcode = opcode;
	fake_rdma.fail_status = IBV_WC_RETRY_EXC_ERR;
	fake_rdma.fail_receive = at_receiver;
	recv = receive(&rig, 1, 10);
	if (!at_receiver && opcode == IBV_WR_RDMA_WRITE) {
		got = finish(recv, NULL);
	} else if (at_receiver) {
		got = send_one(&rig, 10, 1, &send);
		if (!got)
			got = finish(recv, NULL);
	} else if (opcode == IBV_WR_RDMA_READ) {
		got = np_iflush(&plugin, rig.pair.recv, 1, &data, &size, &mr, &send);
		if (!got)
			got = finish(send, NULL);
	} else {
		got = send_one(&rig, 10, 1, &send);
		if (!got)
			got = finish(send, NULL);
	}
	answer(name, got, NCCL_REMOTE_ERROR, text);
	sticky(&rig, opcode == IBV_WR_RDMA_WRITE_WITH_IMM && !at_receiver, NCCL_REMOTE_ERROR);
	rig_close(&rig);
}

static void completions(void)
{
	completion("a send that fails", IBV_WR_RDMA_WRITE_WITH_IMM, false,
		   ": send: transport retry counter exceeded");
	completion("an announcement that fails", IBV_WR_RDMA_WRITE, false,
		   ": announcement: transport retry counter exceeded");
	completion("a flush that fails", IBV_WR_RDMA_READ, false,
		   ": flush: transport retry counter exceeded");
	completion("a receive that fails", IBV_WR_RDMA_WRITE_WITH_IMM, true,
		   ": receive: transport retry counter exceeded");
}

static void queue_fails(void)
{
	struct rig rig;
	void *recv;

	rig_open(&rig, "1");
	recv = receive(&rig, 1, 10);
	fail("poll_cq", 1, EIO);
	answer("a completion queue that cannot be polled", finish(recv, NULL), NCCL_SYSTEM_ERROR,
	       "");
	sticky(&rig, false, NCCL_SYSTEM_ERROR);
	rig_close(&rig);
}

/* An event of a queue pair ends its comm, one of the device all comms. Others change nothing. */
static void events(void)
{
	static const enum ibv_event_type of_qp[] = { IBV_EVENT_QP_FATAL, IBV_EVENT_QP_REQ_ERR,
						     IBV_EVENT_QP_ACCESS_ERR };
	struct rig rig;
	void *recv, *req = NULL;

	for (size_t i = 0; i < sizeof(of_qp) / sizeof(of_qp[0]); i++) {
		rig_open(&rig, "1");
		recv = receive(&rig, 1, 10);
		/* The sender's is made first. */
		fake_rdma_event(of_qp[i], fake_rdma.created[1]);
		answer(ibv_event_type_str(of_qp[i]), finish(recv, NULL), NCCL_SYSTEM_ERROR,
		       ibv_event_type_str(of_qp[i]));
		result(!send_one(&rig, 10, 1, &req), "the other comm goes on");
		rig_close(&rig);
	}
	rig_open(&rig, "1");
	recv = receive(&rig, 1, 10);
	fake_rdma_event(IBV_EVENT_DEVICE_FATAL, NULL);
	answer("a device that fails", finish(recv, NULL), NCCL_SYSTEM_ERROR,
	       "fake0: the device failed; all its connections end");
	while (!np_isend(&plugin, rig.pair.send, rig.from.data, 10, 9, rig.from.mr, &req))
		;
	sticky(&rig, true, NCCL_SYSTEM_ERROR);
	rig_close(&rig);

	rig_open(&rig, "1");
	fake_rdma_event(IBV_EVENT_PORT_ACTIVE, NULL);
	recv = receive(&rig, 1, 10);
	result(!send_one(&rig, 10, 1, &req) && !finish(req, NULL) && !finish(recv, (int[64]){ 0 }),
	       "an active port is no error");
	rig_close(&rig);
}

void errors(void)
{
	struct rig rig;

	connections();
	devices_fail();
	rig_open(&rig, "1");
	registrations(&rig);
	rig_close(&rig);
	posts();
	completions();
	queue_fails();
	events();
}
