// SPDX-License-Identifier: MIT
/*
 * Each operation of VFIO_DEVICE_FEATURE_TPH_ST and of the virtual control register with its first,
 * second, third... allocation or user copy made to fail, until it runs without meeting a fault. A call
 * that failed has changed nothing, and works right after.
 *
 * SET removes entries here, for which the kernel does not ask firmware: in Linux 7.3, if an allocation of
 * ACPICA fails while it begins the _DSM method, the mutex of the method stays locked, and the next
 * evaluation waits for it without end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/guest/fail_point.h"
#include "tests/guest/steer_ops.h"

#define ENTRIES 3

static const uint32_t before[ENTRIES] = { 0, 0, 0 },
		      after[ENTRIES] = { VFIO_TPH_ST_CLEAR, VFIO_TPH_ST_CLEAR, VFIO_TPH_ST_CLEAR };

static void disabled(struct steer *rig)
{
	ctrl_put(rig, 0);
	expect_errno("SET without fault", steer_set(rig, 0, 0, ENTRIES, before), 0);
}

static void enabled(struct steer *rig)
{
	disabled(rig);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_ctrl(rig, "enabled without fault", ENABLE(EXT, IV));
}

static void closed(struct steer *rig)
{
	steer_close(rig);
}

static int run_set(struct steer *rig)
{
	return steer_set(rig, 0, 0, ENTRIES, after);
}

static int run_get(struct steer *rig)
{
	uint32_t tags[ENTRIES];

	return steer_get(rig, 0, ENTRIES, tags);
}

/* A failure reads back as off. */
static int run_enable(struct steer *rig)
{
	uint32_t value = ENABLE(EXT, IV);
	off_t at = (off_t)(rig->dev.config + rig->cap + FAB_TPH_CTRL);

	if (pwrite(rig->dev.fd, &value, sizeof(value), at) != sizeof(value))
		return -errno;
	/* A fault here is not one of the write. */
	while (pread(rig->dev.fd, &value, sizeof(value), at) != sizeof(value))
		require(errno == EFAULT || errno == ENOMEM, "read: %m");
	return value & FAB_TPH_CTRL_REQ_EN ? 0 : -ENOMEM;
}

static int run_open(struct steer *rig)
{
	struct vfio_dev dev;
	int ret = vfio_open(&dev, rig->bdf);

	if (!ret)
		vfio_close(&dev);
	return ret;
}

/* After a failed SET of an enabled device the table is that of before. */
static void table_is_old(struct steer *rig, int n)
{
	for (uint32_t i = 0; i < ENTRIES; i++)
		require(table_entry(rig, i) == TAG_EXT(0), "fault %d: entry %u is 0x%x", n, i,
			table_entry(rig, i));
}

static void hardware_is_off(struct steer *rig, int n)
{
	require(!(witness_get(rig, ENG_WIT_TPH_CTRL) & FAB_TPH_CTRL_REQ_EN),
		"fault %d: the device is enabled", n);
}

static void open_again(struct steer *rig, int n)
{
	(void)n;
	steer_open(rig, rig->bdf);
	expect_ctrl(rig, "after open", 0);
}

static const struct operation {
	const char *name;
	int (*run)(struct steer *rig);
	void (*prepare)(struct steer *rig);	  /* before each run, without faults */
	void (*failed)(struct steer *rig, int n); /* after a run that failed */
	void (*ended)(struct steer *rig, int n);  /* after each run */
} operations[] = {
	{ "SET, disabled", run_set, disabled, NULL, NULL },
	{ "SET, enabled", run_set, enabled, table_is_old, NULL },
	{ "GET", run_get, enabled, NULL, NULL },
	{ "enable", run_enable, disabled, hardware_is_off, NULL },
	{ "open and close", run_open, closed, NULL, open_again },
};

static bool fault_errno(int ret)
{
	return ret == 0 || ret == -ENOMEM || ret == -EFAULT;
}

static void sweep(struct steer *rig, const struct operation *op, int fault)
{
	int n, ret, failed = 0;
	bool reached;

	for (n = 1; n < FAIL_POINT_LIMIT; n++) {
		op->prepare(rig);
		fail_point_arm(fault, n);
		ret = op->run(rig);
		reached = fail_point_disarm(fault);
		if (ret && op->failed)
			op->failed(rig, n);
		if (op->ended)
			op->ended(rig, n);
		if (!reached)
			break;
		require(fault_errno(ret), "%s with fault %d: %d (%s)", op->name, n, ret,
			strerror(-ret));
		failed += ret != 0;
	}
	require(n < FAIL_POINT_LIMIT, "%s still meets faults at %d", op->name, n);
	require(!ret, "%s without fault: %s", op->name, strerror(-ret));
	printf("%-16s %4d faults, %4d of them failed the call\n", op->name, n - 1, failed);
	require(failed, "%s was not failed by a fault: is fault injection on?", op->name);
}

void test_faults(struct steer *rig, const char *arg)
{
	int fault = fail_point_open();

	(void)arg;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		sweep(rig, &operations[i], fault);
	enabled(rig);
	expect_wire(rig, "after all", HINT_ENTRY(0), 16, TAG_EXT(0));
	ctrl_put(rig, 0);
}
