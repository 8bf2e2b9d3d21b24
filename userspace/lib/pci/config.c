// SPDX-License-Identifier: MIT
/*
 * Decoding of PCI configuration space: PCIe 6.x sections 7.5.3 (PCI Express
 * capability), 7.6.3 (extended capabilities), 7.9.13 (TPH requester).
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdbool.h>

#include "lib/pci/config.h"

#define CFG_SIZE	   256
#define CFG_EXT_SIZE	   4096
#define CAP_ALIGN_MASK	   0xfc
#define EXT_CAP_ALIGN_MASK 0xffc

/* As many capabilities as fit: a longer list has a loop. */
#define MAX_CAPS     ((CFG_SIZE - PCI_STD_HEADER_SIZEOF) / 4)
#define MAX_EXT_CAPS ((CFG_EXT_SIZE - CFG_SIZE) / 4)

int pcicfg_read(const struct pcicfg_reader *reader, unsigned int offset, unsigned int size,
		uint32_t *value)
{
	unsigned char bytes[4] = { 0 };
	uint32_t sum = 0;
	int ret;

	ret = reader->read(reader->arg, offset, bytes, size);
	if (ret)
		return ret;
	while (size--)
		sum = sum << 8 | bytes[size];
	*value = sum;
	return 0;
}

/*
 * Not by the IDs: those of a VF read as ones (PCIe 6.x 9.3.4), and vfio
 * remembers them. Some bits of the status register are always zero.
 */
int pcicfg_answers(const struct pcicfg_reader *reader)
{
	uint32_t status;
	int ret = pcicfg_read(reader, PCI_STATUS, 2, &status);

	if (!ret && status == UINT16_MAX)
		ret = -EIO;
	return ret;
}

int pcicfg_find_cap(const struct pcicfg_reader *reader, unsigned int id, unsigned int *pos)
{
	uint32_t value, next;
	int i, ret;

	*pos = 0;
	ret = pcicfg_read(reader, PCI_STATUS, 2, &value);
	if (ret || !(value & PCI_STATUS_CAP_LIST))
		return ret;
	ret = pcicfg_read(reader, PCI_CAPABILITY_LIST, 1, &next);
	for (i = 0; !ret && i < MAX_CAPS; i++) {
		next &= CAP_ALIGN_MASK;
		if (next < PCI_STD_HEADER_SIZEOF)
			return 0;
		ret = pcicfg_read(reader, next, 2, &value);
		if (ret)
			return ret;
		if ((value & 0xff) == id) {
			*pos = next;
			return 0;
		}
		next = value >> 8;
	}
	return ret;
}

/* A space of exactly 256 bytes has no more; one cut off at 64 is hidden from this user. */
static bool ends_at_256(const struct pcicfg_reader *reader)
{
	uint32_t value;

	return !pcicfg_read(reader, CFG_SIZE - 4, 4, &value) &&
	       pcicfg_read(reader, CFG_SIZE, 1, &value) == -ENODATA;
}

int pcicfg_find_ext_cap(const struct pcicfg_reader *reader, unsigned int id, unsigned int *pos)
{
	unsigned int next = CFG_SIZE;
	uint32_t value;
	int i, ret;

	*pos = 0;
	for (i = 0; i < MAX_EXT_CAPS; i++) {
		ret = pcicfg_read(reader, next, 4, &value);
		if (ret == -ENODATA && next == CFG_SIZE && ends_at_256(reader))
			return 0;
		if (ret)
			return ret;
		/* A function without extended space reads zeros or ones. */
		if (!value || value == UINT32_MAX)
			return 0;
		if (PCI_EXT_CAP_ID(value) == id) {
			*pos = next;
			return 0;
		}
		next = PCI_EXT_CAP_NEXT(value) & EXT_CAP_ALIGN_MASK;
		if (next < CFG_SIZE)
			return 0;
	}
	return 0;
}

/* 10b is reserved in both fields that use this encoding; it means nothing. */
enum tphbuf_tph pcicfg_fold_tph(uint32_t field)
{
	switch (field) {
	case PCI_EXP_DEVCAP2_TPH_COMP_TPH_ONLY:
		return TPHBUF_TPH_ST;
	case PCI_EXP_DEVCAP2_TPH_COMP_EXT_TPH:
		return TPHBUF_TPH_ST_EXT;
	default:
		return TPHBUF_TPH_NONE;
	}
}

