// SPDX-License-Identifier: MIT
/*
 * Broken plugins: each wraps the plugin that BROKEN_BASE names and breaks one contract
 * point, the one that BROKEN names. tests/transports/meta.sh proves that nccl-net-check finds
 * exactly that one. Built twice: C1 needs an additional symbol (BROKEN_SYMBOL). "slow" and "early" break none,
 * "handles" wants device handles that are NULL, "repeat" is for replays.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../userspace/transports/nccl/abi.h"

#define EXPORT __attribute__((visibility("default")))

static const struct nccl_net_v11 *base;
static void *base_library;
static atomic_int outstanding; /* requests that are not done */
static int grouped;	       /* of the last receive */
static pthread_t poster;
static void *posted_on;
static void *_Atomic received_on; /* the comm of the last receive */
static struct nccl_net_v11 table;

static int broken(const char *point)
{
	const char *name = getenv("BROKEN");

	return name && !strcmp(name, point);
}

static void *sleeper(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

/* C31: true in the second copy of this library in a process */
static int second_copy(void)
{
	const char *first = getenv("BROKEN_FIRST");
	char self[64];

	snprintf(self, sizeof(self), "%d %p", getpid(), (void *)&table);
	if (first && atoi(first) == getpid())
		return strcmp(first, self) != 0;
	setenv("BROKEN_FIRST", self, 1);
	return 0;
}

static enum nccl_result init(void **ctx, uint64_t id, struct nccl_comm_config *config,
			     nccl_logger log, nccl_profiler profiler)
{
	pthread_t thread;

	if (!base_library)
		base_library = dlopen(getenv("BROKEN_BASE"), RTLD_NOW | RTLD_LOCAL);
	base = dlsym(base_library, "ncclNetPlugin_v11");
	if (broken("C2"))
		pthread_create(&thread, NULL, sleeper, NULL);
	if (broken("C31") && second_copy())
		return NCCL_INTERNAL_ERROR;
	if (broken("C30") && !log)
		return NCCL_INTERNAL_ERROR;
	return base->init(ctx, id, config, log, profiler);
}

static enum nccl_result finalize(void *ctx)
{
	if (broken("C3") && !ctx)
		return NCCL_INTERNAL_ERROR;
	return base->finalize(ctx);
}

static enum nccl_result devices(int *n)
{
	return base->devices(n);
}

static enum nccl_result properties(int dev, struct nccl_props_v11 *props)
{
	enum nccl_result result = base->get_properties(dev, props);

	if (broken("C4"))
		props->max_p2p_bytes = 0;
	return result;
}

static int trap = -1; /* C7: a port that blocks until the first connection */

static enum nccl_result do_listen(void *ctx, int dev, void *handle, void **comm)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (broken("C5"))
		((char *)handle)[NCCL_HANDLE_SIZE] = 1;
	if (broken("C7") && trap < 0) {
		trap = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		bind(trap, (struct sockaddr *)&addr, sizeof(addr));
		listen(trap, 8);
	}
	return base->listen(ctx, dev, handle, comm);
}

static enum nccl_result do_connect(void *ctx, int dev, void *handle, void **comm,
				   struct nccl_device_handle **dh)
{
	static char *last;
	static int calls, fd = -1;
	enum nccl_result result;

	if (broken("handles") && (!dh || *dh))
		return NCCL_INVALID_ARGUMENT;
	result = base->connect(ctx, dev, handle, comm, dh);
	calls = last == handle ? calls + 1 : 0;
	if (broken("C6") && calls > 20 && !*comm)
		usleep(1000);
	if (broken("C8")) {
		if (last != handle)
			fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (*comm && fd >= 0) {
			close(fd);
			fd = -1;
		}
	}
	last = *comm ? NULL : handle;
	return result;
}

static void *closed_early; /* C9: the comm whose listener is closed before use */
static void *last_accepted, *last_listener;

static enum nccl_result do_accept(void *listen_comm, void **comm, struct nccl_device_handle **dh)
{
	enum nccl_result result;
	char c;
	int fd;

	if (broken("handles") && (!dh || *dh))
		return NCCL_INVALID_ARGUMENT;
	if (trap >= 0 && (fd = accept(trap, NULL, NULL)) >= 0)
		while (read(fd, &c, 1) > 0)
			;
	result = base->accept(listen_comm, comm, dh);
	if (*comm) {
		last_accepted = *comm;
		last_listener = listen_comm;
	}
	return result;
}

static enum nccl_result close_listen(void *listen_comm)
{
	if (broken("C9") && listen_comm == last_listener)
		closed_early = last_accepted;
	return base->close_listen(listen_comm);
}

static struct {
	char *page;
	void *mr;
} by_page[64]; /* C13: a cache with page granularity */

