// SPDX-License-Identifier: MIT
/* steer_ops: the table in the MSI-X table. */
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"

static const uint32_t cpu0 = 0;

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
void test_msix(struct steer *rig, const char *arg)
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
	expect_errno("reset", vfio_reset(rig->dev.fd), 0);
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
