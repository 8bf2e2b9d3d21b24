// SPDX-License-Identifier: MIT
/* Values as text for people. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/format.h"
#include "util/driver.h"

const char *tag_text(const struct tphbuf_tag *tag, char *buf)
{
	if (tphbuf_tag_format(tag, buf, TPHBUF_TAG_TEXT_MAX) < 0)
		return "malformed";
	return buf;
}

const char *namespaces_text(uint32_t set)
{
	static const char *const names[] = { "none", "st", "xst", "st, xst" };

	return names[set & TPHBUF_TAG_MASK];
}

const char *tph_text(enum tphbuf_tph tph)
{
	switch (tph) {
	case TPHBUF_TPH_NONE:
		return "none";
	case TPHBUF_TPH_ST:
		return "st";
	case TPHBUF_TPH_ST_EXT:
		return "st, xst";
	default:
		return "unknown";
	}
}

const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

bool vfio_bound(const struct tphbuf_pci_info *info)
{
	return info->vfio[0] || driver_is_vfio(info->driver);
}

const char *size_text(uint64_t size, char *buf, size_t buf_size)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (size && !(size % 1024) && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	snprintf(buf, buf_size, "%" PRIu64 " %s", size, units[unit]);
	return buf;
}
