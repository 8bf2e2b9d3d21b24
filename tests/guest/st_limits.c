// SPDX-License-Identifier: MIT
/*
 * st_limits TEST BDF NIC PEER ext|8bit: the NIC's table of 64 steering tags is shared by everybody. Of its 63
 * usable entries tags of dma-bufs take 48 (three quarters), those of one user 15 (a quarter), see kernel/README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"
#include "tests/guest/uverbs.h"

#define USABLE	   63
#define ALL_LIMIT  (USABLE - USABLE / 4)
#define USER_LIMIT (USABLE / 4)
#define FIRST_UID  1000

static const struct tphbuf_range range = { 0, MiB };

/*
 * MRs of one buffer, whose tag is another for each. Each has a length of its own: by that the library finds
 * it for a user who may not see keys.
 */
struct many {
	struct target target;
	struct tphbuf_mr *mr[USABLE + 1];
	unsigned int n, made;
};

static void set_tag(struct rig *rig, struct many *many, unsigned int tag)
{
	char text[64];
	struct tphbuf_tag parsed;

	snprintf(text, sizeof(text), "st=%u,xst=%u,ph=1", tag, 0x100 + tag);
	parsed = tag_of(text);
	ok(rig, tphbuf_buffer_tag_set(many->target.buf, &parsed), "set");
}

static void many_open(struct rig *rig, struct many *many)
{
	memset(many, 0, sizeof(*many));
	target_open(rig, &many->target, &range, 1, "none");
	ok(rig, tphbuf_mr_deregister(many->target.mr), "deregister");
	many->target.mr = NULL;
}

/* Register one more MR; is its tag applied? If not, the kernel must say why. */
static bool add(struct rig *rig, struct many *many, struct ibv_pd *pd, unsigned int tag,
		const char *reason)
{
	struct tphbuf_mr_opts opts = { .size = sizeof(opts),
				       .length = 4096 * (many->made++ % (MiB / 4096) + 1) };
	struct tphbuf_applied applied = { .size = sizeof(applied) };

	require(many->n < ARRAY(many->mr), "no room in the test");
	set_tag(rig, many, tag);
	ok(rig, tphbuf_mr_register(many->target.buf, pd, &opts, &many->mr[many->n]), "register");
	ok(rig, tphbuf_mr_applied(many->mr[many->n++], &applied), "applied");
	if (applied.state == TPHBUF_APPLIED_YES)
		return true;
	require(applied.state == TPHBUF_APPLIED_NO && !strcmp(applied.code, reason),
		"MR %u: state %d, '%s' instead of '%s' (%s)", many->n, applied.state, applied.code,
		reason, applied.reason);
	return false;
}

static unsigned int add_until(struct rig *rig, struct many *many, struct ibv_pd *pd,
			      unsigned int first, const char *reason)
{
	unsigned int n = 0;

	while (many->n < USABLE && add(rig, many, pd, first + n, reason))
		n++;
	return n;
}

static void drop(struct rig *rig, struct many *many, unsigned int i)
{
	ok(rig, tphbuf_mr_deregister(many->mr[i]), "deregister");
	many->mr[i] = many->mr[--many->n];
}

static void many_close(struct rig *rig, struct many *many)
{
	while (many->n)
		drop(rig, many, many->n - 1);
	target_close(rig, &many->target);
}

/* With CAP_SYS_RESOURCE: all that dma-bufs may have. Entries come back, equal tags share one, CPU tags have their quarter. */
static void test_table_full(struct rig *rig)
{
	const struct uverbs_dmah_opts cpu = { .has_cpu = true, .has_ph = true };
	uint32_t handle;
	struct many many;
	unsigned int n;
	int ret;

	many_open(rig, &many);
	for (int round = 0; round < 2; round++) {
		n = add_until(rig, &many, rig->bar_port.pd, 0x40, "table-full");
		require(n == ALL_LIMIT, "%u tags instead of %u", n, ALL_LIMIT);
		require(add(rig, &many, rig->bar_port.pd, 0x40, "shared"),
			"an equal tag does not share the entry");
		drop(rig, &many, many.n - 1);
		ret = uverbs_dmah_alloc(rig->bar_port.ctx, &cpu, &handle);
		require(!ret, "the tag of a CPU beside %u of dma-bufs: %s", n, strerror(-ret));
		ret = uverbs_dmah_free(rig->bar_port.ctx, handle);
		require(!ret, "freeing the handle: %s", strerror(-ret));
		drop(rig, &many, 7); /* one that is applied */
		require(add(rig, &many, rig->bar_port.pd, 0xf0, "none"),
			"the entry that came back is not available");
		while (many.n)
			drop(rig, &many, many.n - 1);
	}
	printf("table-full after %u tags\n", n);
	many_close(rig, &many);
}

