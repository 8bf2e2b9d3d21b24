// SPDX-License-Identifier: MIT
/* steer_ops: tags and state across resets, power states and openers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"

static const uint32_t cpu0 = 0, cpu1 = 1;

static uint32_t power(struct steer *rig, uint32_t state)
{
	uint32_t pos = 0x40; /* PM capability of every function of the fabric */
	uint16_t value = (uint16_t)state, now = 0;

	require(pwrite(rig->dev.fd, &value, 2, (off_t)(rig->dev.config + pos + PCI_PM_CTRL)) == 2,
		"power state: %m");
	require(pread(rig->dev.fd, &now, 2, (off_t)(rig->dev.config + pos + PCI_PM_CTRL)) == 2,
		"power state: %m");
	return now & PCI_PM_CTRL_STATE_MASK;
}

static void reset_by(struct steer *rig, const char *how)
{
	uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR;
	char command[128];

	if (!strcmp(how, "vfio")) {
		expect_errno("reset", vfio_reset(rig->dev.fd), 0);
	} else if (!strcmp(how, "flr")) {
		require(pwrite(rig->dev.fd, &flr, 2,
			       (off_t)(rig->dev.config + 0x60 + PCI_EXP_DEVCTL)) == 2,
			"FLR: %m");
	} else if (!strcmp(how, "d3hot")) {
		require(power(rig, 3) == 3, "not in D3hot");
		require(power(rig, 0) == 0, "not in D0");
	} else if (!strcmp(how, "sysfs")) {
		snprintf(command, sizeof(command), "echo 1 >/sys/bus/pci/devices/%s/reset",
			 rig->bdf);
		require(!system(command), "reset through sysfs failed");
	} else {
		fail("no reset '%s'", how);
	}
}

/* State and tags are after a reset what they were before, whether TPH was enabled or not. */
void test_reset(struct steer *rig, const char *how)
{
	uint32_t width = cfg_get(rig, PCI_TPH_CAP, 4) & FAB_TPH_CAP_EXT ? 16 : 8;
	uint32_t on = ENABLE(width == 16 ? EXT : TPH, IV);
	uint32_t tag = width == 16 ? TAG_EXT(1) : TAG(1);

	expect_errno("SET", steer_set(rig, 0, 1, 1, &cpu1), 0);
	cfg_put(rig, FAB_TPH_CTRL, IV, 1);
	reset_by(rig, how);
	expect_ctrl(rig, "reset while disabled", IV);
	ctrl_put(rig, on);
	expect_wire(rig, "set before the reset", HINT_ENTRY(1), width, tag);
	witness_put(rig, ENG_WIT_CLEAR, 1);
	reset_by(rig, how);
	require(witness_get(rig, ENG_WIT_RESETS), "the device was not reset");
	expect_ctrl(rig, "reset while enabled", on);
	expect_wire(rig, "after the reset", HINT_ENTRY(1), width, tag);
	expect_wire(rig, "entry not set", HINT_ENTRY(0), width, 0);
	ctrl_put(rig, 0);
}

/* TPH can be neither enabled nor its table written outside of D0; it is kept meanwhile. */
void test_d3hot(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 1, 1, &cpu1), 0);
	power(rig, 3);
	ctrl_put(rig, ENABLE(TPH, IV));
	require(ctrl_get(rig) == IV, "enabled in D3hot: 0x%x", ctrl_get(rig));
	power(rig, 0);
	expect_ctrl(rig, "back in D0", IV);
	ctrl_put(rig, ENABLE(TPH, IV));
	power(rig, 3);
	expect_errno("SET in D3hot", steer_set(rig, 0, 1, 1, &cpu0), -EIO);
	power(rig, 0);
	expect_ctrl(rig, "back in D0", ENABLE(TPH, IV));
	expect_wire(rig, "kept", HINT_ENTRY(1), 8, TAG(1));
	ctrl_put(rig, 0);
}

/* The second opener finds nothing of the first one, with reset or without. */
void test_two_openers(struct steer *rig, const char *arg)
{
	uint32_t mode = arg && !strcmp(arg, "ns") ? NS : IV;

	for (int i = 0; i < 2; i++) {
		expect_ctrl(rig, "after open", 0);
		for (uint32_t entry = 0; entry < table_size(rig); entry++)
			require(!table_entry(rig, entry), "entry %u is 0x%x after open", entry,
				table_entry(rig, entry));
		expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
		ctrl_put(rig, ENABLE(TPH, mode));
		expect_ctrl(rig, "enabled", ENABLE(TPH, mode));
		steer_close(rig);
		steer_open(rig, rig->bdf);
	}
	expect_ctrl(rig, "after open", 0);
}

/* Ends with a tag set and TPH enabled. */
void test_leave(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_wire(rig, "enabled", HINT_ENTRY(0), 16, TAG_EXT(1));
}
