// SPDX-License-Identifier: MIT
/* steer_ops: the tag of each TLP, by entries, CPUs and firmware. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "tests/guest/steer_ops.h"

#define CLEAR VFIO_TPH_ST_CLEAR

static const uint32_t cpu0 = 0, cpu1 = 1;

/* The tag of each TLP, with entries set before and while TPH is enabled */
void test_wire(struct steer *rig, const char *arg)
{
	const uint32_t both[2] = { 1, 0 };

	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 2, both), 0);
	expect_wire(rig, "not enabled", HINT_ENTRY(0), 0, 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_wire(rig, "entry 0", HINT_ENTRY(0), 16, TAG_EXT(1));
	expect_wire(rig, "entry 1", HINT_ENTRY(1), 16, TAG_EXT(0));
	expect_wire(rig, "entry 2", HINT_ENTRY(2), 16, 0);
	expect_errno("SET enabled", steer_set(rig, 0, 2, 1, &cpu1), 0);
	expect_wire(rig, "entry 2", HINT_ENTRY(2), 16, TAG_EXT(1));
	expect_errno("SET PM", steer_set(rig, VFIO_TPH_ST_PM, 2, 1, &cpu1), 0);
	expect_wire(rig, "persistent", HINT_ENTRY(2), 16, TAG_PM_EXT(1));
	expect_errno("clear", steer_set(rig, 0, 2, 1, &(uint32_t){ CLEAR }), 0);
	expect_wire(rig, "cleared", HINT_ENTRY(2), 16, 0);
	ctrl_put(rig, 0);
	expect_wire(rig, "disabled", HINT_ENTRY(0), 0, 0);
	ctrl_put(rig, ENABLE(TPH, IV));
	expect_wire(rig, "8 bits", HINT_ENTRY(0), 8, TAG(1));
	ctrl_put(rig, 0);
	ctrl_put(rig, ENABLE(EXT, NS));
	expect_wire(rig, "no ST", HINT_ENTRY(0), 16, 0);
	expect_errno("SET in no ST", steer_set(rig, 0, 0, 1, &cpu0), 0);
	expect_wire(rig, "no ST", HINT_ENTRY(0), 16, 0);
	ctrl_put(rig, 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_wire(rig, "set in no ST", HINT_ENTRY(0), 16, TAG_EXT(0));
	ctrl_put(rig, 0);
}

static void run_on(uint64_t mask)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < 64; cpu++)
		if (mask >> cpu & 1)
			CPU_SET((size_t)cpu, &set);
	require(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity: %m");
}

/* Only CPUs that the caller may run on; one that is not allowed changes nothing. */
void test_affinity(struct steer *rig, const char *arg)
{
	const uint32_t mixed[3] = { 0, 1, 0 };

	(void)arg;
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	run_on(1);
	expect_errno("other CPU", steer_set(rig, 0, 0, 1, &cpu1), -EPERM);
	expect_errno("one other CPU of three", steer_set(rig, 0, 0, 3, mixed), -EPERM);
	require(table_entry(rig, 0) == TAG_EXT(1) && !table_entry(rig, 1) && !table_entry(rig, 2),
		"a refused SET has changed the table");
	expect_errno("own CPU", steer_set(rig, 0, 1, 1, &cpu0), 0);
	run_on(2);
	expect_errno("the other way round", steer_set(rig, 0, 2, 1, &cpu0), -EPERM);
	run_on(3);
	expect_errno("both", steer_set(rig, 0, 0, 3, mixed), 0);
	ctrl_put(rig, 0);
}

/* CPU 1 is offline; the mask of this process still contains it. */
void test_offline(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("offline CPU", steer_set(rig, 0, 0, 1, &cpu1), -EPERM);
	expect_errno("online CPU", steer_set(rig, 0, 0, 1, &cpu0), 0);
}

/* Stand-ins for firmware with faults: the answer of SET, or the tag of 16 or 8 bits on the wire */
void test_firmware(struct steer *rig, const char *arg)
{
	uint32_t width = 0, tag = 0, flags = 0;
	int want = 0;

	if (sscanf(arg, "errno=%d", &want) == 1) {
		expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), -want);
		require(!table_entry(rig, 0), "entry 0 is 0x%x", table_entry(rig, 0));
		return;
	}
	require(sscanf(arg, "width=%u,st=%x,flags=%u", &width, &tag, &flags) == 3, "bad argument");
	expect_errno("SET", steer_set(rig, flags, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(width == 16 ? TPH : EXT, IV)); /* the width for which there is no tag */
	if (ctrl_get(rig) & FAB_TPH_CTRL_REQ_EN)
		require(!strstr(arg, "only"), "enabled without a tag");
	ctrl_put(rig, 0);
	ctrl_put(rig, ENABLE(width == 16 ? EXT : TPH, IV));
	expect_ctrl(rig, "enable", ENABLE(width == 16 ? EXT : TPH, IV));
	expect_wire(rig, "firmware", HINT_ENTRY(0), width, tag);
	ctrl_put(rig, 0);
}

/* A device that is told its tags: CPU in, tag out */
void test_told(struct steer *rig, const char *arg)
{
	const uint32_t cpus[3] = { 1, CLEAR, 0 };
	uint32_t tags[3] = { 9, 9, 9 };

	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 2045, 3, cpus), 0);
	expect_errno("GET", steer_get(rig, 2045, 3, tags), 0);
	for (int i = 0; i < 3; i++) {
		uint32_t want = cpus[i] == CLEAR ? 0 :
						   VFIO_TPH_ST_VALID | VFIO_TPH_ST_EXT_VALID |
							   TAG(cpus[i]) << 16 | TAG_EXT(cpus[i]);

		require(tags[i] == want, "tag %d is 0x%x instead of 0x%x", i, tags[i], want);
	}
	ctrl_put(rig, ENABLE(EXT, DS));
	expect_ctrl(rig, "DS", ENABLE(EXT, DS));
	expect_wire(rig, "told", HINT_TOLD(tags[0] & VFIO_TPH_ST_EXT_MASK), 16, TAG_EXT(1));
	ctrl_put(rig, 0);
	ctrl_put(rig, ENABLE(TPH, DS));
	expect_wire(rig, "told", HINT_TOLD((tags[2] & VFIO_TPH_ST_MASK) >> 16), 8, TAG(0));
	ctrl_put(rig, 0);
}

/* A device in Device Specific Mode sends what it likes, whatever its table holds: level "unsafe". */
void test_disobedient(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, DS));
	expect_wire(rig, "obeys", HINT_ENTRY(0), 16, TAG_EXT(1));
	expect_wire(rig, "does not", HINT_TOLD(0x5a5a), 16, 0x5a5a);
	ctrl_put(rig, 0);
}
