// SPDX-License-Identifier: MIT
/*
 * steer_ops TEST BDF [ARGUMENT]: VFIO_DEVICE_FEATURE_TPH_ST and the TPH requester capability of a DMA
 * engine bound to vfio-pci. What vfio says is compared with the engine's witness registers, and the
 * tags of TLPs are counted where they arrive, at host memory.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"
#include "tests/harness/args.h"

#define GET   VFIO_DEVICE_FEATURE_GET
#define SET   VFIO_DEVICE_FEATURE_SET
#define CLEAR VFIO_TPH_ST_CLEAR

static const uint32_t cpu0 = 0, cpu1 = 1;

static uint32_t location(struct steer *rig)
{
	return cfg_get(rig, PCI_TPH_CAP, 4) & PCI_TPH_CAP_LOC_MASK;
}

static uint32_t table_size(struct steer *rig)
{
	return ((cfg_get(rig, PCI_TPH_CAP, 4) & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT) + 1;
}

/* Writes of each width to each byte of the capability */
static void write_everything(struct steer *rig, uint32_t value)
{
	uint32_t end = location(rig) == PCI_TPH_LOC_CAP ?
			       FAB_TPH_ST_TABLE + ((2 * table_size(rig) + 3) & ~3u) :
			       FAB_TPH_ST_TABLE;

	for (uint32_t len = 1; len <= 4; len *= 2)
		for (uint32_t off = 0; off + len <= end; off += len)
			cfg_put(rig, off, value, len);
}

/* All operations are refused in this way. */
static void expect_refused(struct steer *rig, int error)
{
	expect_errno("PROBE", steer_probe(rig, 0), error);
	expect_errno("PROBE SET", steer_probe(rig, SET), error);
	expect_errno("PROBE GET", steer_probe(rig, GET), error);
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu0), error);
	expect_errno("GET", steer_get(rig, 0, 1, (uint32_t[1]){ 0 }), error);
}

/* The device is as with Linux 7.3: no write reaches the capability, transfers carry no hint, a reset works. */
static void expect_as_before(struct steer *rig)
{
	witness_put(rig, ENG_WIT_CLEAR, 1);
	write_everything(rig, 0xffffffff);
	write_everything(rig, ENABLE(EXT, NS));
	require(!witness_get(rig, ENG_WIT_TPH_WRITES), "%u writes reached the capability",
		witness_get(rig, ENG_WIT_TPH_WRITES));
	expect_ctrl(rig, "after writes", 0);
	expect_wire(rig, "off", HINT_ENTRY(0), 0, 0);
	expect_errno("reset", vfio_reset(rig->dev.fd), 0);
	require(witness_get(rig, ENG_WIT_RESETS), "the device was not reset");
	expect_ctrl(rig, "after the reset", 0);
	expect_wire(rig, "after the reset", HINT_ENTRY(0), 0, 0);
}

static void test_off(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_refused(rig, -ENOTTY);
	expect_as_before(rig);
}

/* pci=notph, at any level but off */
static void test_notph(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_refused(rig, -EOPNOTSUPP);
	expect_as_before(rig);
}

/* Whether this level may enable the mode with the table at this place. */
static bool allowed(const char *level, uint32_t loc, uint32_t mode)
{
	if (!strcmp(level, "unsafe"))
		return true;
	return mode == NS || (mode == IV && loc == PCI_TPH_LOC_CAP);
}

static void test_matrix(struct steer *rig, const char *level)
{
	uint32_t loc = location(rig), cap = cfg_get(rig, PCI_TPH_CAP, 4);
	bool unsafe = !strcmp(level, "unsafe");
	bool settable = unsafe || loc == PCI_TPH_LOC_CAP;

	for (uint32_t mode = 0; mode < 8; mode++) {
		bool can = mode <= DS && allowed(level, loc, mode);
		char what[32];

		snprintf(what, sizeof(what), "mode %u", mode);
		if (mode <= DS)
			require(!!(cap & 1u << mode) == can, "%s: capability 0x%x", what, cap);
		for (uint32_t type = 1; type <= 3; type++) {
			ctrl_put(rig, ENABLE(type, mode));
			expect_ctrl(rig, what, can && type != 2 ? ENABLE(type, mode) : mode);
			ctrl_put(rig, 0);
			expect_ctrl(rig, what, 0);
		}
	}
	expect_errno("PROBE", steer_probe(rig, 0), 0);
	expect_errno("PROBE SET", steer_probe(rig, SET), settable ? 0 : -EOPNOTSUPP);
	expect_errno("PROBE GET", steer_probe(rig, GET), unsafe ? 0 : -EPERM);
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu0), settable ? 0 : -EOPNOTSUPP);
	expect_errno("GET", steer_get(rig, 0, 1, (uint32_t[1]){ 0 }), unsafe ? 0 : -EPERM);
}