static int decode_completer(const struct pcicfg_reader *reader, unsigned int pos,
			    struct tphbuf_pci_info *info)
{
	uint32_t value;
	int ret = 0;

	info->completer = TPHBUF_TPH_NONE;
	/* The second set of registers came with version 2. */
	if (!pos || pos + PCI_EXP_DEVCAP2 + 4 > CFG_SIZE)
		return 0;
	ret = pcicfg_read(reader, pos + PCI_EXP_FLAGS, 2, &value);
	if (!ret && (value & PCI_EXP_FLAGS_VERS) >= 2) {
		ret = pcicfg_read(reader, pos + PCI_EXP_DEVCAP2, 4, &value);
		/* Ones are what a function in reset answers. */
		if (!ret && value == UINT32_MAX)
			ret = -EIO;
		if (!ret)
			info->completer =
				pcicfg_fold_tph((value & PCI_EXP_DEVCAP2_TPH_COMP_MASK) >> 12);
	}
	if (ret)
		info->completer = TPHBUF_TPH_UNKNOWN;
	return ret;
}

static int decode_requester(const struct pcicfg_reader *reader, struct tphbuf_pci_info *info)
{
	uint32_t cap = 0, ctrl = 0;
	unsigned int pos;
	int ret;

	ret = pcicfg_find_ext_cap(reader, PCI_EXT_CAP_ID_TPH, &pos);
	if (ret)
		return ret;
	if (pos && pos + PCI_TPH_BASE_SIZEOF <= CFG_EXT_SIZE) {
		ret = pcicfg_read(reader, pos + PCI_TPH_CAP, 4, &cap);
		if (!ret)
			ret = pcicfg_read(reader, pos + PCI_TPH_CTRL, 4, &ctrl);
		if (ret)
			return ret;
		if (cap == UINT32_MAX)
			return -EIO;
	} else {
		pos = 0;
	}
	info->requester = TPHBUF_TPH_NONE;
	info->requester_enabled = TPHBUF_TPH_NONE;
	if (!pos)
		return 0;
	info->requester = cap & PCI_TPH_CAP_EXT_TPH ? TPHBUF_TPH_ST_EXT : TPHBUF_TPH_ST;
	info->requester_enabled = pcicfg_fold_tph((ctrl & PCI_TPH_CTRL_REQ_EN_MASK) >> 8);
	switch (cap & PCI_TPH_CAP_LOC_MASK) {
	case PCI_TPH_LOC_CAP:
		info->st_table = TPHBUF_ST_TABLE_CAP;
		break;
	case PCI_TPH_LOC_MSIX:
		info->st_table = TPHBUF_ST_TABLE_MSIX;
		break;
	default:
		return 0;
	}
	/* The register holds the size less one. */
	info->st_entries = (uint16_t)(((cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT) + 1);
	return 0;
}

void pcicfg_unknown(struct tphbuf_pci_info *info)
{
	info->command = UINT16_MAX;
	info->completer = TPHBUF_TPH_UNKNOWN;
	info->requester = TPHBUF_TPH_UNKNOWN;
	info->requester_enabled = TPHBUF_TPH_UNKNOWN;
	info->st_table = TPHBUF_ST_TABLE_NONE;
	info->st_entries = 0;
}

int pcicfg_decode(const struct pcicfg_reader *reader, struct tphbuf_pci_info *info)
{
	unsigned int express;
	uint32_t value;
	int ret;

	pcicfg_unknown(info);
	ret = pcicfg_answers(reader);
	if (!ret)
		ret = pcicfg_read(reader, PCI_COMMAND, 2, &value);
	if (!ret) {
		info->command = (uint16_t)value;
		ret = pcicfg_find_cap(reader, PCI_CAP_ID_EXP, &express);
	}
	if (!ret)
		ret = decode_completer(reader, express, info);
	if (!ret && express)
		ret = decode_requester(reader, info);
	/* Conventional PCI has no extended capabilities, nor their space. */
	if (!ret && !express) {
		info->requester = TPHBUF_TPH_NONE;
		info->requester_enabled = TPHBUF_TPH_NONE;
	}
	return ret == -ENODATA ? 0 : ret;
}
