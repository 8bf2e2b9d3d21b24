// SPDX-License-Identifier: MIT
#include "tests/guest/engine_rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void ok(struct rig *rig, int ret, const char *what)
{
	require(!ret, "%s: %s (%s)", what, strerror(-ret), tphbuf_ctx_error(rig->ctx));
}

/* The character device below a PCI function; another number after each bind. */
int engine_open(const struct rig *rig)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/misc", rig->engine_bdf);
	dir = opendir(path);
	require(dir, "%s: %m", path);
	do
		entry = readdir(dir);
	while (entry && entry->d_name[0] == '.');
	require(entry, "%s is empty", path);
	snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
	closedir(dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	require(fd >= 0, "%s: %m", path);
	return fd;
}

void rig_open(struct rig *rig)
{
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts) };

	require(!tphbuf_ctx_new(&opts, &rig->ctx), "no context");
	ok(rig, tphbuf_device_open(rig->ctx, rig->bdf, NULL, &rig->dev), "open");
	memory(rig, true);
	tally_clear(rig->dev);
	rig->engine = engine_open(rig);
}

void rig_close(struct rig *rig)
{
	close(rig->engine);
	tphbuf_device_close(rig->dev);
	tphbuf_ctx_free(rig->ctx);
}

struct tphbuf_tag tag_of(const char *text)
{
	struct tphbuf_tag tag;
	const char *why;

	require(!tphbuf_tag_parse(text, &tag, &why), "%s: %s", text, why);
	return tag;
}

void target_open(struct rig *rig, struct target *target, const struct tphbuf_range *ranges,
		 size_t n, const char *tag)
{
	void *cpu;

	ok(rig, tphbuf_buffer_export(rig->dev, 2, ranges, n, NULL, &target->buf), "export");
	target->len = tphbuf_buffer_length(target->buf);
	ok(rig, tphbuf_buffer_map(target->buf, &cpu), "map");
	target->cpu = cpu;
	memset(cpu, 0, target->len);
	set_tag(rig, target, tag);
}

void target_close(struct target *target)
{
	tphbuf_buffer_close(target->buf);
}

void set_tag(struct rig *rig, struct target *target, const char *text)
{
	struct tphbuf_tag tag = tag_of(text);

	ok(rig, tphbuf_buffer_tag_set(target->buf, &tag), text);
}

void memory(struct rig *rig, bool on)
{
	ok(rig, tphbuf_device_memory(rig->dev, on), on ? "memory on" : "memory off");
}

int import_fd(int engine, int fd)
{
	__s32 value = fd;

	return ioctl(engine, TPH_ENGINE_IMPORT, &value) ? -errno : 0;
}

int fill_raw(int engine, struct tph_engine_fill *fill)
{
	return ioctl(engine, TPH_ENGINE_FILL, fill) ? -errno : 0;
}

int try_fill(int engine, uint64_t off, uint64_t len, uint32_t value, struct tph_engine_fill *result)
{
	*result = (struct tph_engine_fill){ .offset = off, .length = len, .value = value };
	return fill_raw(engine, result);
}

void import(struct rig *rig, struct target *target)
{
	expect_import(rig->engine, tphbuf_buffer_fd(target->buf), 0, "import");
}

void expect_import(int engine, int fd, int want, const char *what)
{
	int ret = import_fd(engine, fd);

	require(ret == want, "%s: import gave %d (%s) instead of %d", what, ret, strerror(-ret),
		want);
}

void expect_fill(int engine, uint64_t off, uint64_t len, int want, const char *what)
{
	struct tph_engine_fill result;
	int ret = try_fill(engine, off, len, 0xdeadbeef, &result);

	require(ret == want, "%s: fill gave %d (%s) instead of %d", what, ret, strerror(-ret), want);
}

void filled(const uint32_t *at, uint64_t len, uint32_t value, const char *what)
{
	for (uint64_t i = 0; i < len / 4; i++)
		require(at[i] == value, "%s: 0x%08x instead of 0x%08x at byte %lu", what, at[i],
			value, (unsigned long)(4 * i));
}

/* The driver gives the engine 1 MiB at a time. Ranges are whole pages, so that their ends add none. */
static uint64_t count_tlps(uint64_t off, uint64_t len, uint32_t mps)
{
	uint64_t tlps = 0, part;

	for (; len; off += part, len -= part) {
		part = len < MiB ? len : MiB;
		tlps += (off + part - 1) / mps - off / mps + 1;
	}
	return tlps;
}

static void check_tally(struct rig *rig, uint64_t off, uint64_t len, uint32_t width, uint32_t st,
			uint32_t ph)
{
	uint64_t tlps = count_tlps(off, len, rig->mps);
	struct tally tally;

	tally_read(rig->dev, &tally);
	tally_expect(&tally, width, st, ph);
	require(tally.writes == tlps && tally.writes_tagged == (width ? tlps : 0) && !tally.reads,
		"%lu writes (%lu tagged) and %lu reads instead of %lu writes",
		(unsigned long)tally.writes, (unsigned long)tally.writes_tagged,
		(unsigned long)tally.reads, (unsigned long)tlps);
	tally_clear(rig->dev);
}

void fill_tagged(struct rig *rig, struct target *target, uint64_t off, uint64_t len, uint32_t value,
		 const char *text)
{
	struct tphbuf_tag tag = tag_of(text);
	bool sent = tag.valid & (rig->width == 16 ? TPHBUF_TAG_XST :
				 rig->width == 8  ? TPHBUF_TAG_ST :
						    0);
	uint32_t width = sent ? rig->width : 0,
		 st = width == 16 ? tag.xst :
		      width == 8  ? tag.st :
				    0,
		 ph = width ? tag.ph : 0;
	struct tph_engine_fill result;
	int ret = try_fill(rig->engine, off, len, value, &result);

	require(!ret, "fill of %lu bytes at %lu: %s", (unsigned long)len, (unsigned long)off,
		strerror(-ret));
	require(result.hint_width == width && result.hint_tag == st && result.hint_ph == ph,
		"the driver says %u-bit tag 0x%x ph %u instead of %u-bit 0x%x ph %u",
		result.hint_width, result.hint_tag, result.hint_ph, width, st, ph);
	check_tally(rig, off, len, width, st, ph);
	filled(target->cpu + off / 4, len, value, "filled part");
}

void nothing_arrived(struct rig *rig, const char *what)
{
	struct tally tally;

	tally_read(rig->dev, &tally);
	require(!tally.writes && !tally.reads, "%s: %lu writes and %lu reads arrived", what,
		(unsigned long)tally.writes, (unsigned long)tally.reads);
}
