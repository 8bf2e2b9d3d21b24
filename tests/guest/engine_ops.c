// SPDX-License-Identifier: MIT
/*
 * engine_ops TEST BDF ENGINE WIDTH MPS: an importer other than mlx5. The DMA engine with PCI address
 * ENGINE, which can send tags of WIDTH bits (16, 8; 0: none), fills dma-bufs of the accelerator BDF; the
 * tags are compared with what the accelerator counted, TLP by TLP.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/dma-buf.h>
#include <unistd.h>

#include "tests/guest/engine_rig.h"
#include "tests/guest/foreign.h"
#include "tests/harness/args.h"

static const struct tphbuf_range whole = { 0, 4 * MiB }, part = { 64 * KiB, 64 * KiB };

static void test_sizes(struct rig *rig)
{
	static const uint64_t sizes[] = { 4,	60,   64,	  124, 128,	132,	4092,
					  4096, 4100, 65536 + 12, MiB, MiB + 4, 3 * MiB };
	static const uint64_t offsets[] = { 0, 4, 124, 4092, MiB - 4 };
	struct target target;
	uint32_t value = 0;

	target_open(rig, &target, &whole, 1, TAG_A);
	import(rig, &target);
	for (size_t s = 0; s < ARRAY(sizes); s++) {
		for (size_t o = 0; o < ARRAY(offsets); o++) {
			target.cpu[(offsets[o] + sizes[s]) / 4] = 0x55555555;
			fill_tagged(rig, &target, offsets[o], sizes[s], ++value, TAG_A);
			require(target.cpu[(offsets[o] + sizes[s]) / 4] == 0x55555555,
				"filled more than asked for");
		}
	}
	target_close(&target);
}

static void test_untagged(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &part, 1, "none");
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, "none");
	target_close(&target);
}

/*
 * Each namespace alone, both, their ends, every hint: the engine sends the tag of its own
 * namespace or no hint.
 */
static void test_tags(struct rig *rig)
{
	static const char *const tags[] = {
		"st=0",	    "xst=0",	  "st=255",	   "xst=65535",	      "st=0x5a",
		"xst=0x5a", "st=1,xst=2", "st=0xff,xst=0", "st=0,xst=0xffff",
	};
	struct target target;
	char text[64];

	for (size_t i = 0; i < ARRAY(tags); i++) {
		for (unsigned int ph = 0; ph <= 3; ph++) {
			snprintf(text, sizeof(text), "%s,ph=%u", tags[i], ph);
			target_open(rig, &target, &part, 1, text);
			import(rig, &target);
			fill_tagged(rig, &target, 0, 5000, ph + 1, text);
			target_close(&target);
		}
	}
}

/* A SET takes effect with the next mapping: here a new import. */
static void test_set_while_mapped(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &part, 1, "none");
	import(rig, &target);
	set_tag(rig, &target, TAG_A);
	fill_tagged(rig, &target, 0, 5000, 1, TAG_A); /* mapped by this fill, not by the import */
	set_tag(rig, &target, TAG_B);
	fill_tagged(rig, &target, 0, 5000, 2, TAG_A);
	set_tag(rig, &target, "none");
	fill_tagged(rig, &target, 0, 5000, 3, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, 5000, 4, "none");
	set_tag(rig, &target, TAG_B);
	fill_tagged(rig, &target, 0, 5000, 5, "none");
	import(rig, &target);
	fill_tagged(rig, &target, 0, 5000, 6, TAG_B);
	target_close(&target);
}

/*
 * Memory decoding off revokes: fills and imports fail and no TLP arrives; both work again after
 * memory decoding is on.
 */
static void test_revoke(struct rig *rig)
{
	struct target target;
	int other = engine_open(rig);

	target_open(rig, &target, &part, 1, TAG_A);
	import(rig, &target);
	for (uint32_t round = 1; round <= 5; round++) {
		fill_tagged(rig, &target, 0, target.len, round, TAG_A);
		memory(rig, false);
		expect_fill(rig->engine, 0, 4096, -ENODEV, "revoked");
		expect_import(other, tphbuf_buffer_fd(target.buf), -ENODEV, "revoked");
		memory(rig, true);
		nothing_arrived(rig, "revoked");
		filled(target.cpu, target.len, round, "after revocation");
	}
	fill_tagged(rig, &target, 0, target.len, 100, TAG_A);
	close(other);
	target_close(&target);
}

