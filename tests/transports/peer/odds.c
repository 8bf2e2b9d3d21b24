// SPDX-License-Identifier: MIT
/* No memory, descriptor 0, traces, device handles. */
#include <cJSON.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/transports/fail_calloc.h"
#include "tests/transports/peer/peer.h"

/* A connection in this process, and a region; false: a call failed */
static bool connect_once(void)
{
	struct pair pair = { .p = &plugin };
	static char data[4096];
	void *ctx = NULL, *mr;
	bool ok = false;
	int n;

	if (!np_init(&plugin, &ctx, NULL) && !np_devices(&plugin, &n)) {
		ok = !pair_connect(&pair, &plugin, ctx) &&
		     !np_reg(&plugin, pair.send, data, sizeof(data), NCCL_PTR_HOST, &mr);
		if (ok)
			np_dereg(&plugin, pair.send, mr);
		pair_close(&pair);
	}
	np_finalize(&plugin, ctx);
	return ok;
}

static void no_memory(void)
{
	int fds = fds_open(), failures = 0;
	bool hit = true, ok = true;

	for (unsigned int n = 1; hit && n < 200; n++) {
		bool connected;

		fail_calloc = n;
		connected = connect_once();
		hit = !fail_calloc;
		fail_calloc = 0;
		failures += !connected;
		ok = ok && fds_open() == fds && (hit || connected) && connect_once();
	}
	result(ok && !hit && failures > 5,
	       "without memory for one thing each call fails, and nothing is left open");
}

/* A stranger that is still there when the listener is closed, or when 16 others come */
static void stranger_at_descriptor_0(bool many)
{
	int copy = dup(0), fds, fd, strangers[16];
	struct listener l;

	open_listener(&l);
	fd = dial(&l.handle);
	close(0);
	fds = fds_open();
	accept_nobody(&l);
	must(fds_open() == fds + 1, "the stranger has a descriptor");
	if (many) {
		for (int i = 0; i < 16; i++) {
			must(!has_said("too many"), "sixteen may wait");
			strangers[i] = dial(&l.handle);
			accept_nobody(&l);
		}
		while (!has_said("too many at one port"))
			accept_nobody(&l);
		for (int i = 0; i < 16; i++)
			close(strangers[i]);
	}
	np_close_listen(&plugin, l.comm);
	result(fds_open() == fds - 1, many ? "a stranger with descriptor 0 gives place" :
					     "closeListen closes a stranger's descriptor 0");
	must(dup2(copy, 0) == 0, "dup2");
	close(copy);
	close(fd);
	np_finalize(&plugin, l.ctx);
}

static void no_descriptors(void)
{
	char bytes[NCCL_HANDLE_SIZE];
	void *ctx, *listen_comm;
	enum nccl_result got;
	struct rlimit limit, none;

	init(&ctx);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	got = np_listen(&plugin, ctx, 0, bytes, &listen_comm);
	setrlimit(RLIMIT_NOFILE, &limit);
	answer("a listen without descriptors", got, NCCL_SYSTEM_ERROR, "Too many open files");
	np_finalize(&plugin, ctx);
}

static int lines_of(const char *file, const char *thread)
{
	char line[2048];
	FILE *f = fopen(file, "r");
	int n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		cJSON *json = cJSON_Parse(line);
		const cJSON *name = cJSON_GetObjectItem(json, "thread");

		n += name && !strcmp(cJSON_GetStringValue(name), thread);
		cJSON_Delete(json);
	}
	if (f)
		fclose(f);
	return n;
}