static void test_no_capability(struct steer *rig, const char *arg)
{
	(void)arg;
	require(!rig->cap, "the device has the capability");
	expect_refused(rig, -EOPNOTSUPP);
}

/* The control register by bytes and words, in each order */
static void test_widths(struct steer *rig, const char *arg)
{
	(void)arg;
	cfg_put(rig, FAB_TPH_CTRL, IV, 1);
	expect_ctrl(rig, "mode byte", IV);
	cfg_put(rig, FAB_TPH_CTRL + 1, EXT, 1);
	expect_ctrl(rig, "enable byte", ENABLE(EXT, IV));
	cfg_put(rig, FAB_TPH_CTRL, NS, 1);
	expect_ctrl(rig, "mode while enabled", ENABLE(EXT, IV));
	cfg_put(rig, FAB_TPH_CTRL + 1, TPH, 1);
	expect_ctrl(rig, "other type", ENABLE(TPH, IV));
	cfg_put(rig, FAB_TPH_CTRL + 1, 0, 1);
	expect_ctrl(rig, "disable byte", IV);
	cfg_put(rig, FAB_TPH_CTRL, ENABLE(TPH, NS), 2);
	expect_ctrl(rig, "word", ENABLE(TPH, NS));
	cfg_put(rig, FAB_TPH_CTRL + 2, 0xffff, 2);
	expect_ctrl(rig, "reserved half", ENABLE(TPH, NS));
	cfg_put(rig, FAB_TPH_CTRL, 0xfffffcf8 | ENABLE(EXT, IV), 4);
	expect_ctrl(rig, "mode and type while enabled", ENABLE(EXT, NS));
	ctrl_put(rig, 0xfffffcff);
	expect_ctrl(rig, "disabled", 7);
	cfg_put(rig, FAB_TPH_CTRL + 1, EXT, 1);
	expect_ctrl(rig, "reserved mode", 7);
	ctrl_put(rig, 0);
}

/*
 * All that can be written changes neither table nor control register of the device, and reaches it in no way: up to the
 * dword at whose beginning a table with an odd number of entries ends.
 */
static void test_writes(struct steer *rig, const char *arg)
{
	uint32_t entries = table_size(rig), cap = cfg_get(rig, PCI_TPH_CAP, 4);
	uint32_t end = FAB_TPH_ST_TABLE + ((2 * entries + 3) & ~3u);

	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	witness_put(rig, ENG_WIT_CLEAR, 1);
	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t off = 0; off < end; off++)
			if (off < FAB_TPH_CTRL || off >= FAB_TPH_ST_TABLE)
				cfg_put(rig, off, i ? 0x5a : 0xff, 1);
		expect_ctrl(rig, "after writes", ENABLE(EXT, IV));
		require(table_entry(rig, 0) == TAG_EXT(1), "entry 0 is 0x%x", table_entry(rig, 0));
		for (uint32_t entry = 1; entry < entries; entry++)
			require(!table_entry(rig, entry), "entry %u is 0x%x", entry,
				table_entry(rig, entry));
	}
	require(!witness_get(rig, ENG_WIT_TPH_WRITES), "%u writes reached the capability",
		witness_get(rig, ENG_WIT_TPH_WRITES));
	require(cfg_get(rig, PCI_TPH_CAP, 4) == cap, "the capability register has changed");
	ctrl_put(rig, 0);
}

/* The tag of each TLP, with entries set before and while TPH is enabled */
static void test_wire(struct steer *rig, const char *arg)
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

static void snapshot(struct steer *rig, uint8_t *bytes, uint32_t len)
{
	for (uint32_t off = 0; off < 4096; off += len) {
		ssize_t n = pread(rig->dev.fd, bytes + off, len, (off_t)(rig->dev.config + off));

		require(n == (ssize_t)len, "config space at 0x%x: %m", off);
	}
}