/* Another tag was set in between: no TLP carries the old one. */
static void test_revoke_and_retag(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &part, 1, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, TAG_A);
	memory(rig, false);
	set_tag(rig, &target, TAG_B);
	memory(rig, true);
	fill_tagged(rig, &target, 0, target.len, 2, TAG_B);
	memory(rig, false);
	set_tag(rig, &target, "none");
	memory(rig, true);
	fill_tagged(rig, &target, 0, target.len, 3, "none");
	memory(rig, false);
	set_tag(rig, &target, TAG_A);
	memory(rig, true);
	fill_tagged(rig, &target, 0, target.len, 4, TAG_A);
	target_close(&target);
}

/* A reset of the accelerator revokes and restores as well. */
static void test_exporter_reset(struct rig *rig)
{
	struct target target;

	target_open(rig, &target, &part, 1, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, TAG_A);
	set_tag(rig, &target, TAG_B);
	ok(rig, tphbuf_device_reset(rig->dev), "reset");
	memory(rig, true);
	fill_tagged(rig, &target, 0, target.len, 2, TAG_B);
	target_close(&target);
}

/* The exporter is removed. */
static void test_exporter_closed(struct rig *rig)
{
	struct target target;
	int dmabuf;

	target_open(rig, &target, &part, 1, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, TAG_A);
	dmabuf = dup(tphbuf_buffer_fd(target.buf));
	require(dmabuf >= 0, "dup: %m");
	target_close(&target);
	tphbuf_device_close(rig->dev);
	expect_fill(rig->engine, 0, 4096, -ENODEV, "closed exporter");
	expect_import(rig->engine, dmabuf, -ENODEV, "closed exporter");
	ok(rig, tphbuf_device_open(rig->ctx, rig->bdf, NULL, &rig->dev), "open again");
	memory(rig, true);
	expect_fill(rig->engine, 0, 4096, -ENODEV, "exporter opened again");
	expect_import(rig->engine, dmabuf, -ENODEV, "exporter opened again");
	nothing_arrived(rig, "closed exporter");
	close(dmabuf);
	target_open(rig, &target, &part, 1, TAG_B);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 2, TAG_B);
	target_close(&target);
}

/* Two buffers with two tags, two opens of the engine: each fill has the tag of its buffer. */
static void test_two_sessions(struct rig *rig)
{
	static const struct tphbuf_range low = { 0, 64 * KiB }, high = { 8 * MiB, 64 * KiB };
	struct target a, b;
	int first = rig->engine, second = engine_open(rig);

	target_open(rig, &a, &low, 1, TAG_A);
	target_open(rig, &b, &high, 1, TAG_B);
	expect_import(first, tphbuf_buffer_fd(a.buf), 0, "first");
	expect_import(second, tphbuf_buffer_fd(b.buf), 0, "second");
	for (uint32_t i = 1; i <= 10; i++) {
		rig->engine = i & 1 ? first : second;
		fill_tagged(rig, i & 1 ? &a : &b, 4 * i, 4096, i, i & 1 ? TAG_A : TAG_B);
	}
	close(second);
	rig->engine = first;
	fill_tagged(rig, &a, 0, 4096, 100, TAG_A);
	target_close(&a);
	target_close(&b);
}

/* Ranges out of order and apart: bytes land in the order of the ranges. */
static void test_ranges(struct rig *rig)
{
	static const struct tphbuf_range ranges[] = { { 9 * MiB, 64 * KiB },
						      { MiB, 8192 },
						      { 20 * MiB, 4096 } };
	struct target target;

	target_open(rig, &target, ranges, ARRAY(ranges), TAG_A);
	require(target.len == 64 * KiB + 12288, "length %lu", (unsigned long)target.len);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, TAG_A);
	fill_tagged(rig, &target, 64 * KiB - 8, 8192 + 20, 2, TAG_A);
	filled(target.cpu, 64 * KiB - 8, 1, "first range");
	target_close(&target);
}