static void traces(void)
{
	char name[] = "/tmp/tphbuf-trace-XXXXXX", old[17];
	int fd = mkstemp(name), fds;
	void *ctx;

	prctl(PR_GET_NAME, old);
	prctl(PR_SET_NAME, "a\"b\\c\td e");
	setenv("TPHBUF_NET_TRACE", name, 1);
	must(fd >= 0 && connect_once(), "connect");
	result(lines_of(name, "a?b?c?d e") > 8, "a trace is JSON whatever the name of the thread");
	close(fd);
	unlink(name);
	prctl(PR_SET_NAME, old);
	setenv("TPHBUF_NET_TRACE", "/dev/full", 1);
	fds = fds_open();
	init(&ctx);
	np_finalize(&plugin, ctx);
	result(fds_open() == fds, "a trace that cannot be written is given up");
	result(connect_once(), "and the plugin works");
	setenv("TPHBUF_NET_TRACE", "/absent/trace", 1);
	np_init(&plugin, &ctx, NULL);
	np_finalize(&plugin, ctx);
	result(connect_once(), "a trace that cannot be opened is no error");
	unsetenv("TPHBUF_NET_TRACE");
}

/* The plugin has none: NULL is written if there is a place for it. */
static void device_handles(void)
{
	const struct nccl_net_v11 *table = plugin.table;
	struct nccl_device_handle *dh = (void *)&table;
	void *ctx, *listen_comm, *send = NULL, *recv = NULL;
	char bytes[NCCL_HANDLE_SIZE];

	init(&ctx);
	must(!np_listen(&plugin, ctx, 0, bytes, &listen_comm), "listen");
	while (!send || !recv) {
		if (!send)
			must(!table->connect(ctx, 0, bytes, &send, &dh), "connect");
		if (!recv)
			must(!table->accept(listen_comm, &recv, NULL), "accept");
	}
	result(!dh, "connect writes NULL for the device handle");
	np_close_send(&plugin, send);
	np_close_recv(&plugin, recv);
	dh = (void *)&table;
	send = recv = NULL;
	while (!send || !recv) {
		if (!send)
			must(!table->connect(ctx, 0, bytes, &send, NULL), "connect");
		if (!recv)
			must(!table->accept(listen_comm, &recv, &dh), "accept");
	}
	result(!dh, "and so does accept; no place is no error");
	np_close_send(&plugin, send);
	np_close_recv(&plugin, recv);
	np_close_listen(&plugin, listen_comm);
	np_finalize(&plugin, ctx);
}

static enum nccl_result negative_size(const struct plugin *p, void *comm, void *data, void **mr)
{
	const struct nccl_net_v6 *table = p->table;

	return table->reg_mr(comm, data, -1, NCCL_PTR_HOST, mr);
}

/* Their sizes are of type int. */
static bool sizes_of_old_tables(struct plugin *p, void *comm, void *data)
{
	void *mr = NULL;
	bool ok = negative_size(p, comm, data, &mr) == NCCL_INVALID_ARGUMENT && !mr;

	ok = ok && !np_reg(p, comm, data, INT_MAX, NCCL_PTR_HOST, &mr) && mr;
	ok = ok && !np_dereg(p, comm, mr);
	return ok && np_reg(p, comm, data, (size_t)INT_MAX + 1, NCCL_PTR_HOST, &mr) ==
			     NCCL_INTERNAL_ERROR;
}

/* A region larger than that */
static bool large_region(struct plugin *p, void *comm, void *data)
{
	void *mr = NULL;

	return !np_reg(p, comm, data, (size_t)INT_MAX + 1, NCCL_PTR_HOST, &mr) &&
	       !np_dereg(p, comm, mr);
}

/* A message by each table. Before version 11 nothing ends but with the library, so this is the last test. */
void tables(void)
{
	for (int version = 12; version >= 6; version--) {
		struct plugin p = plugin;
		char name[40], data[8];
		struct pair pair;
		bool ok;

		snprintf(name, sizeof(name), "ncclNetPlugin_v%d", version);
		p.table = dlsym(p.library, name);
		p.version = version;
		must(p.table && !pair_open(&pair, &p), name);
		ok = !pair_message(&pair, 5000, 3);
		ok = ok && (version < 8 ? sizes_of_old_tables : large_region)(&p, pair.send, data);
		result(ok, name);
		pair_end(&pair);
	}
}

void odds(void)
{
	no_memory();
	stranger_at_descriptor_0(false);
	stranger_at_descriptor_0(true);
	no_descriptors();
	traces();
	device_handles();
}
