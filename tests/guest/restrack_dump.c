// SPDX-License-Identifier: MIT
/*
 * restrack_dump TEST NIC: dumps of a NIC's objects by netlink, read a message at a time, while objects come and go between
 * two messages. What lives through the whole dump must be shown exactly once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/nldev.h"
#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define COUNT  600u /* a message has room for about 70 MRs */
#define MORE   200u /* registered during a dump */
#define EACH   20u  /* deregistered, registered between two messages */
#define LENGTH 0x10000u
#define QPS    200u

/* MR i has the length LENGTH + i, by which the dump tells it apart. */
struct mrs {
	struct port port;
	struct memory memory;
	struct ibv_mr *mr[COUNT + MORE];
	unsigned int shown[COUNT + MORE];
	unsigned int made, gone, foreign; /* MRs 0 to gone - 1 are deregistered */
};

static void make(struct mrs *mrs)
{
	unsigned int i = mrs->made++;

	mrs->mr[i] = ibv_reg_mr(mrs->port.pd, mrs->memory.addr, LENGTH + i, IBV_ACCESS_LOCAL_WRITE);
	require(mrs->mr[i], "MR %u: %m", i);
}

static void remove_first(struct mrs *mrs)
{
	unsigned int i = mrs->gone++;
	int ret = ibv_dereg_mr(mrs->mr[i]);

	require(!ret, "deregistration of MR %u: %s", i, strerror(ret));
}

static void mrs_open(struct mrs *mrs, const char *nic)
{
	port_open(&mrs->port, nic);
	memory_alloc(&mrs->memory, &mrs->port, 2 * LENGTH, IBV_ACCESS_LOCAL_WRITE);
	while (mrs->made < COUNT)
		make(mrs);
}

static void mrs_close(struct mrs *mrs)
{
	while (mrs->gone < mrs->made)
		remove_first(mrs);
	memory_free(&mrs->memory);
	port_close(&mrs->port);
}

static void count_mr(void *ctx, uint64_t length)
{
	struct mrs *mrs = ctx;

	if (length >= LENGTH && length < LENGTH + mrs->made)
		mrs->shown[length - LENGTH]++;
	else
		mrs->foreign++;
}

/* Calls change between two messages. */
static void dump(struct mrs *mrs, void (*change)(struct mrs *))
{
	unsigned int messages = 0, made = mrs->made, missing = 0, twice = 0;
	struct nldev_dump mr_dump;

	memset(mrs->shown, 0, sizeof(mrs->shown));
	nldev_dump_start(&mr_dump, mrs->port.name, &nldev_mrs, 0);
	while (nldev_dump_next(&mr_dump, count_mr, mrs)) {
		messages++;
		if (change)
			change(mrs);
	}
	printf("%u messages, %u MRs deregistered, %u registered, %u of others\n", messages,
	       mrs->gone, mrs->made - made, mrs->foreign);
	require(change || messages > COUNT / 100, "%u messages", messages);
	for (unsigned int i = 0; i < mrs->made; i++) {
		missing += !mrs->shown[i] && i >= mrs->gone && i < made;
		twice += mrs->shown[i] > 1;
	}
	require(!missing && !twice, "%u of %u MRs that lived are not shown, %u are shown twice",
		missing, made - mrs->gone, twice);
}

static void remove_some(struct mrs *mrs)
{
	for (unsigned int i = 0; i < EACH && mrs->gone < COUNT - 1; i++)
		remove_first(mrs);
}

/* The MR at which the next message begins is one of them. */
static void remove_many(struct mrs *mrs)
{
	for (unsigned int i = 0; i < 6; i++)
		remove_some(mrs);
}

/* As many come as go, so that positions stay below the number of MRs. */
static void replace_some(struct mrs *mrs)
{
	for (unsigned int i = 0; i < EACH && mrs->made < COUNT + MORE; i++) {
		remove_first(mrs);
		make(mrs);
	}
}

static void test_mrs(const char *nic, void (*change)(struct mrs *))
{
	static struct mrs mrs;

	mrs_open(&mrs, nic);
	dump(&mrs, NULL);
	dump(&mrs, change);
	mrs_close(&mrs);
}

/* Queue pairs by number: 4 with a port, between them QPS that have none. */
struct qps {
	uint32_t number[4];
	unsigned int shown[4], others;
	uint32_t first, last; /* of those without port */
};

static void count_qp(void *ctx, uint64_t number)
{
	struct qps *qps = ctx;

	require(number < qps->first || number > qps->last,
		"queue pair %u without port is shown for a port", (unsigned int)number);
	for (unsigned int i = 0; i < 4; i++)
		qps->shown[i] += number == qps->number[i];
	qps->others++;
}

/* Objects of other ports fill no message and end none. */
static void test_port(const char *nic)
{
	struct ibv_qp_init_attr init = { .qp_type = IBV_QPT_RC, .cap = { 1, 1, 1, 1, 0 } };
	static struct ibv_qp *idle[QPS];
	struct nldev_dump qp_dump;
	struct side side[4];
	struct qps qps = { .others = 0 };
	struct port port;

	port_open(&port, nic);
	link_open(&side[0], &port, &side[1], &port, NULL);
	init.send_cq = init.recv_cq = side[0].cq;
	for (unsigned int i = 0; i < QPS; i++) {
		idle[i] = ibv_create_qp(port.pd, &init);
		require(idle[i], "queue pair %u: %m", i);
	}
	link_open(&side[2], &port, &side[3], &port, NULL);
	for (unsigned int i = 0; i < 4; i++)
		qps.number[i] = side[i].qp->qp_num;
	qps.first = idle[0]->qp_num;
	qps.last = idle[QPS - 1]->qp_num;
	require(qps.first < qps.last, "numbers of queue pairs are used again");
	nldev_dump_start(&qp_dump, nic, &nldev_qps, 1);
	while (nldev_dump_next(&qp_dump, count_qp, &qps))
		;
	for (unsigned int i = 0; i < 4; i++)
		require(qps.shown[i] == 1, "queue pair %u is shown %u times", qps.number[i],
			qps.shown[i]);
	for (unsigned int i = 0; i < QPS; i++)
		require(!ibv_destroy_qp(idle[i]), "ibv_destroy_qp: %m");
	link_close(&side[2], &side[3]);
	link_close(&side[0], &side[1]);
	port_close(&port);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*change)(struct mrs *);
	} tests[] = {
		{ "remove", remove_some },
		{ "remove_next", remove_many },
		{ "replace", replace_some },
	};

	args_count(argc, 2, 2, "TEST NIC");
	if (!strcmp(argv[1], "port")) {
		test_port(argv[2]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (!strcmp(argv[1], tests[i].name)) {
			test_mrs(argv[2], tests[i].change);
			return 0;
		}
	}
	args_bad("TEST '%s' is not one of this program", argv[1]);
}
