// SPDX-License-Identifier: MIT
/*
 * Bad inputs of VFIO_DEVICE_FEATURE_TPH_ST: each is answered as documented, and changes nothing. The
 * device is enabled, so that every change would be seen in its table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define HEAD \
	(uint32_t)(sizeof(struct vfio_device_feature) + sizeof(struct vfio_device_feature_tph_st))

static void prepare(struct steer *rig)
{
	for (uint32_t i = 0; i < table_size(rig); i++)
		expect_errno("SET", steer_set(rig, 0, (uint16_t)i, 1, &(uint32_t){ i & 1 }), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_ctrl(rig, "enabled", ENABLE(EXT, IV));
}

static void unchanged(struct steer *rig, const char *what)
{
	for (uint32_t i = 0; i < table_size(rig); i++)
		require(table_entry(rig, i) == TAG_EXT(i & 1), "%s: entry %u is 0x%x", what, i,
			table_entry(rig, i));
}

static void bad_sizes(struct steer *rig, uint32_t op)
{
	const struct vfio_device_feature_tph_st head = { .index = 0, .count = 2 };
	uint32_t data[2] = { 1, 1 };

	for (uint32_t argsz = 0; argsz < HEAD + sizeof(data); argsz++)
		expect_errno("argsz", steer_raw(rig, op, argsz, &head, data, 2), -EINVAL);
	if (op == GET)
		expect_errno("argsz", steer_raw(rig, op, HEAD + sizeof(data) + 9, &head, data, 2),
			     0);
}

static void bad_ranges(struct steer *rig, uint32_t op)
{
	static const struct {
		uint16_t index, count;
	} fixed[] = { { 0, 0 },	     { 1, 0 },	    { 0xffff, 1 },
		      { 0xffff, 0 }, { 1, 0xffff }, { 0x8000, 0x8000 } };
	uint32_t *data = calloc(0x10000, sizeof(*data)), n = table_size(rig);

	require(data, "no memory");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		struct vfio_device_feature_tph_st head = { .index = fixed[i].index,
							   .count = fixed[i].count };

		expect_errno("range",
			     steer_raw(rig, op, HEAD + 4u * head.count, &head, data, head.count),
			     -EINVAL);
	}
	for (uint32_t index = 0; index <= n; index++) {
		struct vfio_device_feature_tph_st head = { .index = (uint16_t)index,
							   .count = (uint16_t)(n - index + 1) };

		expect_errno("past the end",
			     steer_raw(rig, op, HEAD + 4u * head.count, &head, data, head.count),
			     -EINVAL);
	}
	free(data);
}

static void bad_flags(struct steer *rig, uint32_t op)
{
	for (uint32_t bit = 0; bit < 32; bit++) {
		struct vfio_device_feature_tph_st head = { .flags = 1u << bit, .count = 1 };
		uint32_t data = 1;

		if (op == SET && !bit)
			continue;
		expect_errno("flags", steer_raw(rig, op, HEAD + 4, &head, &data, 1), -EINVAL);
	}
}

static void bad_cpus(struct steer *rig)
{
	static const uint32_t bad[] = { 2, 64, 4096, 0x7fffffff, 0x80000000, 0xfffffffe };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const uint32_t cpus[2] = { 1, bad[i] };
		int ret = steer_set(rig, 0, 0, 2, cpus);

		/* possible CPUs of the machine may be more than those that exist */
		require(ret == -EINVAL || (ret == -EPERM && bad[i] < 4096), "CPU %u: %s", bad[i],
			strerror(-ret));
	}
}

/* The last page of the request is missing. */
static void bad_memory(struct steer *rig, uint32_t op)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(map != MAP_FAILED && !munmap(map + page, page), "mmap: %m");
	for (uint32_t there = 8; there < HEAD + 8; there += 4) {
		struct vfio_device_feature request = { .argsz = HEAD + 8,
						       .flags = op | VFIO_DEVICE_FEATURE_TPH_ST };
		struct vfio_device_feature_tph_st body = { .count = 2 };
		uint8_t bytes[64] = { 0 };
		int ret;

		memcpy(bytes, &request, sizeof(request));
		memcpy(bytes + sizeof(request), &body, sizeof(body));
		memcpy(map + page - there, bytes, there);
		ret = ioctl(rig->dev.fd, VFIO_DEVICE_FEATURE, map + page - there) ? -errno : 0;
		expect_errno("memory", ret, -EFAULT);
	}
	munmap(map, page);
}

static void bad_operations(struct steer *rig)
{
	struct vfio_device_feature_tph_st head = { .count = 1 };
	uint32_t data = 1;

	expect_errno("no operation", steer_raw(rig, 0, HEAD + 4, &head, &data, 1), -EINVAL);
	expect_errno("GET and SET", steer_raw(rig, GET | SET, HEAD + 4, &head, &data, 1), -EINVAL);
}

void test_bad_inputs(struct steer *rig, const char *level)
{
	bool unsafe = !strcmp(level, "unsafe");

	prepare(rig);
	for (int get = 0; get <= unsafe; get++) {
		uint32_t op = get ? GET : SET;

		bad_sizes(rig, op);
		unchanged(rig, "argsz");
		bad_ranges(rig, op);
		unchanged(rig, "range");
		bad_flags(rig, op);
		unchanged(rig, "flags");
		bad_memory(rig, op);
		unchanged(rig, "memory");
	}
	bad_cpus(rig);
	unchanged(rig, "CPU");
	if (unsafe)
		bad_operations(rig);
	unchanged(rig, "operation");
	ctrl_put(rig, 0);
}
