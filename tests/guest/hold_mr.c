// SPDX-License-Identifier: MIT
/*
 * hold_mr BDF NIC PEER ext|8bit [write]: hold tagged MRs while the NIC is reset or its driver unbound. Prints
 * "ready" when traffic has carried the tag, then waits for the end of its input. The device may be gone by
 * then: the process must be able to deregister and to exit, whatever the calls return.
 *
 * write: with tags up to 0xff only, and writes follow each other until one fails. None may arrive
 * at the BAR without its tag.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"
#include "tests/harness/args.h"

static bool input_ended(int timeout_ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, timeout_ms) == 1;
}

/* One write; false: it failed, or the input ended before its completion came. */
static bool write_once(struct rig *rig, struct target *target)
{
	struct ibv_wc wc;
	int n = 0;

	if (!try_transfer(rig, target, IBV_WR_RDMA_WRITE, 65536))
		return false;
	while (!n) {
		n = ibv_poll_cq(rig->host_side.cq, 1, &wc);
		if (!n && input_ended(0))
			return false;
	}
	return n > 0 && wc.status == IBV_WC_SUCCESS;
}

static void write_until_it_fails(struct rig *rig, struct target *target)
{
	unsigned long writes = 0;

	while (!input_ended(0) && write_once(rig, target))
		writes++;
	printf("%lu writes\n", writes);
	require(writes > 10, "the NIC went before there was traffic");
}

int main(int argc, char **argv)
{
	static const struct tphbuf_range ranges[] = { { 0, MiB }, { 8 * MiB, MiB } };
	bool ext, write = argc == 6;
	struct target a, b;
	struct rig rig;
	int ret;

	args_count(argc, 4, 5, "BDF NIC PEER ext|8bit [write]");
	ext = !args_word("WIDTH", argv[4], "ext|8bit");
	if (write)
		args_word("WHAT", argv[5], "write");
	rig_open(&rig, argv[1], argv[2], argv[3]);
	rig.ext = ext;
	target_open(&rig, &a, &ranges[0], 1,
		    write ? "st=0x5a,xst=0xa5,ph=2" : "st=0x5a,xst=0x1234,ph=2");
	target_open(&rig, &b, &ranges[1], 1,
		    write ? "st=0x66,xst=0x99,ph=1" : "st=0x66,xst=0x4321,ph=1");
	write_and_compare(&rig, &a, 0, 5000, 1);
	if (!write)
		expect_both(&rig, 2);
	printf("ready\n");
	fflush(stdout);
	if (write)
		write_until_it_fails(&rig, &a);
	input_ended(-1);
	if (write)
		expect(&rig, rig.ext ? 16 : 8, rig.ext ? 0xa5 : 0x5a, 2);
	ret = tphbuf_mr_deregister(a.mr);
	printf("deregistration after the driver went: %s\n", strerror(-ret));
	require(!ret || ret == -EIO || ret == -ENODEV, "deregistration: %d", ret);
	return 0; /* b is left to the kernel */
}