/* Host memory of other exporters: filled without a hint, as the driver reports. */
static void fill_foreign(struct rig *rig, int dmabuf, const char *what)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START };
	struct tph_engine_fill fill;
	uint32_t *cpu = mmap(NULL, 64 * KiB, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	int ret;

	require(cpu != MAP_FAILED, "%s: mmap: %m", what);
	expect_import(rig->engine, dmabuf, 0, what);
	ret = try_fill(rig->engine, 4, 64 * KiB - 8, 0x0badcafe, &fill);
	require(!ret && !fill.hint_width && !fill.hint_tag && !fill.hint_ph, "%s: %d, %u-bit tag",
		what, ret, fill.hint_width);
	require(!ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), "%s: sync: %m", what);
	filled(cpu + 1, 64 * KiB - 8, 0x0badcafe, what);
	require(!cpu[0] && !cpu[16 * KiB - 1], "%s: filled more than asked for", what);
	expect_fill(rig->engine, 64 * KiB - 4, 8, -EINVAL, what);
	munmap(cpu, 64 * KiB);
	close(dmabuf);
}

static void test_foreign(struct rig *rig)
{
	int memfd = foreign_memfd(64 * KiB);

	fill_foreign(rig, foreign_udmabuf(memfd, 64 * KiB), "udmabuf");
	fill_foreign(rig, foreign_heap_buffer(64 * KiB), "system heap");
	nothing_arrived(rig, "host memory");
	close(memfd);
}

static void sysfs(const char *text, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	require(fd >= 0, "%s: %m", path);
	require(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "'%s' to %s: %m", text,
		path);
	close(fd);
}

/* A reset of the engine leaves it able to send what it could before. */
static void test_engine_reset(struct rig *rig)
{
	struct target target;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", rig->engine_bdf);
	target_open(rig, &target, &part, 1, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, TAG_A);
	sysfs("1", path);
	fill_tagged(rig, &target, 0, target.len, 2, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 3, TAG_A);
	target_close(&target);
}

/* The engine is removed while a session has a mapping, and the exporter revokes afterwards. */
static void test_engine_unbound(struct rig *rig)
{
	struct target target;
	int gone = rig->engine;

	target_open(rig, &target, &part, 1, TAG_A);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 1, TAG_A);
	sysfs(rig->engine_bdf, "/sys/bus/pci/drivers/tph_engine/unbind");
	expect_fill(gone, 0, 4096, -ENODEV, "engine gone");
	expect_import(gone, tphbuf_buffer_fd(target.buf), -ENODEV, "engine gone");
	memory(rig, false);
	memory(rig, true);
	nothing_arrived(rig, "engine gone");
	sysfs(rig->engine_bdf, "/sys/bus/pci/drivers/tph_engine/bind");
	expect_fill(gone, 0, 4096, -ENODEV, "engine bound again, session of before");
	rig->engine = engine_open(rig);
	import(rig, &target);
	fill_tagged(rig, &target, 0, target.len, 2, TAG_A);
	close(gone);
	fill_tagged(rig, &target, 0, target.len, 3, TAG_A);
	target_close(&target);
}

static const struct {
	const char *name;
	void (*run)(struct rig *rig);
} tests[] = {
	{ "arguments", test_arguments },
	{ "failed_import", test_failed_import },
	{ "sizes", test_sizes },
	{ "untagged", test_untagged },
	{ "tags", test_tags },
	{ "set_while_mapped", test_set_while_mapped },
	{ "revoke", test_revoke },
	{ "revoke_and_retag", test_revoke_and_retag },
	{ "exporter_reset", test_exporter_reset },
	{ "exporter_closed", test_exporter_closed },
	{ "two_sessions", test_two_sessions },
	{ "ranges", test_ranges },
	{ "foreign", test_foreign },
	{ "engine_reset", test_engine_reset },
	{ "engine_unbound", test_engine_unbound },
	{ "race_with_fill", test_race_with_fill },
	{ "race_with_import", test_race_with_import },
};

int main(int argc, char **argv)
{
	static const uint32_t widths[] = { 16, 8, 0 };
	struct rig rig = { 0 };

	args_count(argc, 5, 5, "TEST BDF ENGINE 16|8|0 MPS");
	rig.bdf = argv[2];
	rig.engine_bdf = argv[3];
	rig.width = widths[args_word("WIDTH", argv[4], "16|8|0")];
	rig.mps = 128u << args_word("MPS", argv[5], "128|256|512|1024|2048|4096");
	for (size_t i = 0; i < ARRAY(tests); i++) {
		if (strcmp(tests[i].name, argv[1]))
			continue;
		rig_open(&rig);
		tests[i].run(&rig);
		rig_close(&rig);
		return 0;
	}
	args_bad("TEST '%s' is not one of this program", argv[1]);
}
