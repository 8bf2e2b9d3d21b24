// SPDX-License-Identifier: MIT
/*
 * cuda_test PLUGIN [old]: the copy hook for CUDA with a libcuda that stands for it; old: one that lacks a function.
 * Every call fails once: an error with its reason, nothing left open, and the next attempt succeeds. TAP.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/args.h"
#include "tests/transports/cuda/fake_cuda.h"
#include "tests/transports/facts.h"
#include "userspace/transports/check/check.h"

#define SIZE 3000000 /* several chunks */

static struct plugin plugin;
static char source[SIZE], target[SIZE];

static void fail(const char *call, unsigned int nth)
{
	fake_cuda.fail_call = call;
	fake_cuda.fail_nth = nth;
	fake_cuda.fail_error = 700;
}

static enum nccl_result init(void **ctx)
{
	int n;

	*ctx = NULL;
	return np_init(&plugin, ctx, keep_log) || np_devices(&plugin, &n);
}

static bool nothing_open(void)
{
	return !fake_cuda.contexts && !fake_cuda.pushed && !fake_cuda.streams &&
	       !fake_cuda.events && !fake_cuda.pinned;
}

/* A message of SIZE bytes between regions of the device, @fail_call fails during it. */
static enum nccl_result message(struct pair *pair, const char *call)
{
	void *data = target, *from = NULL, *to = NULL, *send = NULL, *recv = NULL;
	int tag = 1, sent = 0, received = 0, sizes[64] = { 0 };
	enum nccl_result got = NCCL_SUCCESS;
	size_t size = SIZE;

	if (np_reg(&plugin, pair->send, source, SIZE, NCCL_PTR_CUDA, &from) ||
	    np_reg(&plugin, pair->recv, target, SIZE, NCCL_PTR_CUDA, &to))
		return NCCL_INVALID_ARGUMENT;
	fail(call, 1);
	memset(target, 0, SIZE);
	got = np_irecv(&plugin, pair->recv, 1, &data, &size, &tag, &to, &recv);
	while (!got && (!sent || !received)) {
		if (!send)
			got = np_isend(&plugin, pair->send, source, SIZE, tag, from, &send);
		if (!got && send && !sent)
			got = np_test(&plugin, send, &sent, NULL);
		if (!got && !received)
			got = np_test(&plugin, recv, &received, sizes);
	}
	np_dereg(&plugin, pair->send, from);
	np_dereg(&plugin, pair->recv, to);
	return got;
}

static void messages(void)
{
	static const char *const calls[] = { "cuMemcpyDtoHAsync", "cuMemcpyHtoDAsync",
					     "cuEventRecord", "cuEventQuery" };
	struct pair pair;
	char name[80];
	void *ctx;

	for (size_t i = 0; i <= sizeof(calls) / sizeof(calls[0]); i++) {
		const char *call = i ? calls[i - 1] : "nothing";
		enum nccl_result got;

		if (init(&ctx) || pair_connect(&pair, &plugin, ctx))
			exit(1);
		said[0] = '\0';
		got = message(&pair, call);
		snprintf(name, sizeof(name), "a message during which %s fails", call);
		if (i)
			result(got == NCCL_SYSTEM_ERROR && strstr(said, "device memory failed") &&
				       !strstr(said, "CUDA error 700 starting") == (i == 4),
			       name);
		else
			result(!got && !said[0] && !memcmp(source, target, SIZE) &&
				       fake_cuda.stream_flags == 1,
			       name);
		fake_cuda.fail_call = NULL;
		pair_end(&pair);
		result(nothing_open(), "and nothing is left open");
	}
}

