// SPDX-License-Identifier: MIT
/* verbs_test PLUGIN SECOND: messages and devices; SECOND is a copy of the file. Errors: verbs_errors.c, verbs_peer.c. TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/args.h"
#include "tests/transports/fail_calloc.h"
#include "tests/transports/verbs/verbs_test.h"

struct plugin plugin;

void must(const char *why)
{
	if (!why)
		return;
	printf("Bail out! %s; the log: %s\n", why, said);
	exit(1);
}

void rig_open(struct rig *rig, const char *qps)
{
	void *ctx = NULL;
	int n = 0;

	fake_rdma_reset();
	setenv("TPHBUF_NET_QPS", qps, 1);
	if (np_init(&plugin, &ctx, keep_log) || np_devices(&plugin, &n) || n < 1)
		must("init");
	must(pair_connect(&rig->pair, &plugin, ctx));
	must(region_new(&rig->from, &plugin, rig->pair.send, ROOM));
	must(region_new(&rig->to, &plugin, rig->pair.recv, ROOM));
	pattern_fill(rig->from.data, ROOM, 3);
	said[0] = 0;
}

static bool nothing_open(void)
{
	return !fake_rdma.contexts && !fake_rdma.pds && !fake_rdma.cqs && !fake_rdma.qps &&
	       !fake_rdma.mrs && !fake_rdma.unacked;
}

void rig_close(struct rig *rig)
{
	region_free(&rig->from, &plugin);
	region_free(&rig->to, &plugin);
	pair_end(&rig->pair);
	if (nothing_open())
		return;
	printf("# open: %d contexts, %d PDs, %d CQs, %d QPs, %d MRs, %d events\n",
	       fake_rdma.contexts, fake_rdma.pds, fake_rdma.cqs, fake_rdma.qps, fake_rdma.mrs,
	       fake_rdma.unacked);
	must("objects of the device are left");
}

void *receive(struct rig *rig, int n, size_t size)
{
	void *data[8], *mrs[8], *req = NULL;
	size_t sizes[8];
	int tags[8];

	for (int i = 0; i < n; i++) {
		data[i] = rig->to.data + (size_t)i * size;
		mrs[i] = rig->to.mr;
		sizes[i] = size;
		tags[i] = i + 1;
	}
	if (np_irecv(&plugin, rig->pair.recv, n, data, sizes, tags, mrs, &req))
		return NULL;
	return req;
}

enum nccl_result send_one(struct rig *rig, size_t size, int tag, void **req)
{
	enum nccl_result got;

	*req = NULL;
	do
		got = np_isend(&plugin, rig->pair.send, rig->from.data, size, tag, rig->from.mr,
			       req);
	while (!got && !*req);
	return got;
}

enum nccl_result finish(void *req, int *sizes)
{
	enum nccl_result got = NCCL_SUCCESS;
	int done = 0;

	while (!got && !done)
		got = np_test(&plugin, req, &done, sizes);
	return got;
}

static const size_t message_sizes[] = { 0, 1, 127, 128, 129, 1000, 1024, 1025, 8191, ROOM };

bool arrives(struct rig *rig, void *recv, size_t size)
{
	int sizes[64] = { 0 };
	void *send;

	memset(rig->to.data, 0, ROOM);
	return recv && !send_one(rig, size, 1, &send) && !finish(send, NULL) &&
	       !finish(recv, sizes) && (size_t)sizes[0] == size &&
	       pattern_differs(rig->to.data, size, 3) == size &&
	       (size == ROOM || !rig->to.data[size]);
}

static bool message_arrives(struct rig *rig, size_t size)
{
	return arrives(rig, receive(rig, 1, size), size);
}

/* Every queue pair carries a piece of every message, the last ones perhaps none of its bytes. */
static void messages(void)
{
	char qps[2] = "1", name[64];
	struct rig rig;

	for (int n = 1; n <= 8; n++) {
		bool ok = true;

		qps[0] = (char)('0' + n);
		rig_open(&rig, qps);
		ok = fake_rdma.n_created == 2u * (unsigned int)n + 1;
		for (size_t i = 0; i < sizeof(message_sizes) / sizeof(message_sizes[0]); i++) {
			unsigned int before = fake_rdma.writes;

			ok = ok && message_arrives(&rig, message_sizes[i]) &&
			     fake_rdma.writes - before == 1u + (unsigned int)n;
		}
		rig_close(&rig);
		snprintf(name, sizeof(name), "messages over %d queue pairs", n);
		result(ok, name);
	}
}

/* Every further receive gets no request. */
static bool says_once(struct rig *rig)
{
	static const char text[] = "all 256 requests are in use";
	const char *first;

	for (int i = 0; i < 3; i++) {
		if (receive(rig, 8, 8))
			return false;
	}
	first = strstr(said, text);
	return first && !strstr(first + 1, text);
}

