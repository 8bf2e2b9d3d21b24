// SPDX-License-Identifier: MIT
/* Announcements of a receiver: one by one for the first sixteen that wait, then in groups. */
#include <errno.h>
#include <string.h>

#include "tests/transports/verbs/verbs_test.h"

#define AHEAD 16
#define GROUP 8
#define SIZE  64u

static void *recv_of[AHEAD + GROUP];

/* Writes that @n more receives cause */
static unsigned int writes_of(struct rig *rig, int first, int n)
{
	unsigned int before = fake_rdma.writes;

	for (int i = first; i < first + n; i++) {
		recv_of[i] = receive(rig, 1, SIZE);
		if (!recv_of[i])
			must("receive");
	}
	return fake_rdma.writes - before;
}

static bool arrive(struct rig *rig, int n)
{
	for (int i = 0; i < n; i++) {
		if (!arrives(rig, recv_of[i], SIZE))
			return false;
	}
	return true;
}

static void in_groups(void)
{
	struct rig rig;

	rig_open(&rig, "1");
	result(writes_of(&rig, 0, AHEAD) == AHEAD, "sixteen receives have a WRITE each");
	result(writes_of(&rig, AHEAD, GROUP - 1) == 0, "seven more have none yet");
	result(writes_of(&rig, AHEAD + GROUP - 1, 1) == 1, "the eighth has one for all of them");
	result(arrive(&rig, AHEAD + GROUP), "and all their messages arrive");
	rig_close(&rig);
}

static void when_fewer_wait(void)
{
	unsigned int before;
	struct rig rig;

	rig_open(&rig, "1");
	writes_of(&rig, 0, AHEAD + 3);
	before = fake_rdma.writes;
	result(arrives(&rig, recv_of[0], SIZE) && fake_rdma.writes - before == 2,
	       "three receives beyond the sixteen share a WRITE when one of these is done");
	memmove(recv_of, recv_of + 1, (AHEAD + 2) * sizeof(recv_of[0]));
	result(arrive(&rig, AHEAD + 2), "and all their messages arrive");
	rig_close(&rig);
}

/* The ring has 256 slots; a group from slot 252 on is written in two parts. */
static void around_the_ring(void)
{
	bool ok = true;
	struct rig rig;

	rig_open(&rig, "1");
	for (int i = 0; i < 20 && ok; i++) {
		writes_of(&rig, 0, 1);
		ok = arrive(&rig, 1);
	}
	for (int round = 0; round < 9 && ok; round++) {
		writes_of(&rig, 0, AHEAD + GROUP);
		ok = arrive(&rig, AHEAD + GROUP);
	}
	result(ok, "236 messages arrive");
	result(writes_of(&rig, 0, AHEAD + GROUP) == AHEAD + 1,
	       "a group is announced up to the end of the ring");
	result(arrive(&rig, AHEAD + GROUP), "and what follows it when fewer receives wait");
	rig_close(&rig);
}

static void refused(void)
{
	struct rig rig;

	rig_open(&rig, "1");
	writes_of(&rig, 0, AHEAD + GROUP - 1);
	fake_rdma.fail_call = "post_send";
	fake_rdma.fail_nth = 2; /* after the message */
	fake_rdma.fail_errno = ENOMEM;
	if (!arrives(&rig, recv_of[0], SIZE))
		must("the message before it");
	answer("a group that the queue refuses", finish(recv_of[1], NULL), NCCL_SYSTEM_ERROR,
	       "a work request was refused: Cannot allocate memory");
	rig_close(&rig);
}

void announcements(void)
{
	in_groups();
	when_fewer_wait();
	around_the_ring();
	refused();
}
