// SPDX-License-Identifier: MIT
/*
 * bad_input PLUGIN: what the plugin answers to arguments and options that are wrong: the result, and
 * a line in NCCL's log with the reason. Loop back end. TAP.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness/args.h"
#include "tests/transports/facts.h"
#include "userspace/transports/check/check.h"

static void must(const char *why)
{
	if (!why)
		return;
	printf("Bail out! %s\n", why);
	exit(1);
}

static void options(struct plugin *p)
{
	static const struct {
		const char *name, *value, *text;
		enum nccl_result result;
	} cases[] = {
		{ "TPHBUF_NET_BACKEND", "ether", "verbs and loop exist", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_TAG", "maybe", "not require, prefer or ignore", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", "9", "not a number from 1 to 8", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", "0", "not a number from 1 to 8", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", "4x", "not a number from 1 to 8", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", "+4", "not a number from 1 to 8", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", " 4", "not a number from 1 to 8", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", "-18446744073709551612", "not a number from 1 to 8",
		  NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_QPS", "two", "not a number from 1 to 8", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_TIMEOUT_MS", "-1", "not a number from", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_PTR", "host,disk", "disk is not host", NCCL_INVALID_USAGE },
		{ "TPHBUF_NET_COPY", "/absent.so", "absent.so", NCCL_SYSTEM_ERROR },
		{ "TPHBUF_NET_MEMORY", "/absent.so", "absent.so", NCCL_SYSTEM_ERROR },
	};
	char name[80], old[64];
	void *ctx;

	if (!dlopen("libcuda.so.1", RTLD_NOW)) {
		setenv("TPHBUF_NET_COPY", "cuda", 1);
		answer("TPHBUF_NET_COPY=cuda without libcuda", np_init(p, &ctx, keep_log),
		       NCCL_SYSTEM_ERROR, "cuda cannot start: No such file or directory");
		unsetenv("TPHBUF_NET_COPY");
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(old, sizeof(old), "%.60s", getenv(cases[i].name) ?: "");
		setenv(cases[i].name, cases[i].value, 1);
		snprintf(name, sizeof(name), "%s=%s", cases[i].name, cases[i].value);
		answer(name, np_init(p, &ctx, keep_log), cases[i].result, cases[i].text);
		setenv(cases[i].name, old, 1);
	}
}

static void connections(struct pair *pair)
{
	char handle[NCCL_HANDLE_SIZE] = "not a handle";
	void *comm;

	answer("listen on a device that is not there",
	       np_listen(pair->p, pair->ctx, 7, handle, &comm), NCCL_INVALID_ARGUMENT,
	       "device 7: there are devices 0 to 0");
	answer("connect with a handle of another plugin",
	       np_connect(pair->p, pair->ctx, 0, handle, &comm), NCCL_INVALID_USAGE,
	       "all ranks must load the same plugin");
	answer("closeRecv of a sender", np_close_recv(pair->p, pair->send), NCCL_INVALID_ARGUMENT,
	       "not a receive comm");
}

static void memory(struct pair *pair, struct region *from)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *mr;

	answer("regMr of no bytes", np_reg(pair->p, pair->send, from->data, 0, NCCL_PTR_HOST, &mr),
	       NCCL_INVALID_ARGUMENT, "a region of no bytes");
	answer("regMr of an unknown type", np_reg(pair->p, pair->send, from->data, 1, 8, &mr),
	       NCCL_INVALID_ARGUMENT, "memory type 8");
	answer("regMrDmaBuf of a file",
	       np_reg_dmabuf(pair->p, pair->recv, from->data, 4096, 0, file, &mr),
	       NCCL_INVALID_ARGUMENT, "not a dma-buf");
	answer("regMrDmaBuf of descriptor -1",
	       np_reg_dmabuf(pair->p, pair->recv, from->data, 4096, 0, -1, &mr),
	       NCCL_INVALID_ARGUMENT, "descriptor -1");
	answer("deregMr of a comm", np_dereg(pair->p, pair->send, pair->send),
	       NCCL_INVALID_ARGUMENT, "not a memory handle");
	close(file);
}

/* The largest message there is; its memory is never touched. */
static void whole_gib(struct pair *pair)
{
	size_t size = 1ull << 30;
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *mr = NULL, *req = NULL;
	struct pair other;
	int tag = 1;

	must(pair_connect(&other, pair->p, pair->ctx));
	if (data == MAP_FAILED || np_reg(pair->p, other.recv, data, size, NCCL_PTR_HOST, &mr))
		must("no region of 1 GiB");
	answer("irecv of 1 GiB",
	       np_irecv(pair->p, other.recv, 1, &data, &size, &tag, &mr, &req) || !req, 0, "");
	np_dereg(pair->p, other.recv, mr);
	pair_close(&other);
	munmap(data, size);
}

