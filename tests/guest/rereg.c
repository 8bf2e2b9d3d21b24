// SPDX-License-Identifier: MIT
/*
 * rereg TEST BDF NIC PEER ext|8bit: ibv_rereg_mr() of a dma-buf MR is refused, tagged or not, by the library and
 * by the kernel, and the MR stays as it was.
 */
#include <errno.h>
#include <string.h>

#include "tests/guest/bar_rig.h"
#include "tests/guest/uverbs.h"

static void refused(struct rig *rig, struct target *target)
{
	struct ibv_mr *mr = tphbuf_mr_ibv(target->mr);
	int ret;

	ret = ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, rig->bar_port.pd, NULL, 0,
			   IBV_ACCESS_LOCAL_WRITE);
	require(ret == IBV_REREG_MR_ERR_INPUT && errno == EINVAL, "libibverbs: %d, %m", ret);
	ret = uverbs_rereg_access(mr, rig->bar_port.pd, IBV_ACCESS_LOCAL_WRITE);
	require(ret == -EOPNOTSUPP, "kernel: %d", ret);
}

static void test_tagged(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &whole, 1, "st=0x5a,xst=0x1234,ph=2");
	refused(rig, &target);
	write_and_compare(rig, &target, 0, 5000, 1);
	expect_both(rig, 2);
	require(tph_of(&target).state == IB_UVERBS_MR_TPH_APPLIED, "the tag is gone");
	target_close(rig, &target);
}

static void test_untagged(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &whole, 1, "none");
	refused(rig, &target);
	write_and_compare(rig, &target, 0, 5000, 1);
	expect(rig, 0, 0, 0);
	target_close(rig, &target);
}

/* The raw call itself works: on host memory it is not refused. */
static void test_host_memory(struct rig *rig)
{
	int ret = uverbs_rereg_access(rig->host.mr, rig->host_port.pd,
				      REMOTE | IBV_ACCESS_REMOTE_ATOMIC);

	require(!ret, "host memory: %s", strerror(-ret));
}

static const struct bar_test tests[] = {
	{ "tagged", test_tagged },
	{ "untagged", test_untagged },
	{ "host_memory", test_host_memory },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