static enum nccl_result reg(void *comm, void *data, size_t size, int type, void **mr)
{
	char *page = (char *)((uintptr_t)data & ~4095ul);
	enum nccl_result result;

	/* Of one comm, as other comms are C28's. */
	if (broken("C10") && atomic_load(&outstanding) && comm == atomic_load(&received_on) &&
	    !pthread_equal(poster, pthread_self()))
		return NCCL_SYSTEM_ERROR;
	for (int i = 0; broken("C13") && i < 64; i++) {
		if (by_page[i].page == page) {
			*mr = by_page[i].mr;
			return NCCL_SUCCESS;
		}
	}
	if (broken("slow"))
		usleep(20000);
	result = base->reg_mr(comm, data, size, type, mr);
	for (int i = 0; broken("C13") && i < 64; i++) {
		if (!by_page[i].page) {
			by_page[i].page = page;
			by_page[i].mr = *mr;
			break;
		}
	}
	return result;
}

static struct {
	int fd;
	void *data, *mr;
} by_number[8];
static int uses_dmabufs; /* C26: errors after a dma-buf was registered are hidden */

static enum nccl_result reg_dmabuf(void *comm, void *data, size_t size, int type, uint64_t offset,
				   int fd, void **mr)
{
	static char memory[1 << 20];
	enum nccl_result result;
	int i;

	for (i = 0; i < 8 && by_number[i].mr; i++) {
		if ((broken("C11") && by_number[i].fd == fd) ||
		    (broken("C14") && by_number[i].data == data)) {
			*mr = by_number[i].mr;
			return NCCL_SUCCESS;
		}
	}
	if (broken("C12") && fd < 0)
		return base->reg_mr(comm, memory, size, NCCL_PTR_HOST, mr);
	result = base->reg_mr_dmabuf(comm, data, size, type, offset, fd, mr);
	uses_dmabufs |= !result;
	if (!result && i < 8) {
		by_number[i].fd = fd;
		by_number[i].data = data;
		by_number[i].mr = *mr;
	}
	return result;
}

static enum nccl_result dereg(void *comm, void *mr)
{
	for (int i = 0; i < 64; i++) {
		if (by_page[i].mr == mr) {
			by_page[i].page = NULL;
			by_page[i].mr = NULL;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (by_number[i].mr == mr)
			by_number[i].mr = NULL;
	}
	return base->dereg_mr(comm, mr);
}

/* "early": the send that was taken before its receive */
static struct {
	void *comm, *data, *mr, *request;
	size_t size;
	int tag;
} early;

static enum nccl_result test_early(int *done, int *sizes)
{
	enum nccl_result result = NCCL_SUCCESS;

