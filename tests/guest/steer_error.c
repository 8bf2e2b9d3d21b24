// SPDX-License-Identifier: MIT
/*
 * Devices that lose their state, or do not answer.
 *
 * A fatal error at the port above the device: the kernel resets the link, and with it the device. vfio-pci tells its user
 * by an eventfd and restores nothing, so that the device is without BARs, Bus Master Enable and TPH until the user
 * resets it. Then state and tags are those of before.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"

#define SECONDS 60

static int error_eventfd(struct steer *rig)
{
	struct {
		struct vfio_irq_set head;
		int32_t fd;
	} request = {
		.head = { .argsz = sizeof(request.head) + sizeof(request.fd),
			  .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			  .index = VFIO_PCI_ERR_IRQ_INDEX,
			  .count = 1 },
		.fd = eventfd(0, EFD_CLOEXEC),
	};

	require(!ioctl(rig->dev.fd, VFIO_DEVICE_SET_IRQS, &request), "error eventfd: %m");
	return request.fd;
}

static void shell(const char *command)
{
	pid_t pid = fork();
	int status;

	require(pid >= 0, "fork: %m");
	if (!pid) {
		execlp("bash", "bash", "-c", command, (char *)NULL);
		_exit(127);
	}
	require(waitpid(pid, &status, 0) == pid && !status, "%s: status 0x%x", command, status);
}

/* Memory on again: vfio then writes the BARs, which the reset has cleared. */
static bool answers_after_a_reset(struct steer *rig)
{
	const uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	uint32_t magic = 0, resets = 0;

	if (pwrite(rig->dev.fd, &command, 2, (off_t)(rig->dev.config + PCI_COMMAND)) != 2 ||
	    pread(rig->dev.fd, &magic, 4, (off_t)(rig->witness + ENG_WIT_MAGIC)) != 4 ||
	    magic != ENG_WIT_MAGIC_VALUE)
		return false;
	return pread(rig->dev.fd, &resets, 4, (off_t)(rig->witness + ENG_WIT_RESETS)) == 4 && resets;
}

static void inject(struct steer *rig, const char *command, int eventfd)
{
	struct pollfd wait = { .fd = eventfd, .events = POLLIN };
	time_t end = time(NULL) + SECONDS;
	uint64_t count;

	witness_put(rig, ENG_WIT_CLEAR, 1);
	shell(command);
	require(poll(&wait, 1, SECONDS * 1000) == 1 && read(eventfd, &count, 8) == 8,
		"the user is not told of the error");
	while (!answers_after_a_reset(rig)) {
		require(time(NULL) < end, "the device does not come back");
		usleep(50000);
	}
}

/* command: what injects the error, for bash */
void test_error(struct steer *rig, const char *command)
{
	const uint32_t cpu1 = 1, cpu0 = 0;
	int eventfd = error_eventfd(rig);

	expect_errno("SET", steer_set(rig, 0, 1, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_wire(rig, "before", HINT_ENTRY(1), 16, TAG_EXT(1));
	inject(rig, command, eventfd);
	require(!witness_get(rig, ENG_WIT_TPH_CTRL) && !table_entry(rig, 1),
		"the link was reset and TPH is there: control 0x%x, entry 0x%x",
		witness_get(rig, ENG_WIT_TPH_CTRL), table_entry(rig, 1));
	require(ctrl_get(rig) == ENABLE(EXT, IV), "the user's view is 0x%x", ctrl_get(rig));
	expect_wire(rig, "between error and reset", HINT_ENTRY(1), 0, 0);
	expect_errno("reset", vfio_reset(rig->dev.fd), 0);
	expect_ctrl(rig, "after the reset", ENABLE(EXT, IV));
	expect_wire(rig, "after the reset", HINT_ENTRY(1), 16, TAG_EXT(1));

	/* Between the two a SET writes its own entries, the reset all of them. */
	inject(rig, command, eventfd);
	expect_errno("SET after an error", steer_set(rig, 0, 0, 1, &cpu0), 0);
	expect_ctrl(rig, "after SET", ENABLE(EXT, IV));
	expect_wire(rig, "after SET", HINT_ENTRY(0), 16, TAG_EXT(0));
	expect_errno("reset", vfio_reset(rig->dev.fd), 0);
	expect_wire(rig, "after SET and reset", HINT_ENTRY(0), 16, TAG_EXT(0));
	expect_wire(rig, "after SET and reset, other entry", HINT_ENTRY(1), 16, TAG_EXT(1));
	ctrl_put(rig, 0);
	close(eventfd);
}

/* The TPH registers answer with all ones, and writes to them are lost, until they are there again. */
static void absent(struct steer *rig, bool gone)
{
	char command[128] = "rmmod tph_absent";

	if (gone)
		snprintf(command, sizeof(command),
			 "insmod /mnt/kernel/modules/tph_absent.ko function=%s", rig->bdf);
	shell(command);
}

/* TPH of a device that did not take the tags, or its state after a reset, is off; enabled again, it is as before. */
void test_no_answer(struct steer *rig, const char *arg)
{
	const uint32_t cpu1 = 1, cpu0 = 0;

	(void)arg;
	expect_errno("SET", steer_set(rig, 0, 1, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	absent(rig, true);
	expect_errno("SET without answer", steer_set(rig, 0, 1, 1, &cpu0), -EIO);
	absent(rig, false);
	require(ctrl_get(rig) == IV, "after SET without answer control is 0x%x", ctrl_get(rig));
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_ctrl(rig, "enabled again", ENABLE(EXT, IV));
	expect_wire(rig, "refused SET", HINT_ENTRY(1), 16, TAG_EXT(1));

	absent(rig, true);
	expect_errno("reset", vfio_reset(rig->dev.fd), 0);
	absent(rig, false);
	expect_ctrl(rig, "state that was not restored", IV);
	expect_wire(rig, "state that was not restored", HINT_ENTRY(1), 0, 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_ctrl(rig, "enabled again", ENABLE(EXT, IV));
	expect_wire(rig, "enabled again", HINT_ENTRY(1), 16, TAG_EXT(1));

	absent(rig, true);
	ctrl_put(rig, IV);
	ctrl_put(rig, ENABLE(EXT, IV));
	absent(rig, false);
	require(ctrl_get(rig) == IV, "enabled without answer: 0x%x", ctrl_get(rig));
	ctrl_put(rig, 0);
}
