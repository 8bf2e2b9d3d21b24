// SPDX-License-Identifier: MIT
/*
 * fail_nth BDF NIC_8BIT NIC_EXT: each operation with its first, second, third... allocation or user copy made to
 * fail (Documentation/fault-injection, fail-nth), until it runs without meeting a fault. A call that met one
 * either succeeds or fails with a matching errno, and the operation works right after.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/fail_point.h"
#include "tests/guest/rdma.h"
#include "tests/guest/vfio.h"
#include "tests/harness/args.h"

#define SIZE   0x10000u
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE)

struct rig {
	struct vfio_dev dev;
	struct port port[2];
	int dmabuf;
	struct ibv_mr *mr;
	int fault; /* /proc/thread-self/fail-nth */
};

static int export(const struct rig *rig)
{
	const struct vfio_region_dma_range ranges[2] = { { 0, SIZE / 2 }, { 3 * SIZE, SIZE / 2 } };

	return vfio_export(rig->dev.fd, 2, ranges, 2);
}

static int run_export(struct rig *rig)
{
	int fd = export(rig);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int run_set(struct rig *rig)
{
	tph_t tph = { .dmabuf_fd = rig->dmabuf,
		      .flags = VFIO_DMA_BUF_TPH_ST | VFIO_DMA_BUF_TPH_ST_EXT,
		      .steering_tag = 0x5a,
		      .steering_tag_ext = 0x1234,
		      .ph = 2 };

	return vfio_tph(rig->dev.fd, VFIO_DEVICE_FEATURE_SET, &tph);
}

static int run_get(struct rig *rig)
{
	tph_t tph = { .dmabuf_fd = rig->dmabuf };
	int ret = vfio_tph(rig->dev.fd, VFIO_DEVICE_FEATURE_GET, &tph);

	if (!ret)
		require(tph.flags == 3 && tph.steering_tag == 0x5a &&
				tph.steering_tag_ext == 0x1234 && tph.ph == 2,
			"GET: another tag than was set");
	return ret;
}

static int run_probe(struct rig *rig)
{
	tph_t tph = { 0 };

	return vfio_tph(rig->dev.fd, VFIO_DEVICE_FEATURE_PROBE, &tph);
}

static int reg(struct rig *rig, int nic)
{
	rig->mr = ibv_reg_dmabuf_mr(rig->port[nic].pd, 0, SIZE, 0, rig->dmabuf, ACCESS);
	return rig->mr ? 0 : -errno;
}

static int dereg(struct rig *rig)
{
	int ret;

	if (!rig->mr)
		return 0;
	ret = ibv_dereg_mr(rig->mr);
	if (!ret)
		rig->mr = NULL;
	return -ret;
}

static int run_register_8bit(struct rig *rig)
{
	return reg(rig, 0);
}
static int run_register_ext(struct rig *rig)
{
	return reg(rig, 1);
}
static int run_deregister(struct rig *rig)
{
	return dereg(rig);
}

static void registered(struct rig *rig)
{
	int ret = rig->mr ? 0 : reg(rig, 1);

	require(!ret, "registration without fault: %s", strerror(-ret));
}

static void not_registered(struct rig *rig)
{
	int ret = dereg(rig);

	require(!ret, "deregistration without fault: %s", strerror(-ret));
}

/* A region whose mapping was revoked and may be restored */
static void revoked_and_back(struct rig *rig)
{
	int ret;

	registered(rig);
	ret = vfio_memory(rig->dev.fd, rig->dev.config, false) ?:
		      vfio_memory(rig->dev.fd, rig->dev.config, true);
	require(!ret, "memory off and on without fault: %s", strerror(-ret));
}

/* Maps as a page fault does, but in this task, so that the fault is injected here. */
static int run_map_again(struct rig *rig)
{
	struct ibv_sge sge = { .length = SIZE, .lkey = rig->mr->lkey };

	return -ibv_advise_mr(rig->mr->pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE,
			      IBV_ADVISE_MR_FLAG_FLUSH, &sge, 1);
}

static int run_revoke(struct rig *rig)
{
	int ret = vfio_memory(rig->dev.fd, rig->dev.config, false);

	return ret ?: vfio_memory(rig->dev.fd, rig->dev.config, true);
}

/* run under faults; before each run, without faults, prepare */
static const struct operation {
	const char *name;
	int (*run)(struct rig *rig);
	void (*prepare)(struct rig *rig);
} operations[] = {
	{ "export", run_export, NULL },
	{ "SET", run_set, NULL },
	{ "GET", run_get, NULL },
	{ "PROBE", run_probe, NULL },
	{ "register (8-bit NIC)", run_register_8bit, not_registered },
	{ "register (Extended NIC)", run_register_ext, not_registered },
	{ "map again", run_map_again, revoked_and_back },
	{ "revoke and un-revoke", run_revoke, registered },
	{ "deregister", run_deregister, registered },
};

static bool fault_errno(int ret)
{
	return ret == 0 || ret == -ENOMEM || ret == -EFAULT;
}

static void again_without_fault(struct rig *rig, const struct operation *op, int n)
{
	int ret;

	if (op->prepare)
		op->prepare(rig);
	ret = op->run(rig);
	require(!ret, "%s after fault %d: %s", op->name, n, strerror(-ret));
}

static void sweep(struct rig *rig, const struct operation *op)
{
	int n, ret, failed = 0;
	bool reached;

	for (n = 1; n < FAIL_POINT_LIMIT; n++) {
		if (op->prepare)
			op->prepare(rig);
		fail_point_arm(rig->fault, n);
		ret = op->run(rig);
		reached = fail_point_disarm(rig->fault);
		if (!reached)
			break;
		require(fault_errno(ret), "%s with fault %d: %d (%s)", op->name, n, ret,
			strerror(-ret));
		failed += ret != 0;
		again_without_fault(rig, op, n);
	}
	require(n < FAIL_POINT_LIMIT, "%s still meets faults at %d", op->name, n);
	require(!ret, "%s without fault: %s", op->name, strerror(-ret));
	printf("%-26s %4d faults, %4d of them failed the call\n", op->name, n - 1, failed);
	require(n > 1, "%s met no fault: is fault injection on?", op->name);
}

int main(int argc, char **argv)
{
	struct rig rig = { .mr = NULL };
	int ret;

	args_count(argc, 3, 3, "BDF NIC_8BIT NIC_EXT");
	setvbuf(stdout, NULL, _IOLBF, 0);
	rig.fault = fail_point_open();
	ret = vfio_open(&rig.dev, argv[1]);
	require(!ret, "%s: %s", argv[1], strerror(-ret));
	ret = vfio_memory(rig.dev.fd, rig.dev.config, true);
	require(!ret, "memory on: %s", strerror(-ret));
	port_open(&rig.port[0], argv[2]);
	port_open(&rig.port[1], argv[3]);
	rig.dmabuf = export(&rig);
	require(rig.dmabuf >= 0, "export: %s", strerror(-rig.dmabuf));
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		sweep(&rig, &operations[i]);
	not_registered(&rig);
	close(rig.dmabuf);
	port_close(&rig.port[0]);
	port_close(&rig.port[1]);
	vfio_close(&rig.dev);
	return 0;
}
