// SPDX-License-Identifier: MIT
/* Inputs that the driver of the DMA engine refuses. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/engine_rig.h"

static const struct tphbuf_range range = { 64 * KiB, 64 * KiB };

static void bad_commands(struct rig *rig)
{
	const unsigned long commands[] = {
		0,
		TPH_ENGINE_IMPORT + 1,
		TPH_ENGINE_FILL + 2,
		_IO('T', 0xe0),
		_IOW('T', 0xe0, __u64),
		_IOR('T', 0xe0, __s32),
		_IOWR('T', 0xe1, __u64),
		_IOW('T', 0xe1, struct tph_engine_fill),
	};
	char buffer[4096] = { 0 };

	for (size_t i = 0; i < ARRAY(commands); i++)
		require(ioctl(rig->engine, commands[i], buffer) && errno == ENOTTY,
			"command 0x%lx: %m", commands[i]);
	require(ioctl(rig->engine, TPH_ENGINE_IMPORT, NULL) && errno == EFAULT,
		"import from NULL: %m");
	require(ioctl(rig->engine, TPH_ENGINE_FILL, NULL) && errno == EFAULT, "fill from NULL: %m");
}

static void bad_descriptors(struct rig *rig)
{
	int pipes[2];

	require(!pipe(pipes), "pipe: %m");
	expect_import(rig->engine, -2, -EBADF, "fd -2");
	expect_import(rig->engine, INT32_MIN, -EBADF, "the least fd");
	expect_import(rig->engine, 1 << 20, -EBADF, "fd that is not open");
	expect_import(rig->engine, pipes[0], -EINVAL, "a pipe");
	expect_import(rig->engine, rig->engine, -EINVAL, "the engine");
	expect_import(rig->engine, tphbuf_device_fd(rig->dev), -EINVAL, "a vfio device");
	close(pipes[0]);
	close(pipes[1]);
}

static void bad_fills(struct rig *rig, uint64_t len)
{
	static const char *const what[] = { "empty",	      "odd length",  "odd offset",
					    "beyond the end", "at the end",  "behind the end",
					    "wraps around",   "the longest", "odd everything" };
	const struct {
		uint64_t off, len;
	} bad[] = {
		{ 0, 0 },
		{ 0, 6 },
		{ 2, 4 },
		{ 4, len },
		{ len, 4 },
		{ len + 4096, 4 },
		{ UINT64_MAX - 3, 8 },
		{ 0, UINT64_MAX - 3 },
		{ 1, 1 },
	};

	for (size_t i = 0; i < ARRAY(bad); i++)
		expect_fill(rig->engine, bad[i].off, bad[i].len, -EINVAL, what[i]);
	for (size_t i = 0; i < sizeof(((struct tph_engine_fill *)0)->reserved); i++) {
		struct tph_engine_fill fill = { .length = 4 };

		fill.reserved[i] = 1;
		require(fill_raw(rig->engine, &fill) == -EINVAL, "reserved byte %zu", i);
	}
}

/* The structure ends where memory ends. */
static void faults(struct rig *rig)
{
	uint8_t *pages =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct tph_engine_fill fill = { .length = 4 };

	require(pages != MAP_FAILED && !munmap(pages + 4096, 4096), "mmap: %m");
	memcpy(pages + 4096 - 16, &fill, 16);
	require(ioctl(rig->engine, TPH_ENGINE_FILL, pages + 4096 - 16) && errno == EFAULT,
		"half a fill: %m");
	require(ioctl(rig->engine, TPH_ENGINE_IMPORT, pages + 4096 - 2) && errno == EFAULT,
		"half a descriptor: %m");
	munmap(pages, 4096);
}

void test_arguments(struct rig *rig)
{
	struct target target;

	expect_fill(rig->engine, 0, 4, -ENXIO, "nothing imported");
	bad_commands(rig);
	bad_descriptors(rig);
	expect_fill(rig->engine, 0, 4, -ENXIO, "nothing imported");
	target_open(rig, &target, &range, 1, TAG_A);
	import(rig, &target);
	bad_fills(rig, target.len);
	faults(rig);
	nothing_arrived(rig, "bad arguments");
	filled(target.cpu, target.len, 0, "after bad arguments");
	fill_tagged(rig, &target, 0, target.len, 0x600d600d, TAG_A);
	expect_import(rig->engine, -1, 0, "nothing");
	expect_fill(rig->engine, 0, 4, -ENXIO, "imported nothing");
	target_close(&target);
}

/* A failed import leaves the previous one in place. */
void test_failed_import(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &range, 1, TAG_A);
	import(rig, &target);
	bad_descriptors(rig);
	fill_tagged(rig, &target, 0, target.len, 0x01020304, TAG_A);
	target_close(&target);
}
