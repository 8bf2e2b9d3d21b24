// SPDX-License-Identifier: MIT
/*
 * device_close TEST BDF NIC PEER ext|8bit: the vfio device is closed while an MR of its BAR is in use. Accesses
 * fail from then on, also after the device has been opened again; deregistration works.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"

#define LENGTH MiB
#define DEPTH  32

static const struct tphbuf_range range = { 0, LENGTH };

/* An MR that does not keep the device open, as one of libtphbuf would. */
static struct ibv_mr *plain_mr(struct rig *rig, struct target *target)
{
	int fd = dup(tphbuf_buffer_fd(target->buf));
	struct ibv_mr *mr;

	require(fd >= 0, "dup: %m");
	mr = ibv_reg_dmabuf_mr(rig->bar_port.pd, 0, LENGTH, 0, fd, REMOTE);
	require(mr, "ibv_reg_dmabuf_mr: %m");
	close(fd);
	return mr;
}

static void device_reopen(struct rig *rig, const char *bdf)
{
	ok(rig, tphbuf_device_open(rig->ctx, bdf, NULL, &rig->dev), "open again");
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory decoding");
}

static void write_fails(struct rig *rig, struct ibv_mr *mr)
{
	transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
	relink(rig);
}

/* After the device is opened again the old MR stays dead, and a new one works. */
static void after_close(struct rig *rig, struct ibv_mr *mr, const char *bdf, bool any_write)
{
	struct target target;
	struct tally tally;
	int ret;

	write_fails(rig, mr);
	device_reopen(rig, bdf);
	tally_read(rig->dev, &tally);
	require(any_write || !tally.writes, "%lu writes arrived after the close",
		(unsigned long)tally.writes);
	if (tally.writes)
		tally_expect(&tally, rig->ext ? 16 : 8, rig->ext ? 0x1234 : 0x5a, 2);
	tally_clear(rig->dev);
	write_fails(rig, mr);
	tally_read(rig->dev, &tally);
	require(!tally.writes, "%lu writes arrived by an MR of an earlier open",
		(unsigned long)tally.writes);
	target_open(rig, &target, &range, 1, "st=0x5a,xst=0x1234,ph=1");
	write_and_compare(rig, &target, 0, 5000, 3);
	expect_both(rig, 1);
	write_fails(rig, mr);
	ret = ibv_dereg_mr(mr);
	require(!ret, "ibv_dereg_mr: %s", strerror(ret));
	target_close(rig, &target);
}

static struct ibv_mr *open_mr(struct rig *rig, struct target *target)
{
	target_open(rig, target, &range, 1, "st=0x5a,xst=0x1234,ph=2");
	ok(rig, tphbuf_mr_deregister(target->mr), "deregister");
	target->mr = NULL;
	return plain_mr(rig, target);
}

static void test_idle(struct rig *rig)
{
	struct target target;
	struct ibv_mr *mr = open_mr(rig, &target);
	char bdf[TPHBUF_BDF_MAX];

	snprintf(bdf, sizeof(bdf), "%s", tphbuf_device_bdf(rig->dev));
	transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
	expect_both(rig, 2);
	target_close(rig, &target);
	tphbuf_device_close(rig->dev);
	after_close(rig, mr, bdf, false);
}

/* The device is closed while writes are in flight: each completes, those after the close in error. */
static void test_under_traffic(struct rig *rig)
{
	unsigned int good = 0, bad = 0;
	char bdf[TPHBUF_BDF_MAX];
	struct target target;
	struct ibv_mr *mr;

	snprintf(bdf, sizeof(bdf), "%s", tphbuf_device_bdf(rig->dev));
	for (int round = 0; round < 5; round++) {
		mr = open_mr(rig, &target);
		for (int i = 0; i < DEPTH; i++)
			transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, LENGTH);
		poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
		target_close(rig, &target);
		tphbuf_device_close(rig->dev);
		for (int i = 1; i < DEPTH; i++) {
			struct ibv_wc wc = poll_any(&rig->host_side);

			if (wc.status == IBV_WC_SUCCESS)
				good++;
			else
				bad++;
		}
		relink(rig);
		after_close(rig, mr, bdf, true);
	}
	printf("%u writes before the close, %u ended in error\n", good, bad);
}

static const struct bar_test tests[] = { { "idle", test_idle },
					 { "under_traffic", test_under_traffic } };

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