/* The sender closes while a message is under way. */
static void closed(void)
{
	void *data = target, *from, *to, *send = NULL, *recv = NULL, *ctx;
	enum nccl_result got = NCCL_SUCCESS;
	int tag = 1, done = 0;
	size_t size = SIZE;
	struct pair pair;

	if (init(&ctx) || pair_connect(&pair, &plugin, ctx) ||
	    np_reg(&plugin, pair.send, source, SIZE, NCCL_PTR_CUDA, &from) ||
	    np_reg(&plugin, pair.recv, target, SIZE, NCCL_PTR_CUDA, &to) ||
	    np_irecv(&plugin, pair.recv, 1, &data, &size, &tag, &to, &recv))
		exit(1);
	while (!send)
		np_isend(&plugin, pair.send, source, SIZE, tag, from, &send);
	np_test(&plugin, send, &done, NULL);
	np_test(&plugin, send, &done, NULL);
	np_dereg(&plugin, pair.send, from);
	np_close_send(&plugin, pair.send);
	pair.send = NULL;
	said[0] = '\0';
	while (!got && !done) {
		errno = EIO; /* of another call, long ago */
		got = np_test(&plugin, recv, &done, NULL);
	}
	result(got == NCCL_REMOTE_ERROR && strstr(said, "the peer has closed the connection"),
	       "the sender closes in the middle of a message");
	np_dereg(&plugin, pair.recv, to);
	pair_end(&pair);
}

static void registrations(void)
{
	static const struct {
		const char *call;
		unsigned int nth;
	} calls[] = { { "cuDeviceGet", 1 },	      { "cuDevicePrimaryCtxRetain", 1 },
		      { "cuStreamCreate", 1 },	      { "cuMemHostAlloc", 1 },
		      { "cuEventCreate", 1 },	      { "cuEventCreate", 32 },
		      { "cuPointerGetAttribute", 1 }, { "cuPointerGetAttribute", 2 } };
	struct pair pair;
	char name[80];
	void *ctx, *mr;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		enum nccl_result got;
		bool clean;

		if (init(&ctx) || pair_connect(&pair, &plugin, ctx))
			exit(1);
		said[0] = '\0';
		fail(calls[i].call, calls[i].nth);
		got = np_reg(&plugin, pair.send, source, SIZE, NCCL_PTR_CUDA, &mr);
		clean = nothing_open();
		snprintf(name, sizeof(name), "a registration whose %s number %u fails",
			 calls[i].call, calls[i].nth);
		result(got == NCCL_INVALID_USAGE && !fake_cuda.fail_call && clean &&
			       strstr(said, "the copy hook cuda does not reach"),
		       name);
		result(!message(&pair, "nothing") && !memcmp(source, target, SIZE),
		       "the next one succeeds, and a message arrives");
		pair_end(&pair);
	}
	if (init(&ctx) || pair_connect(&pair, &plugin, ctx))
		exit(1);
	fake_cuda.host = true;
	result(np_reg(&plugin, pair.send, source, SIZE, NCCL_PTR_CUDA, &mr) == NCCL_INVALID_USAGE &&
		       strstr(said, "Bad address"),
	       "host memory is no device memory");
	fake_cuda.host = false;
	pair_end(&pair);
}

static void start(void)
{
	void *ctx;

	fail("cuInit", 1);
	result(init(&ctx) && strstr(said, "TPHBUF_NET_COPY: cuda cannot start: No such device"),
	       "cuInit fails");
	np_finalize(&plugin, ctx);
	result(!init(&ctx), "the next init succeeds");
	np_finalize(&plugin, ctx);
}

/* Each time, and not the first time only */
static void old(void)
{
	void *ctx;

	for (int i = 0; i < 2; i++) {
		result(init(&ctx) && strstr(said, "libcuda.so.1 does not define cuEventQuery") &&
			       strstr(said, "cuda cannot start"),
		       "a libcuda that lacks a function");
		np_finalize(&plugin, ctx);
	}
}

int main(int argc, char **argv)
{
	const char *why;

	args_count(argc, 1, 2, "PLUGIN [old]");
	if (argc == 3)
		args_word("LIBRARY", argv[2], "old");
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(120);
	why = plugin_load(&plugin, argv[1], release_named("2.28"));
	if (why)
		args_bad("PLUGIN %s: %s", argv[1], why);
	pattern_fill(source, SIZE, 5);
	if (argc > 2) {
		old();
	} else {
		start();
		messages();
		closed();
		registrations();
	}
	return results_end();
}
