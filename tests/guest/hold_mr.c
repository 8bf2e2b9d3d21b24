// SPDX-License-Identifier: MIT
/*
 * hold_mr BDF NIC PEER ext|8bit [low]: hold tagged MRs while the NIC's driver is unbound; low:
 * with tags up to 0xff only. Prints "ready" when traffic has carried the tag, then waits for the
 * end of its input. The device may be gone by then: the process must be able to deregister and to
 * exit, whatever the calls return.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"

int main(int argc, char **argv)
{
	static const struct tphbuf_range ranges[] = { { 0, MiB }, { 8 * MiB, MiB } };
	bool low = argc == 6 && !strcmp(argv[5], "low");
	struct target a, b;
	struct rig rig;
	char byte;
	int ret;

	require(argc == 5 || low, "usage: hold_mr BDF NIC PEER ext|8bit [low]");
	rig_open(&rig, argv[1], argv[2], argv[3]);
	rig.ext = !strcmp(argv[4], "ext");
	target_open(&rig, &a, &ranges[0], 1,
		    low ? "st=0x5a,xst=0x5a,ph=2" : "st=0x5a,xst=0x1234,ph=2");
	target_open(&rig, &b, &ranges[1], 1,
		    low ? "st=0x66,xst=0x66,ph=1" : "st=0x66,xst=0x4321,ph=1");
	write_and_compare(&rig, &a, 0, 5000, 1);
	if (low)
		expect(&rig, rig.ext ? 16 : 8, 0x5a, 2);
	else
		expect_both(&rig, 2);
	printf("ready\n");
	fflush(stdout);
	require(!read(STDIN_FILENO, &byte, 1), "input: %m");
	ret = tphbuf_mr_deregister(a.mr);
	printf("deregistration after the driver went: %s\n", strerror(-ret));
	require(!ret || ret == -EIO || ret == -ENODEV, "deregistration: %d", ret);
	return 0; /* b is left to the kernel */
}
