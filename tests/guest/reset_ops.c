// SPDX-License-Identifier: MIT
/*
 * reset_ops TEST BDF NIC PEER ext|8bit: the accelerator is reset, its memory switched off, or put into D3hot, under
 * traffic. Writes fail meanwhile; none that arrives has another tag than the MR; afterwards MR and tag are as before.
 *
 * vfio (reset ioctl, memory decoding, power states) revokes the buffer, so that the NIC's accesses fault. A reset by
 * sysfs bypasses vfio: the device does not respond for a moment, and the NIC's requests see that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"

#define LENGTH (256u << 10)
#define ROUNDS 8
#define DEPTH  8

static const struct tphbuf_range range = { 0, MiB };

struct traffic {
	struct rig *rig;
	struct target *target;
	pthread_t thread;
	atomic_bool stop;
	atomic_ulong good, bad;
};

/* Keep some writes in flight; after an error start again with new queue pairs, as an application would. */
static void *traffic_run(void *arg)
{
	struct traffic *traffic = arg;
	struct rig *rig = traffic->rig;

	while (!atomic_load(&traffic->stop)) {
		bool broken = false;

		for (int i = 0; i < DEPTH; i++)
			transfer(rig, traffic->target, IBV_WR_RDMA_WRITE, 0, LENGTH);
		for (int i = 0; i < DEPTH; i++) {
			if (poll_any(&rig->host_side).status == IBV_WC_SUCCESS) {
				atomic_fetch_add(&traffic->good, 1);
			} else {
				atomic_fetch_add(&traffic->bad, 1);
				broken = true;
			}
		}
		if (broken)
			relink(rig);
	}
	return NULL;
}

static void wait_for(atomic_ulong *count, const char *what)
{
	unsigned long before = atomic_load(count);

	for (int i = 0; i < 20000; i++) {
		if (atomic_load(count) > before)
			return;
		usleep(1000);
	}
	fail("%s", what);
}

static void reset_by_vfio(struct rig *rig)
{
	ok(rig, tphbuf_device_reset(rig->dev), "reset");
}

static void memory_off_and_on(struct rig *rig)
{
	ok(rig, tphbuf_device_memory(rig->dev, false), "memory off");
	usleep(50000);
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
}

static void reset_by_sysfs(struct rig *rig)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", tphbuf_device_bdf(rig->dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	require(write(fd, "1", 1) == 1, "writing %s: %m", path);
	close(fd);
}

static void low_power(struct rig *rig, uint32_t feature)
{
	struct vfio_device_feature request = {
		.argsz = sizeof(request),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	require(!ioctl(tphbuf_device_fd(rig->dev), VFIO_DEVICE_FEATURE, &request), "feature %u: %m",
		feature);
}

static void expect_power_state(struct rig *rig, const char *want)
{
	char path[128], state[16] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power_state",
		 tphbuf_device_bdf(rig->dev));
	for (int i = 0; i < 2000 && strcmp(state, want); i++) {
		FILE *f = fopen(path, "re");

		require(f && fscanf(f, "%15s", state) == 1, "%s: %m", path);
		fclose(f);
		usleep(1000);
	}
	require(!strcmp(state, want), "power state %s instead of %s", state, want);
}

/* The kernel's runtime power management does the rest, as nothing else uses the device. */
static void low_power_by_vfio(struct rig *rig)
{
	low_power(rig, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	expect_power_state(rig, "D3hot");
	low_power(rig, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	expect_power_state(rig, "D0");
}

/* Offset of the power management capability in the device's descriptor */
static off_t power_capability(int fd, off_t config)
{
	uint8_t at = PCI_CAPABILITY_LIST, id = 0;

	for (int i = 0; i < 48 && id != PCI_CAP_ID_PM; i++) {
		require(pread(fd, &at, 1, config + at) == 1 && at, "no power management capability");
		require(pread(fd, &id, 1, config + at) == 1, "configuration space: %m");
		if (id != PCI_CAP_ID_PM)
			at++;
	}
	return config + at;
}

static void power_register(struct rig *rig, uint16_t state)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = VFIO_PCI_CONFIG_REGION_INDEX };
	int fd = tphbuf_device_fd(rig->dev);
	off_t at;

	require(!ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info), "region of configuration space: %m");
	at = power_capability(fd, (off_t)info.offset) + PCI_PM_CTRL;
	require(pwrite(fd, &state, sizeof(state), at) == sizeof(state), "power state %u: %m", state);
}

static void d3hot_by_register(struct rig *rig)
{
	power_register(rig, 3);
	expect_power_state(rig, "D3hot");
	require(tphbuf_device_memory(rig->dev, true) == -EIO &&
			strstr(tphbuf_ctx_error(rig->ctx), "D3hot"),
		"memory in D3hot: %s", tphbuf_ctx_error(rig->ctx));
	power_register(rig, 0);
	expect_power_state(rig, "D0");
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
}

static void under_traffic(struct rig *rig, void (*disturb)(struct rig *rig), bool must_fail)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	struct traffic traffic = { .rig = rig };
	struct target target;

	target_open(rig, &target, &range, 1, "st=0x5a,xst=0x1234,ph=2");
	traffic.target = &target;
	fill(rig->host.addr, LENGTH, 1);
	require(!pthread_create(&traffic.thread, NULL, traffic_run, &traffic), "no thread");
	for (int i = 0; i < ROUNDS; i++) {
		unsigned long bad = atomic_load(&traffic.bad);

		wait_for(&traffic.good, "no traffic");
		disturb(rig);
		wait_for(&traffic.good, "traffic did not come back");
		require(!must_fail || atomic_load(&traffic.bad) > bad,
			"no write failed in round %d", i);
	}
	atomic_store(&traffic.stop, true);
	pthread_join(traffic.thread, NULL);
	expect_both(rig, 2);
	ok(rig, tphbuf_buffer_tag_get(target.buf, &state), "tag get");
	require(state.tag.valid == (TPHBUF_TAG_ST | TPHBUF_TAG_XST) && state.tag.st == 0x5a &&
			state.tag.xst == 0x1234 && state.tag.ph == 2,
		"the tag did not survive");
	require(tph_of(&target).state == IB_UVERBS_MR_TPH_APPLIED && !tph_of(&target).stale_faults,
		"the MR does not have its tag any more");
	write_and_compare(rig, &target, 0, 5000, 2);
	expect_both(rig, 2);
	printf("%d times: %lu writes arrived, %lu failed\n", ROUNDS, traffic.good, traffic.bad);
	target_close(rig, &target);
}

static void test_vfio_reset(struct rig *rig)
{
	under_traffic(rig, reset_by_vfio, true);
}
static void test_memory_off(struct rig *rig)
{
	under_traffic(rig, memory_off_and_on, true);
}
static void test_sysfs_reset(struct rig *rig)
{
	under_traffic(rig, reset_by_sysfs, true);
}

static void test_low_power(struct rig *rig)
{
	under_traffic(rig, low_power_by_vfio, true);
}
static void test_d3hot(struct rig *rig)
{
	under_traffic(rig, d3hot_by_register, true);
}

static const struct bar_test tests[] = {
	{ "vfio", test_vfio_reset },   { "memory_off", test_memory_off },
	{ "sysfs", test_sysfs_reset }, { "low_power", test_low_power },
	{ "d3hot", test_d3hot },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