/* Each of the 48 entries is written where its index points to: traffic with each. */
static void test_traffic_of_each(struct rig *rig)
{
	struct target target;
	struct many many;
	unsigned int n;

	many_open(rig, &many);
	n = add_until(rig, &many, rig->bar_port.pd, 0x40, "table-full");
	target_open(rig, &target, &range, 1, "none");
	for (unsigned int i = 0; i < n; i++) {
		fill(rig->host.addr, 300, i);
		transfer_to(rig, tphbuf_mr_iova(many.mr[i]), tphbuf_mr_ibv(many.mr[i])->rkey,
			    IBV_WR_RDMA_WRITE, 300);
		poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
		compare("BAR", target.cpu, 300, i, 0);
		expect(rig, rig->ext ? 16 : 8, (rig->ext ? 0x140 : 0x40) + i, 1);
	}
	target_close(rig, &target);
	many_close(rig, &many);
}

/* In a child: become uid, register until refused, keep what is there until the parent closes the other end of until. */
static void user(struct rig *rig, unsigned int i, int report, int until)
{
	unsigned int n, first = 0x10 * (i + 1);
	struct many many;
	struct port port;
	char byte;

	port_open(&port, rig->bar_port.name);
	many_open(rig, &many);
	require(!setgid(FIRST_UID + i) && !setuid(FIRST_UID + i), "setuid: %m");
	n = add_until(rig, &many, port.pd, first, "user-limit");
	require(n == USER_LIMIT, "user %u got %u entries instead of %u", i, n, USER_LIMIT);
	require(add(rig, &many, port.pd, first, "shared"), "an equal tag does not share the entry");
	drop(rig, &many, many.n - 1);
	drop(rig, &many, 3);
	require(add(rig, &many, port.pd, 0xf0 + i, "none"),
		"the entry that came back is not available");
	require(write(report, &n, sizeof(n)) == sizeof(n), "pipe: %m");
	require(!read(until, &byte, 1), "pipe: %m");
	exit(0);
}

static void user_start(struct rig *rig, unsigned int i, const int *until)
{
	unsigned int n;
	int report[2];
	pid_t pid;

	require(!pipe(report), "pipe: %m");
	fflush(stdout);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		close(until[1]);
		user(rig, i, report[1], until[0]);
	}
	close(report[1]);
	require(read(report[0], &n, sizeof(n)) == sizeof(n), "user %u failed", i);
	close(report[0]);
}

/* Without privilege a quarter each, also for a user who comes when others have had theirs; and back at exit. */
static void test_user_limit(struct rig *rig)
{
	const unsigned int users = 3;
	int until[2], status;
	struct many many;
	unsigned int n;

	require(!pipe(until), "pipe: %m");
	for (unsigned int i = 0; i < users; i++)
		user_start(rig, i, until);
	many_open(rig, &many);
	n = add_until(rig, &many, rig->bar_port.pd, 0x80, "table-full");
	require(n == ALL_LIMIT - users * USER_LIMIT, "%u entries were left for root", n);
	close(until[1]);
	for (unsigned int i = 0; i < users; i++)
		require(wait(&status) > 0 && !status, "a user's process ended with %d", status);
	while (many.n)
		drop(rig, &many, many.n - 1);
	n = add_until(rig, &many, rig->bar_port.pd, 0x40, "table-full");
	require(n == ALL_LIMIT, "%u entries after the users' processes ended", n);
	printf("%u users with %u entries each\n", users, USER_LIMIT);
	many_close(rig, &many);
}

static const struct bar_test tests[] = {
	{ "table_full", test_table_full },
	{ "traffic_of_each", test_traffic_of_each },
	{ "user_limit", test_user_limit },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