	*done = 0;
	if (!early.request)
		result = base->isend(early.comm, early.data, early.size, early.tag, early.mr, NULL,
				     &early.request);
	if (early.request)
		result = base->test(early.request, done, sizes);
	if (*done)
		early.comm = NULL;
	return result;
}

static enum nccl_result isend(void *comm, void *data, size_t size, int tag, void *mr, void *phandle,
			      void **request)
{
	static int refused;
	enum nccl_result result;

	if (broken("C28")) {
		if (!posted_on) {
			posted_on = comm;
			poster = pthread_self();
		} else if (posted_on != comm && !pthread_equal(poster, pthread_self())) {
			return NCCL_INTERNAL_ERROR;
		}
	} else {
		poster = pthread_self();
	}
	if (broken("C15") && atomic_load(&outstanding) > 150 && grouped)
		return NCCL_INTERNAL_ERROR;
	if (broken("C22") && size > 32u << 20)
		size &= 0xffffff;
	if (broken("C16") && refused > 100)
		return NCCL_INTERNAL_ERROR;
	if (broken("early") && early.comm) /* sent twice */
		return NCCL_INTERNAL_ERROR;
	result = base->isend(comm, data, size, tag, mr, phandle, request);
	if (broken("early") && !result && !*request) {
		early.comm = comm;
		early.data = data;
		early.mr = mr;
		early.size = size;
		early.tag = tag;
		early.request = NULL;
		*request = &early;
		return NCCL_SUCCESS;
	}
	if (broken("C24") || (broken("C26") && uses_dmabufs))
		result = NCCL_SUCCESS;
	if (*request)
		atomic_fetch_add(&outstanding, 1);
	refused = *request ? 0 : refused + 1;
	return result;
}

static struct {
	void *request;
	int posted, n;
	void *data;
} receives[1024];

static char nothing; /* C27: the request of a receive without a free slot */
static int failed_once;

static enum nccl_result irecv(void *comm, int n, void **data, size_t *sizes, int *tags, void **mrs,
			      void **phandles, void **request)
{
	enum nccl_result result;
	void *swapped[64];

	if (broken("C9") && comm == closed_early)
		return NCCL_INTERNAL_ERROR;
	if (broken("C18") && *request)
		return NCCL_INVALID_ARGUMENT;
	if (broken("C25") && failed_once) {
		*request = NULL;
		return NCCL_SUCCESS;
	}
	if (broken("C17") && n > 1 && tags[0] > tags[1]) {
		memcpy(swapped, data, sizeof(void *) * (size_t)n);
		swapped[0] = data[1];
		swapped[1] = data[0];
		data = swapped;
	}
	grouped = n > 1;
	poster = broken("C28") ? poster : pthread_self();
	atomic_store(&received_on, comm);
	result = base->irecv(comm, n, data, sizes, tags, mrs, phandles, request);
	if (broken("C26") && uses_dmabufs)
		result = NCCL_SUCCESS;
	if (broken("C27") && !result && !*request && atomic_load(&outstanding) > 200)
		*request = &nothing;
	if (*request && *request != &nothing) {
		atomic_fetch_add(&outstanding, 1);
		for (int i = 0; i < 1024; i++) {
			if (!receives[i].request) {
				receives[i].request = *request;
				receives[i].posted = (int)sizes[0];
				receives[i].data = data[0];
				receives[i].n = n;
				break;
			}
		}
	}
	return result;
}

static enum nccl_result iflush(void *comm, int n, void **data, int *sizes, void **mrs,
			       void **request)
{
	int total = 0;

	for (int i = 0; i < n; i++)
		total += sizes[i];
	if (broken("C21") && !total)
		return NCCL_INTERNAL_ERROR;
	return base->iflush(comm, n, data, sizes, mrs, request);
}

/* Each message of four bytes becomes the first one. */
static void repeat(void *data, const int *sizes)
{
	static char first[4];
	static int n;

	if (!sizes || sizes[0] != sizeof(first))
		return;
	if (n++)
		memcpy(data, first, sizeof(first));
	else
		memcpy(first, data, sizeof(first));
}

static enum nccl_result test(void *request, int *done, int *sizes)
{
	enum nccl_result result;

	if (request == &nothing) {
		*done = 1;
		return NCCL_SUCCESS;
	}
	if (request == &early)
		return test_early(done, sizes);
	result = base->test(request, done, sizes);
	if (*done)
		atomic_fetch_sub(&outstanding, 1);
	for (int i = 0; *done && i < 1024; i++) {
		if (receives[i].request != request)
			continue;
		if (broken("C19") && sizes && sizes[0] && receives[i].n == 1)
			sizes[0] = receives[i].posted;
		if (broken("repeat"))
			repeat(receives[i].data, sizes);
		if (broken("C20") && sizes)
			sizes[receives[i].n] = 0;
		receives[i].request = NULL;
		break;
	}
	if (result)
		failed_once = 1;
	if (broken("C24") && result)
		return NCCL_SUCCESS;
	if (broken("C26") && result && uses_dmabufs) {
		*done = 1;
		return NCCL_SUCCESS;
	}
	return result;
}

static enum nccl_result close_send(void *comm)
{
	if (broken("C29"))
		open("/dev/null", O_RDONLY | O_CLOEXEC);
	return base->close_send(comm);
}

static enum nccl_result close_recv(void *comm)
{
	if (broken("C23") && atomic_load(&outstanding))
		return NCCL_INTERNAL_ERROR;
	if (comm == last_accepted)
		last_accepted = NULL;
	return base->close_recv(comm);
}

/* C1: an entry is missing */
__attribute__((constructor)) static void load(void)
{
	if (broken("C1-finalize"))
		table.finalize = NULL;
	if (broken("C1-iflush"))
		table.iflush = NULL;
}

__attribute__((destructor)) static void unload(void)
{
	if (base_library)
		dlclose(base_library);
}

static struct nccl_net_v11 table = {
	.name = "broken",
	.init = init,
	.devices = devices,
	.get_properties = properties,
	.listen = do_listen,
	.connect = do_connect,
	.accept = do_accept,
	.reg_mr = reg,
	.reg_mr_dmabuf = reg_dmabuf,
	.dereg_mr = dereg,
	.isend = isend,
	.irecv = irecv,
	.iflush = iflush,
	.test = test,
	.close_send = close_send,
	.close_recv = close_recv,
	.close_listen = close_listen,
	.finalize = finalize,
};

extern __typeof__(table) ncclNetPlugin_v11 __attribute__((alias("table"))) EXPORT;
#ifdef BROKEN_SYMBOL
EXPORT int ncclTunerPlugin_v4;
#endif