/* All requests there are, eight parts each: the queue of receives is as deep as that. */
static void all_requests(void)
{
	static void *recv[257];
	int n = 0, sizes[64] = { 0 };
	bool ok = true;
	struct rig rig;
	void *send;

	rig_open(&rig, "2");
	while (n < 257 && (recv[n] = receive(&rig, 8, 8)))
		n++;
	result(n == 256 && says_once(&rig),
	       "256 receives of eight parts wait, and the log says so once");
	for (int i = 0; i < n && ok; i++) {
		for (int tag = 8; tag >= 1 && ok; tag--)
			ok = !send_one(&rig, 8, tag, &send) && !finish(send, NULL);
		ok = ok && !finish(recv[i], sizes) && sizes[0] == 8 && sizes[7] == 8;
	}
	result(ok, "and each of their parts arrives");
	ok = receive(&rig, 8, 8) != NULL;
	result(ok, "a request that is done makes room for another one");
	rig_close(&rig);
}

static bool flush(struct rig *rig, void **data, int *sizes, void **req)
{
	void *mrs[3] = { rig->to.mr, rig->to.mr, rig->to.mr };

	*req = NULL;
	return !np_iflush(&plugin, rig->pair.recv, 3, data, sizes, mrs, req);
}

static void flushes(void)
{
	int sizes[3] = { 10, 20, 0 }, none[3] = { 0, 0, 0 }, untouched[64] = { 77 };
	struct rig rig;
	void *data[3], *req;

	rig_open(&rig, "1");
	for (int i = 0; i < 3; i++)
		data[i] = rig.to.data + 100 * i;
	result(flush(&rig, data, sizes, &req) && req && !finish(req, untouched) &&
		       fake_rdma.reads == 1 && fake_rdma.read_addr == (uintptr_t)data[1] &&
		       untouched[0] == 77,
	       "a flush reads from the last part with bytes");
	result(flush(&rig, data, none, &req) && !req && fake_rdma.reads == 1, "no bytes, no flush");
	rig_close(&rig);
}

static void device_list(const char *list, const char *first, int n_wanted)
{
	struct nccl_props_v12 props;
	char name[80];
	void *ctx = NULL;
	int n = 0;

	setenv("TPHBUF_NET_DEVICES", list, 1);
	memset(&props, 0, sizeof(props));
	snprintf(name, sizeof(name), "TPHBUF_NET_DEVICES=%s", list);
	if (n_wanted) {
		result(!np_init(&plugin, &ctx, keep_log) && !np_devices(&plugin, &n) &&
			       n == n_wanted && !np_properties(&plugin, 0, &props) &&
			       !strcmp(props.name, first),
		       name);
		np_finalize(&plugin, ctx);
	} else {
		answer(name, np_init(&plugin, &ctx, keep_log), NCCL_SYSTEM_ERROR,
		       "no RDMA device with an active port among");
	}
	unsetenv("TPHBUF_NET_DEVICES");
}

static int speed(uint8_t width, uint8_t code)
{
	struct nccl_props_v12 props;
	void *ctx = NULL;

	fake_rdma_reset();
	fake_rdma.width = width;
	fake_rdma.speed = code;
	memset(&props, 0, sizeof(props));
	if (np_init(&plugin, &ctx, keep_log))
		return -1;
	np_properties(&plugin, 1, &props);
	np_finalize(&plugin, ctx);
	return props.guid == 0x0200000000000001 && props.port == 1 ? props.speed : -2;
}

static void devices(void)
{
	void *ctx = NULL;

	device_list("fake1", "fake1", 1);
	device_list("fake0,fake1", "fake0", 2);
	device_list("fake1,absent", "fake1", 1);
	device_list("absent,fake1", "fake1", 1);
	device_list("fake", "", 0);
	device_list("fake11", "", 0);
	result(speed(1, 1) == 2500 && speed(2, 32) == 100000 && speed(4, 128) == 800000 &&
		       speed(8, 64) == 600000 && speed(2, 3) == 10000,
	       "the speed of a port is that of a lane times their number");
	fake_rdma_reset();
	fake_rdma.port_state = IBV_PORT_DOWN;
	answer("no active port", np_init(&plugin, &ctx, keep_log), NCCL_SYSTEM_ERROR,
	       "fake1: port 1 is not active");
	fake_rdma_reset();
	fake_rdma.no_devices = true;
	answer("no RDMA device", np_init(&plugin, &ctx, keep_log), NCCL_SYSTEM_ERROR,
	       "set TPHBUF_NET_BACKEND=loop on a machine without RDMA");
	result(!fake_rdma.contexts && !fake_rdma.pds, "nothing is left open");
}

/* The smaller MTU of both ends; a route by GID on Ethernet. */
static void routes(void)
{
	struct rig rig;

	fake_rdma_reset();
	rig_open(&rig, "1");
	result(fake_rdma.rtr.path_mtu == IBV_MTU_4096 && fake_rdma.rtr.ah_attr.dlid == 0x10 &&
		       !fake_rdma.rtr.ah_attr.is_global && fake_rdma.rts.retry_cnt == 7 &&
		       fake_rdma.rts.timeout == 17,
	       "an InfiniBand route has the LID only");
	rig_close(&rig);
}

