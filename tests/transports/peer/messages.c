// SPDX-License-Identifier: MIT
/* Announcements and parts that cannot be: each is an error of the peer, and of every later call. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/transports/peer/peer.h"
#include "userspace/transports/nccl/loop.h"

static struct loop_cts good_cts(void)
{
	struct loop_cts cts = { .kind = LOOP_CTS, .n = 2 };

	cts.part[0].size = 100;
	cts.part[0].tag = 1;
	cts.part[1].size = 100;
	cts.part[1].tag = 2;
	return cts;
}

static enum nccl_result send_to(const struct loop_cts *cts, size_t size, int tag, void **req,
				struct rig *rig)
{
	enum nccl_result got = NCCL_SUCCESS;

	open_sender(rig);
	give(rig->fd, cts, sizeof(*cts));
	*req = NULL;
	while (!got && !*req)
		got = np_isend(&plugin, rig->comm, rig->data, size, tag, rig->mr, req);
	return got;
}

static void announcement(const char *name, struct loop_cts cts)
{
	void *req, *again = NULL;
	struct rig rig;

	answer(name, send_to(&cts, 100, 1, &req, &rig), NCCL_REMOTE_ERROR,
	       "the receiver announced what cannot be");
	result(np_isend(&plugin, rig.comm, rig.data, 1, 1, rig.mr, &again) == NCCL_REMOTE_ERROR &&
		       !again,
	       "and so is every later call");
	close_rig(&rig, true);
}

static void announcements(void)
{
	struct loop_cts cts = good_cts();
	struct loop_part part;
	struct rig rig;
	void *req;
	int done = 0;

	result(!send_to(&cts, 100, 2, &req, &rig), "an announcement as it should be");
	while (!done)
		must(!np_test(&plugin, req, &done, NULL), "test");
	take(rig.fd, &part, sizeof(part));
	result(part.kind == LOOP_PART && !part.seq && part.index == 1 && part.size == 100 &&
		       !part.reserved,
	       "its message names receive, part and size");
	close_rig(&rig, true);
	cts.kind++;
	announcement("an announcement of another kind", cts);
	cts = good_cts();
	cts.reserved = 1;
	announcement("a reserved field that is set", cts);
	cts = good_cts();
	cts.n = 0;
	announcement("no part", cts);
	cts.n = NET_MAX_RECVS + 1;
	announcement("nine parts", cts);
	cts = good_cts();
	cts.seq = 1;
	announcement("an announcement that is left out", cts);
	cts = good_cts();
	cts.part[1].size = NET_MAX_BYTES + 1;
	announcement("a part of more than 1 GiB", cts);
}

/* 257 announcements before one message: more than there can be */
static void flood(void)
{
	enum nccl_result got = NCCL_SUCCESS;
	struct loop_cts cts = good_cts();
	struct rig rig;
	void *req = NULL;

	open_sender(&rig);
	for (cts.seq = 0; cts.seq < NET_SLOTS; cts.seq++)
		give(rig.fd, &cts, sizeof(cts));
	for (int i = 0; i < 300 && !got; i++)
		got = np_isend(&plugin, rig.comm, rig.data, 1, 9, rig.mr, &req);
	result(!got && !req, "256 announcements wait for their messages");
	give(rig.fd, &cts, sizeof(cts));
	while (!got)
		got = np_isend(&plugin, rig.comm, rig.data, 1, 9, rig.mr, &req);
	answer("one more is one too many", got, NCCL_REMOTE_ERROR, "announced what cannot be");
	close_rig(&rig, true);
}

static struct loop_part good_part(void)
{
	return (struct loop_part){ .kind = LOOP_PART, .index = 1, .size = 100 };
}

/* A receive of two parts of 100 bytes, and what its announcement says */
static void *post_receive(struct rig *rig)
{
	void *data[2] = { rig->data, rig->data + 100 }, *mrs[2], *req = NULL;
	size_t sizes[2] = { 100, 100 };
	struct loop_cts cts, want = good_cts();
	int tags[2] = { 1, 2 };

	open_receiver(rig);
	mrs[0] = mrs[1] = rig->mr;
	must(!np_irecv(&plugin, rig->comm, 2, data, sizes, tags, mrs, &req) && req, "irecv");
	take(rig->fd, &cts, sizeof(cts));
	must(!memcmp(&cts, &want, sizeof(cts)), "the announcement");
	return req;
}