/* Level "confined": no byte of config space depends on the tag. */
static void test_secret(struct steer *rig, const char *arg)
{
	static uint8_t before[4096], after[4096];

	(void)arg;
	ctrl_put(rig, ENABLE(EXT, IV));
	for (uint32_t len = 1; len <= 4; len *= 2) {
		uint16_t tag = TAG_EXT(1);

		expect_errno("clear", steer_set(rig, 0, 0, 1, &(uint32_t){ CLEAR }), 0);
		snapshot(rig, before, len);
		expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
		require(table_entry(rig, 0) == tag, "the device has 0x%x", table_entry(rig, 0));
		snapshot(rig, after, len);
		require(!memcmp(before, after, sizeof(before)), "config space shows the tag");
		require(!memmem(after + rig->cap, 4096 - rig->cap, &tag, sizeof(tag)),
			"config space contains the tag");
	}
	ctrl_put(rig, 0);
}

/* Level "unsafe": the table is readable. */
static void test_no_secret(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	require(cfg_get(rig, FAB_TPH_ST_TABLE, 2) == TAG_EXT(1), "the table reads 0x%x",
		cfg_get(rig, FAB_TPH_ST_TABLE, 2));
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
static void test_affinity(struct steer *rig, const char *arg)
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
static void test_offline(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("offline CPU", steer_set(rig, 0, 0, 1, &cpu1), -EPERM);
	expect_errno("online CPU", steer_set(rig, 0, 0, 1, &cpu0), 0);
}

/* Stand-ins for firmware with faults: the answer of SET, or the tag of 16 or 8 bits on the wire */
static void test_firmware(struct steer *rig, const char *arg)
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
static void test_reset(struct steer *rig, const char *how)
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
static void test_d3hot(struct steer *rig, const char *arg)
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
static void test_two_openers(struct steer *rig, const char *arg)
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
static void test_leave(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_wire(rig, "enabled", HINT_ENTRY(0), 16, TAG_EXT(1));
}

/* A device that is told its tags: CPU in, tag out */
static void test_told(struct steer *rig, const char *arg)
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
static void test_disobedient(struct steer *rig, const char *arg)
{
	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, DS));
	expect_wire(rig, "obeys", HINT_ENTRY(0), 16, TAG_EXT(1));
	expect_wire(rig, "does not", HINT_TOLD(0x5a5a), 16, 0x5a5a);
	ctrl_put(rig, 0);
}

static void vectors(struct steer *rig, uint32_t start, uint32_t count)
{
	struct {
		struct vfio_irq_set head;
		int32_t fds[8];
	} request = {
		.head = { .argsz = (uint32_t)(sizeof(request.head) + 4 * count),
			  .flags = VFIO_IRQ_SET_ACTION_TRIGGER |
				   (count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
			  .index = VFIO_PCI_MSIX_IRQ_INDEX,
			  .start = start,
			  .count = count },
	};

	for (uint32_t i = 0; i < count; i++)
		request.fds[i] = eventfd(0, EFD_CLOEXEC);
	require(!ioctl(rig->dev.fd, VFIO_DEVICE_SET_IRQS, &request), "vectors %u+%u: %m", start,
		count);
	for (uint32_t i = 0; i < count; i++)
		close(request.fds[i]);
}

/* Steering tags in the MSI-X table, as who maps the BAR sees them */
static void expect_words(struct steer *rig, const char *what, const uint32_t want[4])
{
	const volatile uint32_t *table;
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_SHARED, rig->dev.fd,
			    (off_t)rig->witness);

	require(map != MAP_FAILED, "map of the MSI-X table: %m");
	table = (const volatile uint32_t *)(const void *)(map + ENG_WIT_MSIX_TABLE);
	for (uint32_t i = 0; i < 4; i++)
		require(table[4 * i + 3] >> 16 == want[i],
			"%s: vector %u has tag 0x%x instead of 0x%x", what, i,
			table[4 * i + 3] >> 16, want[i]);
	munmap(map, (size_t)page);
}

/*
 * The table in the MSI-X table: entries are written when their vectors are allocated. QEMU keeps the
 * MSI-X table, so that the device does not see the tags; what is shown is the table as the host has it.
 */
