// SPDX-License-Identifier: MIT
/* Contract points about the library, init and properties. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static const char *c1_symbols(struct plugin *p)
{
	static const char *const prefixes[] = { "ncclCollNetPlugin_v", "ncclGinPlugin_v",
						"ncclRmaPlugin_v",     "ncclTunerPlugin_v",
						"ncclProfiler_v",      "ncclEnvPlugin_v" };
	const struct nccl_net_v6 *v6 = p->table;
	char symbol[40];
	void *ctx;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		for (int v = 1; v <= 14; v++) {
			snprintf(symbol, sizeof(symbol), "%s%d", prefixes[i], v);
			NEED(!dlsym(p->library, symbol), "it defines %s, which NCCL would use too",
			     symbol);
		}
	}
	NEED(np_name(p) && np_name(p)[0], "the table has no name");
	NEED(v6->init, "the table has no init");
	TRY(np_init(p, &ctx, check_log));
	/* init may fill the table in. From name to closeListen no entry of any version may be missing, but regMrDmaBuf. */
	NEED(v6->devices && v6->get_properties && v6->listen && v6->connect && v6->accept &&
		     v6->reg_mr && v6->dereg_mr && v6->isend && v6->irecv && v6->iflush &&
		     v6->test && v6->close_send && v6->close_recv && v6->close_listen,
	     "the table lacks a function that NCCL calls");
	if (p->version >= 11)
		NEED(((const struct nccl_net_v11 *)p->table)->finalize, "finalize is NULL");
	TRY(np_finalize(p, ctx));
	return NULL;
}

static const char *c2_unload(struct plugin *p)
{
	const struct release *as = p->as;
	int fds = 0, n;
	char name[256];
	void *ctx;

	snprintf(name, sizeof(name), "%s", p->path);
	for (int i = 0; i < 100; i++) {
		if (!p->library) {
			HOLDS(plugin_load(p, name, as));
		}
		TRY(np_init(p, &ctx, check_log));
		TRY(np_devices(p, &n));
		TRY(np_finalize(p, ctx));
		plugin_unload(p);
		if (!i)
			fds = fds_open();
	}
	NEED(fds_open() <= fds, "%d descriptors after the first unload, %d after the hundredth",
	     fds, fds_open());
	NEED(threads_running() == 1, "%d threads are left after dlclose", threads_running() - 1);
	return NULL;
}

static const char *c3_init(struct plugin *p)
{
	void *first, *second;
	struct pair pair;
	const char *why;
	int n;

	TRY(np_init(p, &first, check_log));
	TRY(np_devices(p, &n));
	TRY(np_init(p, &second, check_log));
	NEED(p->version < 11 || first != second, "two communicators got the same context");
	TRY(np_finalize(p, first));
	why = pair_connect(&pair, p, second);
	if (why)
		return reason("after the first context's finalize: %s", why);
	pair_close(&pair);
	TRY(np_finalize(p, second));
	if (p->as->finalize_unset)
		TRY(np_finalize(p, NULL));
	return NULL;
}

static const char *c4_properties(struct plugin *p)
{
	struct nccl_props_v12 a, b;
	void *ctx;
	int n;

	TRY(np_init(p, &ctx, check_log));
	TRY(np_devices(p, &n));
	NEED(n > 0, "%d devices", n);
	for (int dev = 0; dev < n; dev++) {
		TRY(np_properties(p, dev, &a));
		for (int i = 0; i < 1000; i++)
			TRY(np_properties(p, dev, &b));
		NEED(a.name && a.name == b.name && !strcmp(a.name, b.name),
		     "the name is not stable");
		NEED(a.guid == b.guid && a.port == b.port && a.pci_path == b.pci_path,
		     "guid, port or PCI path change from call to call");
		NEED(a.max_p2p_bytes >= 1 && a.max_p2p_bytes <= 1ull << 40,
		     "maxP2pBytes %zu: NCCL refuses what is not 1 to 1 TiB", a.max_p2p_bytes);
		NEED(a.max_coll_bytes >= 1 && a.max_coll_bytes <= 1ull << 40,
		     "maxCollBytes %zu: NCCL refuses what is not 1 to 1 TiB", a.max_coll_bytes);
		NEED(a.device_type == NCCL_DEVICE_HOST, "netDeviceType %d is not known",
		     a.device_type);
		NEED(a.ptr_support & NCCL_PTR_HOST && !(a.ptr_support & ~7), "ptrSupport %#x",
		     a.ptr_support);
		NEED(a.speed > 0, "speed %d Mb/s", a.speed);
		NEED(a.max_recvs >= 1 && a.max_recvs <= 64, "maxRecvs %d", a.max_recvs);
		NEED(a.max_comms >= 1, "maxComms %d", a.max_comms);
		NEED(a.vdevice.n >= 1 && a.vdevice.n <= NCCL_MAX_DEVS_V12, "%d devices in it",
		     a.vdevice.n);
	}
	return NULL;
}

static const char *c30_no_logger(struct plugin *p)
{
	struct pair pair;
	const char *why;
	void *ctx;
	int n;

	TRY(np_init(p, &ctx, NULL));
	TRY(np_devices(p, &n));
	why = pair_connect(&pair, p, ctx);
	if (!why)
		pair_end(&pair);
	return why;
}

/* A file with the same content, which the loader takes for another library. NULL, or why not */
static const char *copy_library(const char *path, char *copy)
{
	char buffer[65536];
	int from = open(path, O_RDONLY | O_CLOEXEC), to = mkstemp(copy);
	ssize_t n = -1;

	while (from >= 0 && to >= 0 && (n = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)n) != n)
			n = -1;
		if (n < 0)
			break;
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return n ? "the library cannot be copied to /tmp" : NULL;
}

static const char *both_work(struct pair *a, struct pair *b)
{
	HOLDS(pair_message(a, 4096, 1));
	return pair_message(b, 4096, 2);
}

/* NCCL opens the file again to look for other interfaces in it; a second copy has state of its own. */
static const char *c31_twice(struct plugin *p)
{
	char name[] = "/tmp/nccl-net-check.XXXXXX", path[256];
	struct plugin copy, again;
	struct pair first, second;
	const char *why = copy_library(p->path, name);

	if (!why)
		why = plugin_load(&copy, name, p->as);
	unlink(name);
	if (why || (why = pair_open(&first, p)))
		return why;
	snprintf(path, sizeof(path), "%s", p->path);
	HOLDS(plugin_load(&again, path, p->as));
	NEED(again.library == p->library, "the same file is loaded as another library");
	plugin_unload(&again);
	if ((why = pair_open(&second, &copy)))
		return reason("a copy of the library: %s", why);
	HOLDS(both_work(&first, &second));
	pair_end(&first);
	if ((why = pair_open(&first, p)) || (why = both_work(&first, &second)))
		return reason("after a finalize: %s", why);
	pair_end(&first);
	pair_end(&second);
	plugin_unload(&copy);
	return NULL;
}

const struct point points_load[] = {
	{ "C1", "no symbols of other plugin interfaces, no entry missing", c1_symbols },
	{ "C2", "loaded and unloaded 100 times: no thread and no descriptor left", c2_unload },
	{ "C3", "init twice, finalize in any order and without a context", c3_init },
	{ "C4", "properties are in range, stable, and cheap to ask for", c4_properties },
	{ "C30", "works without logger and profiler", c30_no_logger },
	{ "C31", "loaded twice: the same file again, and a copy of it", c31_twice },
	{ NULL, NULL, NULL },
};