static void part(const char *name, const struct loop_part *parts, int n)
{
	enum nccl_result got = NCCL_SUCCESS;
	static const char bytes[100];
	int done = 0, sizes[64];
	struct rig rig;
	void *req = post_receive(&rig);

	for (int i = 0; i < n; i++) {
		give(rig.fd, &parts[i], sizeof(parts[i]));
		if (i < n - 1)
			give(rig.fd, bytes, parts[i].size);
	}
	while (!got && !done)
		got = np_test(&plugin, req, &done, sizes);
	answer(name, got, NCCL_REMOTE_ERROR, "the sender sent what no receive waits for");
	req = NULL;
	result(np_irecv(&plugin, rig.comm, 1, (void *[]){ rig.data }, (size_t[]){ 1 }, (int[]){ 1 },
			(void *[]){ rig.mr }, &req) == NCCL_REMOTE_ERROR &&
		       !req,
	       "and so is every later call");
	close_rig(&rig, false);
}

static void good_parts(void)
{
	struct loop_part parts[2] = { good_part(), good_part() };
	int done = 0, sizes[64] = { 0 };
	static const char bytes[100];
	struct rig rig;
	void *req = post_receive(&rig);

	parts[1].index = 0;
	parts[1].size = 0;
	give(rig.fd, &parts[0], sizeof(parts[0]));
	give(rig.fd, bytes, 100);
	give(rig.fd, &parts[1], sizeof(parts[1]));
	while (!done)
		must(!np_test(&plugin, req, &done, sizes), "test");
	result(sizes[0] == 0 && sizes[1] == 100, "parts in any order, one of no bytes");
	close_rig(&rig, false);
}

static void parts(void)
{
	struct loop_part p[2] = { good_part(), good_part() };

	good_parts();
	part("a part that is there already", p, 2);
	p[0].kind++;
	part("a message of another kind", p, 1);
	p[0] = good_part();
	p[0].reserved = 1;
	part("a message whose reserved field is set", p, 1);
	p[0] = good_part();
	p[0].index = 2;
	part("a part that the receive does not have", p, 1);
	p[0].size = 0;
	part("a part that the receive does not have, of no bytes", p, 1);
	p[0].index = UINT32_MAX;
	part("the last part there could be", p, 1);
	p[0] = good_part();
	p[0].size = 101;
	part("a byte more than the part has", p, 1);
	p[0].size = UINT64_MAX;
	part("2^64 - 1 bytes", p, 1);
	p[0] = good_part();
	p[0].seq = 1;
	part("a receive that was not posted", p, 1);
	p[0].seq = NET_SLOTS;
	part("a receive in the same place of the ring", p, 1);
}

/* @bytes of a message arrive, and the peer closes: in order, or by a reset. */
static void end_after(const char *name, size_t bytes, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };
	struct {
		struct loop_part part;
		char data[4];
	} message = { good_part(), "half" };
	enum nccl_result got = NCCL_SUCCESS;
	int done = 0, sizes[64];
	struct rig rig;
	void *req = post_receive(&rig);

	if (bytes)
		give(rig.fd, &message, bytes);
	if (reset)
		setsockopt(rig.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(rig.fd);
	while (!got && !done) {
		errno = EIO; /* of another call, long ago */
		got = np_test(&plugin, req, &done, sizes);
	}
	answer(name, got, NCCL_REMOTE_ERROR,
	       "the peer has closed the connection while a receive is outstanding");
	rig.fd = dup(0);
	close_rig(&rig, false);
}

static void ends(void)
{
	end_after("the end before a message", 0, false);
	end_after("the end in the middle of a header", 5, false);
	end_after("the end in the middle of a message", sizeof(struct loop_part) + 4, false);
	end_after("a reset before a message", 0, true);
	end_after("a reset in the middle of a header", 5, true);
	end_after("a reset in the middle of a message", sizeof(struct loop_part) + 4, true);
	setenv("TPHBUF_NET_COPY", copy_library, 1);
	check_memory = NCCL_PTR_CUDA;
	end_after("the end before a message to device memory", sizeof(struct loop_part), false);
	end_after("the end in the middle of a message to device memory",
		  sizeof(struct loop_part) + 4, false);
	end_after("a reset in the middle of a message to device memory",
		  sizeof(struct loop_part) + 4, true);
	check_memory = NCCL_PTR_HOST;
	unsetenv("TPHBUF_NET_COPY");
}

/* A sender whose receiver is gone */
static void no_receiver(void)
{
	enum nccl_result got = NCCL_SUCCESS;
	struct loop_cts cts = good_cts();
	void *req = NULL;
	struct rig rig;
	int done = 0;

	must(!send_to(&cts, 100, 1, &req, &rig), "isend");
	close(rig.fd);
	while (!got && !done) {
		errno = EIO;
		got = np_test(&plugin, req, &done, NULL);
	}
	req = NULL;
	while (!got)
		got = np_isend(&plugin, rig.comm, rig.data, 100, 2, rig.mr, &req);
	answer("a receiver that is gone", got, NCCL_REMOTE_ERROR, "has closed the connection");
	rig.fd = dup(0);
	close_rig(&rig, true);
}

void messages(void)
{
	announcements();
	flood();
	parts();
	ends();
	no_receiver();
}