static void test_msix(struct steer *rig, const char *arg)
{
	const uint32_t cpus[4] = { 1, 0, 1, 1 }, none[4] = { 0 };
	const uint32_t two[4] = { TAG_EXT(1), TAG_EXT(0), 0, 0 };
	const uint32_t three[4] = { TAG_EXT(1), TAG_EXT(0), 0, TAG_EXT(1) };
	const uint32_t changed[4] = { TAG_EXT(0), TAG_EXT(0), 0, TAG_EXT(1) };
	const uint32_t again[4] = { TAG_EXT(0), TAG_EXT(0), 0, 0 };

	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 0, 4, cpus), 0);
	vectors(rig, 0, 2);
	expect_words(rig, "not enabled", none);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_ctrl(rig, "enabled", ENABLE(EXT, IV));
	expect_words(rig, "enabled", two);
	vectors(rig, 3, 1);
	expect_words(rig, "one vector more", three);
	expect_errno("SET enabled", steer_set(rig, 0, 0, 1, &cpu0), 0);
	expect_words(rig, "set while enabled", changed);
	reset_by(rig, "vfio");
	expect_words(rig, "after reset", changed);
	expect_ctrl(rig, "after reset", ENABLE(EXT, IV));
	vectors(rig, 0, 0);
	vectors(rig, 0, 2);
	expect_words(rig, "vectors again", again);
	steer_close(rig);
	steer_open(rig, rig->bdf);
	vectors(rig, 0, 4);
	expect_words(rig, "next opener", none);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_words(rig, "next opener, enabled", none);
	ctrl_put(rig, 0);
}

/* A kernel without the feature; any device that is bound to vfio-pci */
static void test_absent(const char *bdf)
{
	struct steer rig = { .bdf = bdf };

	require(!vfio_open(&rig.dev, bdf), "%s cannot be opened", bdf);
	expect_refused(&rig, -ENOTTY);
	vfio_close(&rig.dev);
}

/* What a test takes after the device; MODE may be left out. */
enum argument { NONE, LEVEL, MODE, NUMBER, RESET, TEXT };

static const struct test {
	const char *name;
	void (*run)(struct steer *rig, const char *arg);
	enum argument argument;
} tests[] = {
	{ "off", test_off, NONE },
	{ "notph", test_notph, NONE },
	{ "matrix", test_matrix, LEVEL },
	{ "no_capability", test_no_capability, NONE },
	{ "widths", test_widths, NONE },
	{ "writes", test_writes, NONE },
	{ "wire", test_wire, NONE },
	{ "secret", test_secret, NONE },
	{ "no_secret", test_no_secret, NONE },
	{ "affinity", test_affinity, NONE },
	{ "offline", test_offline, NONE },
	{ "firmware", test_firmware, TEXT },
	{ "reset", test_reset, RESET },
	{ "d3hot", test_d3hot, NONE },
	{ "error", test_error, TEXT },
	{ "no_answer", test_no_answer, NONE },
	{ "two_openers", test_two_openers, MODE },
	{ "leave", test_leave, NONE },
	{ "told", test_told, NONE },
	{ "msix", test_msix, NONE },
	{ "both_roles", test_both_roles, TEXT },
	{ "disobedient", test_disobedient, NONE },
	{ "bad", test_bad_inputs, LEVEL },
	{ "random", test_random_inputs, NUMBER },
	{ "hotplug", test_hotplug, NUMBER },
	{ "faults", test_faults, NONE },
	{ "stress", test_stress, NUMBER },
};

static void check_argument(const struct test *test, int argc, const char *text)
{
	static const char *const words[] = {
		[LEVEL] = "confined|unsafe", [MODE] = "iv|ns", [RESET] = "vfio|flr|sysfs|d3hot", [TEXT] = NULL
	};

	args_count(argc, test->argument == NONE || test->argument == MODE ? 2 : 3,
		   test->argument == NONE ? 2 : 3, "TEST BDF [ARGUMENT]");
	if (text && words[test->argument])
		args_word("ARGUMENT", text, words[test->argument]);
	if (test->argument == NUMBER)
		args_number("ARGUMENT", text, 1, 1000000000);
}

int main(int argc, char **argv)
{
	struct steer rig;

	args_count(argc, 2, 3, "TEST BDF [ARGUMENT]");
	args_setting("SEED", 0, 0, UINT64_MAX); /* before the device is opened */
	if (!strcmp(argv[1], "absent")) {
		args_count(argc, 2, 2, "absent BDF");
		test_absent(argv[2]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(argv[1], tests[i].name))
			continue;
		check_argument(&tests[i], argc, argv[3]);
		steer_open(&rig, argv[2]);
		tests[i].run(&rig, argv[3]);
		steer_close(&rig);
		printf("%s %s: ok\n", argv[2], argv[1]);
		return 0;
	}
	args_bad("TEST '%s' is not one of this program", argv[1]);
}