static void requests(struct pair *pair, struct region *from, struct region *to)
{
	void *data = to->data, *mr = to->mr, *req = NULL, *send = NULL;
	struct plugin *p = pair->p;
	size_t size = 4096, large = (1ull << 30) + 1;
	int tag = 1, done = 0, sizes[64] = { 0 };
	enum nccl_result sent = NCCL_SUCCESS;

	answer("isend on a receiver", np_isend(p, pair->recv, from->data, 1, tag, from->mr, &req),
	       NCCL_INVALID_ARGUMENT, "not a send comm");
	answer("irecv of no part", np_irecv(p, pair->recv, 0, &data, &size, &tag, &mr, &req),
	       NCCL_INVALID_ARGUMENT, "1 to 8 are possible");
	answer("irecv of nine parts", np_irecv(p, pair->recv, 9, &data, &size, &tag, &mr, &req),
	       NCCL_INVALID_ARGUMENT, "1 to 8 are possible");
	data = to->data + to->size;
	answer("irecv behind its region", np_irecv(p, pair->recv, 1, &data, &size, &tag, &mr, &req),
	       NCCL_INVALID_ARGUMENT, "lie outside region");
	mr = NULL;
	answer("irecv without a region", np_irecv(p, pair->recv, 1, &data, &size, &tag, &mr, &req),
	       NCCL_INVALID_ARGUMENT, "not a memory handle");
	mr = pair->recv;
	answer("irecv into a comm", np_irecv(p, pair->recv, 1, &data, &size, &tag, &mr, &req),
	       NCCL_INVALID_ARGUMENT, "not a memory handle");
	mr = to->mr;
	whole_gib(pair);
	data = to->data;
	answer("irecv of more than 1 GiB",
	       np_irecv(p, pair->recv, 1, &data, &large, &tag, &mr, &req), NCCL_INVALID_ARGUMENT,
	       "a message has 1073741824 at most");
	answer("test of what is no request", np_test(p, to->mr, &done, NULL), NCCL_INVALID_ARGUMENT,
	       "not a request");
	np_irecv(p, pair->recv, 1, &data, &size, &tag, &mr, &req);
	must(send_until(pair, from->data, size, tag, from->mr, NULL, NULL, NULL, &send));
	must(wait_request(p, send, NULL));
	must(wait_request(p, req, sizes));
	answer("test of a request that is done", np_test(p, req, &done, NULL),
	       NCCL_INVALID_ARGUMENT, "done before");
	size = 100;
	np_irecv(p, pair->recv, 1, &data, &size, &tag, &mr, &req);
	send = NULL;
	while (!said[0] && !send)
		sent = np_isend(p, pair->send, from->data, 101, tag, from->mr, &send);
	answer("isend of more than the receive has", sent, NCCL_INVALID_USAGE,
	       "the ranks disagree on the size");
}

int main(int argc, char **argv)
{
	struct region from, to;
	struct pair pair;
	struct plugin p;
	void *ctx;
	int fds, n;

	args_count(argc, 1, 1, "PLUGIN");
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(30); /* a request that nothing ends */
	must(plugin_load(&p, argv[1], release_named("2.28")));
	options(&p);
	fds = fds_open();
	if (np_init(&p, &ctx, keep_log) || np_devices(&p, &n))
		must("init");
	must(pair_connect(&pair, &p, ctx));
	must(region_new(&from, &p, pair.send, 65536));
	must(region_new(&to, &p, pair.recv, 65536));
	said[0] = 0;
	connections(&pair);
	memory(&pair, &from);
	requests(&pair, &from, &to);
	region_free(&from, &p);
	region_free(&to, &p);
	pair_end(&pair);
	result(fds_open() == fds, "descriptors after that");
	result(threads_running() == 1, "threads after that");
	return results_end();
}
