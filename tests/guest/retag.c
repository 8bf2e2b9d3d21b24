// SPDX-License-Identifier: MIT
/*
 * retag cycles BDF NIC PEER ext|8bit: a buffer gets a new tag, is revoked and restored, and is registered again, every
 * second time after a hand-over. Each write carries the new tag only; a write by the old MR sends nothing. The number
 * of cycles is in the environment (CYCLES). At the end the process has as many descriptors as before.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/socket.h>
#include <tphbuf/share.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"
#include "tests/harness/args.h"

#define DEFAULT_CYCLES 60
#define STALE_EVERY    16 /* a failed request costs new queue pairs */
#define LEN	       9000

static const struct tphbuf_range range = { 0, MiB };

static const struct {
	const char *text;
	uint16_t st, xst;
	uint8_t ph;
} tags[] = {
	{ "st=0x5a,xst=0x1234,ph=2", 0x5a, 0x1234, 2 },
	{ "st=0x66,xst=0x4321,ph=1", 0x66, 0x4321, 1 },
	{ "st=0x01,xst=0xabcd,ph=3", 0x01, 0xabcd, 3 },
};

static unsigned int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	require(dir, "no /proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void write_of_stale_mr(struct rig *rig, struct target *target)
{
	struct tally tally;

	transfer(rig, target, IBV_WR_RDMA_WRITE, 0, LEN);
	require(poll_any(&rig->host_side).status != IBV_WC_SUCCESS,
		"a write by an MR with the old tag succeeded");
	tally_read(rig->dev, &tally);
	require(!tally.writes, "%lu writes with the old tag arrived", (unsigned long)tally.writes);
	relink(rig);
}

/* The buffer as a process at the other end of a socket would get it. */
static struct target handed_over(struct rig *rig, const struct target *from)
{
	const struct tphbuf_send_opts opts = { .size = sizeof(opts), .flags = TPHBUF_SEND_DEVICE };
	struct tphbuf_share_info info = { .size = sizeof(info) };
	struct target target = *from;
	int sock[2];

	require(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), "no socket");
	ok(rig, tphbuf_buffer_send(from->buf, sock[0], &opts), "send");
	ok(rig, tphbuf_buffer_receive(rig->ctx, sock[1], NULL, &info, &target.buf), "receive");
	require(info.trust == TPHBUF_TAG_CONFIRMED, "trust %u", info.trust);
	close(sock[0]);
	close(sock[1]);
	return target;
}

static void cycle(struct rig *rig, struct target *owner, unsigned int i)
{
	const unsigned int which = i % ARRAY(tags);
	const struct tphbuf_tag tag = tag_of(tags[which].text);
	struct target target = *owner;

	ok(rig, tphbuf_buffer_tag_set(owner->buf, &tag), "set");
	ok(rig, tphbuf_device_memory(rig->dev, false), "memory off");
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
	if (i % STALE_EVERY == 0)
		write_of_stale_mr(rig, owner);
	ok(rig, tphbuf_mr_deregister(owner->mr), "deregister");
	owner->mr = NULL;
	if (i % 2)
		target = handed_over(rig, owner);
	target_register(rig, &target, true);
	write_and_compare(rig, &target, i % 64, LEN, i);
	expect(rig, rig->ext ? 16 : 8, rig->ext ? tags[which].xst : tags[which].st, tags[which].ph);
	if (i % 2) {
		ok(rig, tphbuf_mr_deregister(target.mr), "deregister the received buffer");
		tphbuf_buffer_close(target.buf);
		target_register(rig, owner, true);
	} else {
		owner->mr = target.mr;
	}
}

static unsigned int cycles;

static void test_cycles(struct rig *rig)
{
	unsigned int before, i;
	struct target target;

	target_open(rig, &target, &range, 1, tags[ARRAY(tags) - 1].text);
	before = descriptors();
	for (i = 0; i < cycles; i++)
		cycle(rig, &target, i);
	require(descriptors() == before, "%u descriptors before, %u after", before, descriptors());
	target_close(rig, &target);
	printf("%u cycles of new tag, revocation and registration\n", cycles);
}

static const struct bar_test tests[] = {
	{ "cycles", test_cycles },
};

int main(int argc, char **argv)
{
	cycles = (unsigned int)args_setting("CYCLES", DEFAULT_CYCLES, 1, 1000000000);
	return bar_main(argc, argv, tests, ARRAY(tests));
}