static void ethernet(void)
{
	struct pair pair = { .p = &plugin };
	int n;

	fake_rdma_reset();
	fake_rdma.link_layer = IBV_LINK_LAYER_ETHERNET;
	setenv("TPHBUF_NET_QPS", "1", 1);
	if (np_init(&plugin, &pair.ctx, keep_log) || np_devices(&plugin, &n) ||
	    np_listen(&plugin, pair.ctx, 0, pair.handle, &pair.listen_comm))
		must("listen");
	while (!pair.send || !pair.recv) {
		if (!pair.send && np_connect(&plugin, pair.ctx, 1, pair.handle, &pair.send))
			must("connect");
		if (!pair.recv && np_accept(&plugin, pair.listen_comm, &pair.recv))
			must("accept");
	}
	/* The last one to be connected is the sender, on the device with the smaller MTU. */
	result(fake_rdma.rtr.path_mtu == IBV_MTU_1024 && fake_rdma.rtr.ah_attr.is_global &&
		       fake_rdma.rtr.ah_attr.grh.dgid.raw[15] == 1 &&
		       fake_rdma.rtr.ah_attr.grh.hop_limit == 64,
	       "an Ethernet route has the peer's GID, and the smaller MTU");
	pair_end(&pair);
}

/* A message from @send of @other to @recv of the plugin, compared */
static bool message_between(struct plugin *other, void *send, void *recv)
{
	void *data, *mr, *sent = NULL, *received = NULL;
	int tag = 1, sizes[64] = { 0 };
	struct region from, to;
	size_t size = 5000;
	bool ok;

	must(region_new(&from, other, send, size));
	must(region_new(&to, &plugin, recv, size));
	pattern_fill(from.data, size, 9);
	data = to.data;
	mr = to.mr;
	ok = !np_irecv(&plugin, recv, 1, &data, &size, &tag, &mr, &received) && received;
	while (ok && !sent)
		ok = !np_isend(other, send, from.data, size, tag, from.mr, &sent);
	for (int done = 0; ok && !done;)
		ok = !np_test(other, sent, &done, NULL);
	ok = ok && !finish(received, sizes) && pattern_differs(to.data, size, 9) == size;
	region_free(&from, other);
	region_free(&to, &plugin);
	return ok;
}

/* A copy of the file is another plugin: its state is its own. Each end wants another number of queue pairs. */
static void loaded_twice(const char *second)
{
	void *ctx = NULL, *listen_comm, *send = NULL, *recv = NULL;
	char handle[NCCL_HANDLE_SIZE];
	struct plugin other = { 0 };
	unsigned int before;
	struct rig rig;
	bool ok;
	int n;

	rig_open(&rig, "2");
	must(plugin_load(&other, second, release_named("2.28")));
	setenv("TPHBUF_NET_QPS", "5", 1);
	if (np_init(&other, &ctx, keep_log) || np_devices(&other, &n) ||
	    np_listen(&plugin, rig.pair.ctx, 0, handle, &listen_comm))
		must("init of the second copy");
	while (!send || !recv) {
		if (!send && np_connect(&other, ctx, 1, handle, &send))
			must("connect of the second copy");
		if (!recv && np_accept(&plugin, listen_comm, &recv))
			must("accept from the second copy");
	}
	before = fake_rdma.writes;
	ok = message_between(&other, send, recv);
	result(ok && fake_rdma.writes - before == 3,
	       "two copies of the plugin, 5 and 2 queue pairs: 2 are used");
	np_close_send(&other, send);
	np_close_recv(&plugin, recv);
	np_close_listen(&plugin, listen_comm);
	np_finalize(&other, ctx);
	plugin_unload(&other);
	result(message_arrives(&rig, 100), "the first one goes on when the second is gone");
	rig_close(&rig);
}

static bool open_once(void)
{
	struct pair pair = { .p = &plugin };
	void *ctx = NULL;
	bool ok = false;
	int n;

	if (!np_init(&plugin, &ctx, keep_log) && !np_devices(&plugin, &n)) {
		if (!n)
			must("init succeeds without a device");
		ok = n == 2 && !pair_connect(&pair, &plugin, ctx);
		pair_close(&pair);
	}
	np_finalize(&plugin, ctx);
	said[0] = 0;
	return ok;
}

static void no_memory(void)
{
	int fds = fds_open(), failures = 0;
	bool hit = true, ok = true;

	fake_rdma_reset();
	setenv("TPHBUF_NET_QPS", "1", 1);
	for (unsigned int n = 1; hit && n < 400; n++) {
		bool opened;

		fail_calloc = n;
		opened = open_once();
		hit = !fail_calloc;
		fail_calloc = 0;
		failures += !opened;
		ok = ok && nothing_open() && fds_open() == fds && (hit || opened);
	}
	result(ok && !hit && failures > 10 && open_once(),
	       "without memory for one thing nothing is left open");
}

int main(int argc, char **argv)
{
	args_count(argc, 2, 2, "PLUGIN SECOND_PLUGIN");
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(120); /* a request that nothing ends */
	must(plugin_load(&plugin, argv[1], release_named("2.28")));
	messages();
	all_requests();
	flushes();
	devices();
	routes();
	ethernet();
	loaded_twice(argv[2]);
	errors();
	strangers();
	announcements();
	no_memory();
	return results_end();
}
