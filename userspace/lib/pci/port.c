// SPDX-License-Identifier: MIT
/*
 * What a function says of itself as a station on a path: PCIe 6.x sections
 * 7.5.3 (PCI Express capability), 7.7.11 (ACS), 7.5.2.2 (power management).
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "lib/pci/config.h"

#define CFG_SIZE     256
#define CFG_EXT_SIZE 4096
#define ACS_SIZE     8
#define PM_SIZE	     8

/* Max_Payload_Size is coded as a power of two from 128; 6 and 7 reserved. */
static uint32_t payload_size(uint32_t code)
{
	return code <= 5 ? 128u << code : 0;
}

static enum tphbuf_port_type port_type(uint32_t code)
{
	switch (code) {
	case PCI_EXP_TYPE_ENDPOINT:
	case PCI_EXP_TYPE_LEG_END:
		return TPHBUF_PORT_ENDPOINT;
	case PCI_EXP_TYPE_RC_END:
	case PCI_EXP_TYPE_RC_EC:
		return TPHBUF_PORT_INTEGRATED;
	case PCI_EXP_TYPE_ROOT_PORT:
		return TPHBUF_PORT_ROOT;
	case PCI_EXP_TYPE_UPSTREAM:
		return TPHBUF_PORT_UPSTREAM;
	case PCI_EXP_TYPE_DOWNSTREAM:
		return TPHBUF_PORT_DOWNSTREAM;
	case PCI_EXP_TYPE_PCI_BRIDGE:
	case PCI_EXP_TYPE_PCIE_BRIDGE:
		return TPHBUF_PORT_BRIDGE;
	default:
		return TPHBUF_PORT_UNKNOWN;
	}
}

static int decode_link(const struct pcicfg_reader *reader, unsigned int pos,
		       struct tphbuf_port *port)
{
	uint32_t cap, status;
	int ret;

	if (port->type == TPHBUF_PORT_INTEGRATED)
		return 0;
	ret = pcicfg_read(reader, pos + PCI_EXP_LNKCAP, 4, &cap);
	if (!ret)
		ret = pcicfg_read(reader, pos + PCI_EXP_LNKSTA, 2, &status);
	if (ret)
		return ret;
	port->link_gen_max = cap & PCI_EXP_LNKCAP_SLS;
	port->link_width_max = (uint16_t)((cap & PCI_EXP_LNKCAP_MLW) >> 4);
	port->link_gen = status & PCI_EXP_LNKSTA_CLS;
	port->link_width = (uint16_t)((status & PCI_EXP_LNKSTA_NLW) >> PCI_EXP_LNKSTA_NLW_SHIFT);
	return 0;
}

/* The second set of registers came with version 2 of the capability. */
static int decode_devcap2(const struct pcicfg_reader *reader, unsigned int pos, uint32_t flags,
			  struct tphbuf_port *port)
{
	uint32_t value;
	int ret;

	port->completer = TPHBUF_TPH_NONE;
	port->prefixes = 0;
	if ((flags & PCI_EXP_FLAGS_VERS) < 2 || pos + PCI_EXP_DEVCAP2 + 4 > CFG_SIZE)
		return 0;
	ret = pcicfg_read(reader, pos + PCI_EXP_DEVCAP2, 4, &value);
	if (ret) {
		port->completer = TPHBUF_TPH_UNKNOWN;
		port->prefixes = -1;
		return ret;
	}
	port->completer = pcicfg_fold_tph((value & PCI_EXP_DEVCAP2_TPH_COMP_MASK) >> 12);
	port->prefixes = !!(value & PCI_EXP_DEVCAP2_EE_PREFIX);
	return 0;
}

static int decode_express(const struct pcicfg_reader *reader, struct tphbuf_port *port)
{
	uint32_t flags, cap, ctl;
	unsigned int pos;
	int ret;

	ret = pcicfg_find_cap(reader, PCI_CAP_ID_EXP, &pos);
	if (ret)
		return ret;
	if (!pos || pos + PCI_EXP_LNKSTA + 2 > CFG_SIZE) {
		port->type = TPHBUF_PORT_CONVENTIONAL;
		port->completer = TPHBUF_TPH_NONE;
		port->prefixes = 0;
		return 0;
	}
	ret = pcicfg_read(reader, pos + PCI_EXP_FLAGS, 2, &flags);
	if (!ret)
		ret = pcicfg_read(reader, pos + PCI_EXP_DEVCAP, 4, &cap);
	if (!ret)
		ret = pcicfg_read(reader, pos + PCI_EXP_DEVCTL, 2, &ctl);
	if (ret)
		return ret;
	port->type = port_type((flags & PCI_EXP_FLAGS_TYPE) >> 4);
	port->mps_max = payload_size(cap & PCI_EXP_DEVCAP_PAYLOAD);
	port->mps = payload_size((ctl & PCI_EXP_DEVCTL_PAYLOAD) >> 5);
	ret = decode_link(reader, pos, port);
	return ret ? ret : decode_devcap2(reader, pos, flags, port);
}

static int decode_power(const struct pcicfg_reader *reader, struct tphbuf_port *port)
{
	unsigned int pos;
	uint32_t value;
	int ret;

	ret = pcicfg_find_cap(reader, PCI_CAP_ID_PM, &pos);
	if (ret)
		return ret;
	if (!pos || pos + PM_SIZE > CFG_SIZE) {
		port->power = 0;
		return 0;
	}
	ret = pcicfg_read(reader, pos + PCI_PM_CTRL, 2, &value);
	if (!ret)
		port->power = value & PCI_PM_CTRL_STATE_MASK;
	return ret;
}

static int decode_acs(const struct pcicfg_reader *reader, struct tphbuf_port *port)
{
	unsigned int pos = 0;
	uint32_t value;
	int ret = 0;

	/* Conventional PCI has no extended capabilities, nor their space. */
	if (port->type != TPHBUF_PORT_CONVENTIONAL)
		ret = pcicfg_find_ext_cap(reader, PCI_EXT_CAP_ID_ACS, &pos);
	if (ret)
		return ret;
	if (!pos || pos + ACS_SIZE > CFG_EXT_SIZE) {
		port->acs = TPHBUF_ACS_NONE;
		return 0;
	}
	ret = pcicfg_read(reader, pos + PCI_ACS_CTRL, 2, &value);
	if (!ret)
		port->acs = (int32_t)value;
	return ret;
}

void pciport_unknown(struct tphbuf_port *port)
{
	memset(port, 0, sizeof(*port));
	port->type = TPHBUF_PORT_UNKNOWN;
	port->completer = TPHBUF_TPH_UNKNOWN;
	port->acs = TPHBUF_ACS_UNKNOWN;
	port->prefixes = -1;
	port->power = -1;
}

int pciport_decode(const struct pcicfg_reader *reader, struct tphbuf_port *port)
{
	int ret;

	pciport_unknown(port);
	ret = pcicfg_answers(reader);
	if (!ret)
		ret = decode_express(reader, port);
	if (!ret)
		ret = decode_power(reader, port);
	if (!ret)
		ret = decode_acs(reader, port);
	return ret == -ENODATA ? 0 : ret;
}
