// SPDX-License-Identifier: MIT
/*
 * set_race TEST BDF NIC PEER ext|8bit: one thread sets tag A and tag B in turn while another registers, or while
 * page faults map again. An MR has one of the two, reports which, and sends that one only.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/guest/bar_rig.h"

#define REGISTRATIONS 80
#define REVOCATIONS   40

static const struct tphbuf_range range = { 0, MiB };

/* The two states differ in every field, so that a mixture shows. */
static const struct vfio_device_feature_dma_buf_tph states[2] = {
	{ .flags = VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT,
	  .steering_tag = 0x5a,
	  .steering_tag_ext = 0x1234,
	  .ph = 2 },
	{ .flags = VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT,
	  .steering_tag = 0x66,
	  .steering_tag_ext = 0x4321,
	  .ph = 1 },
};

struct flipper {
	int device, dmabuf; /* not owned */
	pthread_t thread;
	atomic_bool stop;
	atomic_ulong flips;
};

/* By raw ioctl: a context of the library belongs to one thread. */
static void *flip(void *arg)
{
	struct flipper *flipper = arg;
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf_tph tph;
	} req = { .head = { .argsz = sizeof(req),
			    .flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH } };

	while (!atomic_load(&flipper->stop)) {
		req.tph = states[atomic_fetch_add(&flipper->flips, 1) & 1];
		req.tph.dmabuf_fd = flipper->dmabuf;
		require(!ioctl(flipper->device, VFIO_DEVICE_FEATURE, &req), "SET: %m");
	}
	return NULL;
}

static void flipper_start(struct flipper *flipper, struct rig *rig, struct target *target)
{
	*flipper = (struct flipper){ .device = tphbuf_device_fd(rig->dev),
				     .dmabuf = tphbuf_buffer_fd(target->buf) };
	require(!pthread_create(&flipper->thread, NULL, flip, flipper), "no thread");
}

static void flipper_stop(struct flipper *flipper)
{
	atomic_store(&flipper->stop, true);
	pthread_join(flipper->thread, NULL);
}

/* Index of the state that the kernel reports for the MR. */
static int which(struct rig *rig, struct target *target)
{
	struct uverbs_tph tph = tph_of(target);

	require(tph.state == IB_UVERBS_MR_TPH_APPLIED, "state %u", tph.state);
	for (int i = 0; i < 2; i++)
		if (tph.ph == states[i].ph &&
		    tph.st == (rig->ext ? states[i].steering_tag_ext : states[i].steering_tag))
			return i;
	fail("the MR has tag 0x%x ph %u, which was never set", tph.st, tph.ph);
}

static void expect_state(struct rig *rig, int i)
{
	expect(rig, rig->ext ? 16 : 8,
	       rig->ext ? states[i].steering_tag_ext : states[i].steering_tag, states[i].ph);
}

static void test_register(struct rig *rig)
{
	struct tphbuf_mr_opts opts = { .size = sizeof(opts) };
	unsigned int seen[2] = { 0, 0 }, again = 0;
	struct flipper flipper;
	struct target target;

	target_open(rig, &target, &range, 1, "none");
	ok(rig, tphbuf_mr_deregister(target.mr), "deregister");
	ok(rig,
	   tphbuf_buffer_tag_set(target.buf,
				 &(struct tphbuf_tag){ .valid = TPHBUF_TAG_ST | TPHBUF_TAG_XST,
						       .st = 0x66,
						       .xst = 0x4321,
						       .ph = 1 }),
	   "set");
	flipper_start(&flipper, rig, &target);
	for (uint32_t i = 0; i < REGISTRATIONS; i++) {
		int ret, mine;

		target.mr = NULL;
		ret = tphbuf_mr_register(target.buf, rig->bar_port.pd, &opts, &target.mr);
		if (ret == -EAGAIN) {
			again++;
			continue;
		}
		ok(rig, ret, "register");
		mine = which(rig, &target);
		seen[mine]++;
		write_and_compare(rig, &target, i, 9000, i);
		expect_state(rig, mine);
		ok(rig, tphbuf_mr_deregister(target.mr), "deregister");
		target.mr = NULL;
	}
	flipper_stop(&flipper);
	require(seen[0] && seen[1], "only one of the two tags was met: %u and %u times", seen[0],
		seen[1]);
	printf("%u registrations: A %u, B %u, EAGAIN %u; %lu SETs\n", REGISTRATIONS + 1, seen[0],
	       seen[1], again, flipper.flips);
	target_close(rig, &target);
}

/* Revoked and restored while the tag flips: the page fault succeeds with the tag of the MR, or fails. */
static void test_fault(struct rig *rig)
{
	unsigned int good = 0, bad = 0;
	struct flipper flipper;
	struct target target;
	struct tally tally;

	target_open(rig, &target, &range, 1, "st=0x5a,xst=0x1234,ph=2");
	flipper_start(&flipper, rig, &target);
	for (uint32_t i = 0; i < REVOCATIONS || ((!good || !bad) && i < 10 * REVOCATIONS); i++) {
		ok(rig, tphbuf_device_memory(rig->dev, false), "memory off");
		ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
		fill(rig->host.addr, 9000, i);
		transfer(rig, &target, IBV_WR_RDMA_WRITE, 0, 9000);
		if (poll_any(&rig->host_side).status == IBV_WC_SUCCESS) {
			compare("BAR", target.cpu, 9000, i, 0);
			expect_state(rig, 0);
			good++;
		} else {
			tally_read(rig->dev, &tally);
			require(!tally.writes, "%lu writes of a failed request arrived",
				(unsigned long)tally.writes);
			relink(rig);
			bad++;
		}
	}
	flipper_stop(&flipper);
	require(good && bad, "only one outcome: %u faults succeeded, %u failed", good, bad);
	require(tph_of(&target).stale_faults == bad, "%u faults failed, %lu counted", bad,
		(unsigned long)tph_of(&target).stale_faults);
	printf("%u faults mapped again with A, %u failed, %lu SETs\n", good, bad, flipper.flips);
	target_close(rig, &target);
}

static const struct bar_test tests[] = {
	{ "fault", test_fault },
	{ "register", test_register },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
