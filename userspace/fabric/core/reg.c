// SPDX-License-Identifier: MIT
/*
 * Register files of device models: one access path for all of them.
 */
#include <stddef.h>
#include <string.h>

#include "fabric/core/fabric.h"
#include "fabric/core/reg.h"

void fab_regs_init(struct fab_regs *regs, const struct fab_reg_map *map, struct fab_device *dev)
{
	regs->map = map;
	regs->dev = dev;
	fab_regs_reset(regs);
}

void fab_regs_reset(struct fab_regs *regs)
{
	uint32_t i;

	for (i = 0; i < regs->map->count; i++)
		regs->value[i] = regs->map->reg[i].reset;
}

/* Index of the first register that ends after off; count when there is none. */
static uint32_t first_after(const struct fab_reg_map *map, uint64_t off)
{
	uint32_t i = 0;

	while (i < map->count && map->reg[i].off + map->reg[i].width <= off)
		i++;
	return i;
}

static uint64_t width_mask(const struct fab_reg *reg)
{
	return reg->width == 8 ? UINT64_MAX : (1ull << (8 * reg->width)) - 1;
}

static unsigned int byte_shift(const struct fab_reg_map *map, const struct fab_reg *reg,
			       uint32_t byte)
{
	return 8 * (map->big_endian ? reg->width - 1u - byte : byte);
}

static uint64_t read_value(struct fab_regs *regs, uint32_t index)
{
	const struct fab_reg *reg = &regs->map->reg[index];

	if (reg->write_only)
		return 0;
	return reg->read ? reg->read(regs->dev, reg->arg) : regs->value[index];
}

void fab_regs_read(struct fab_regs *regs, uint64_t off, void *buf, uint32_t len)
{
	const struct fab_reg_map *map = regs->map;
	uint8_t *to = buf;
	uint32_t i, byte;

	memset(buf, 0, len);
	for (i = first_after(map, off); i < map->count && map->reg[i].off < off + len; i++) {
		const struct fab_reg *reg = &map->reg[i];
		uint64_t value;

		if (map->whole_reads && (reg->off != off || reg->width != len))
			return;
		value = read_value(regs, i);
		for (byte = 0; byte < reg->width; byte++)
			if (reg->off + byte >= off && reg->off + byte < off + len)
				to[reg->off + byte - off] =
					(uint8_t)(value >> byte_shift(map, reg, byte));
	}
}

static void refuse(struct fab_regs *regs, uint64_t off, uint32_t len, const char *why)
{
	fab_debug(regs->dev, "write of %u bytes at 0x%llx refused: %s", len,
		  (unsigned long long)off, why);
	if (regs->map->refused)
		regs->map->refused(regs->dev);
}

/* The reason to refuse a write of value to reg; NULL: accepted. */
static const char *refusal(struct fab_regs *regs, const struct fab_reg *reg, uint64_t value)
{
	if ((reg->ro & width_mask(reg)) == width_mask(reg))
		return "read-only";
	if (value & reg->reserved)
		return "reserved bits";
	return regs->map->locked ? regs->map->locked(regs->dev) : NULL;
}

static void write_one(struct fab_regs *regs, uint32_t index, uint64_t value)
{
	const struct fab_reg *reg = &regs->map->reg[index];
	const char *why = refusal(regs, reg, value);
	uint64_t *stored = &regs->value[index], keep = reg->ro | reg->w1c;

	if (why) {
		refuse(regs, reg->off, reg->width, why);
		return;
	}
	fab_debug(regs->dev, "%s = 0x%llx", reg->name, (unsigned long long)value);
	*stored = (*stored & keep & ~(value & reg->w1c)) | (value & ~keep);
	if (reg->written)
		reg->written(regs->dev, *stored);
}

static uint64_t take_value(const struct fab_reg_map *map, const struct fab_reg *reg,
			   const uint8_t *from)
{
	uint64_t value = 0;
	uint32_t byte;

	for (byte = 0; byte < reg->width; byte++)
		value |= (uint64_t)from[byte] << byte_shift(map, reg, byte);
	return value;
}

/* True if a write of [off, off + len), starting at register first, covers whole registers only. */
static bool covers_whole(const struct fab_reg_map *map, uint32_t first, uint64_t off, uint32_t len)
{
	const struct fab_reg *reg = &map->reg[first], *end = map->reg + map->count;

	if (!map->join_writes)
		return reg->off == off && reg->width == len;
	if ((off | len) & 3)
		return false;
	for (; reg < end && reg->off < off + len; reg++)
		if (reg->off < off || reg->off + reg->width > off + len)
			return false;
	return true;
}

void fab_regs_write(struct fab_regs *regs, uint64_t off, const void *buf, uint32_t len)
{
	const struct fab_reg_map *map = regs->map;
	const uint8_t *from = buf;
	uint32_t i = first_after(map, off);

	if (i == map->count || map->reg[i].off >= off + len) {
		refuse(regs, off, len, "no register");
		return;
	}
	if (!covers_whole(map, i, off, len)) {
		refuse(regs, off, len, "width");
		return;
	}
	for (; i < map->count && map->reg[i].off < off + len; i++)
		write_one(regs, i, take_value(map, &map->reg[i], from + (map->reg[i].off - off)));
}

static uint32_t index_of(const struct fab_regs *regs, uint32_t off)
{
	uint32_t i = first_after(regs->map, off);

	return i < regs->map->count && regs->map->reg[i].off == off ? i : FAB_REGS_MAX;
}

uint64_t fab_regs_get(const struct fab_regs *regs, uint32_t off)
{
	uint32_t i = index_of(regs, off);

	return i < FAB_REGS_MAX ? regs->value[i] : 0;
}

void fab_regs_set(struct fab_regs *regs, uint32_t off, uint64_t value)
{
	uint32_t i = index_of(regs, off);

	if (i < FAB_REGS_MAX)
		regs->value[i] = value;
}
