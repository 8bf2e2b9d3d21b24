/* SPDX-License-Identifier: MIT */
/*
 * Config space as bytes and write masks, built from options once; a reset restores
 * the same bytes. Constants come from <linux/pci_regs.h>.
 */
#ifndef FAB_CFG_H
#define FAB_CFG_H

#include "fabric/core/device.h"

struct fab_cfg_id {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 24 bit */
	uint8_t revision;
};

/* Encodings of DevCap2[13:12]; 2 is reserved and must be read as "none". */
enum fab_tph_support { FAB_TPH_NONE = 0, FAB_TPH_8BIT = 1, FAB_TPH_RESERVED = 2, FAB_TPH_EXT = 3 };

struct fab_cfg_opts {
	struct fab_cfg_id id;
	uint64_t serial;		/* DSN */
	enum fab_tph_support completer; /* DevCap2 */
	enum fab_tph_support requester; /* TPH requester capability; FAB_TPH_NONE: no capability */
	unsigned int st_entries;	/* ST table; 0: no table (direct mode) */
	bool st_msix;	      /* the table is in the MSI-X table, which the client keeps */
	uint32_t st_modes;    /* FAB_TPH_CAP_ST_*; 0: all modes */
	bool no_flr;	      /* no function level reset */
	bool soft_reset;      /* leaving D3hot resets the function */
	bool no_prefix;	      /* DevCap2 never claims End-End TLP prefixes */
	bool vsc;	      /* vendor specific capability of mlx5 */
	bool doe;	      /* DOE capability; not together with a TPH requester capability */
	unsigned int vectors; /* MSI-X; 0: no capability */
	unsigned int msix_bar;
	uint32_t msix_table, msix_pba; /* offsets in that BAR */
};

/* A serial number for a function: derived from its name, the same in every run. */
uint64_t fab_cfg_serial(const char *name);

/* Build cfg and wmask of a device whose BARs have been added. 0 or -EINVAL. */
int fab_cfg_build(struct fab_device *dev, const struct fab_cfg_opts *opts);
/* Restores the values of fab_cfg_build() except for BARs (QEMU never rewrites those after FLR). */
void fab_cfg_reset(struct fab_device *dev);
/* The same, with BARs unset: the state at power on, for a new client. */
void fab_cfg_power_on(struct fab_device *dev);

uint16_t fab_cfg_get16(const struct fab_device *dev, uint32_t off);
uint32_t fab_cfg_get32(const struct fab_device *dev, uint32_t off);

uint32_t fab_cfg_mps(const struct fab_device *dev);  /* Max_Payload_Size in force, bytes */
uint32_t fab_cfg_mrrs(const struct fab_device *dev); /* Max_Read_Request_Size in force, bytes */

/*
 * The hint of a request for which the function requests (ph, ST table index), with ST Mode Select
 * at Device Specific: requester enable off gives no hint; index 0 gives steering tag 0; without a
 * table the index is the tag itself. An entry wider than the enabled namespace (8 bit), an index
 * outside the table, or a 16-bit tag of a function without End-End TLP prefixes gives no hint and
 * counts as an error of the device (errors_tph). No ST Mode: always steering tag 0. Interrupt
 * Vector Mode has tags for interrupts only, so other requests get no hint.
 */
struct fab_tph fab_cfg_tph(struct fab_device *dev, uint8_t ph, uint16_t index);

/*
 * The hint of a request whose steering tag is that of an entry of the function's ST table in the
 * capability: in Device Specific Mode the entry that the driver chose, in Interrupt Vector Mode that
 * of the vector to which the request belongs. Entry 0 is an entry like others. No ST Mode: tag 0.
 */
struct fab_tph fab_cfg_tph_entry(struct fab_device *dev, uint8_t ph, uint16_t entry);

/*
 * The hint of a function that its driver tells the steering tag, which only Device Specific Mode
 * permits; the ST table plays no part. No ST Mode: tag 0. Interrupt Vector Mode: no hint.
 */
struct fab_tph fab_cfg_tph_told(struct fab_device *dev, uint8_t ph, uint16_t st);

/* Entry of the ST table in the capability as the function has it; 0 without such an entry. */
uint16_t fab_cfg_st_entry(const struct fab_device *dev, uint32_t entry);
/* TPH control register as the function has it; 0 without the capability. */
uint32_t fab_cfg_tph_ctrl(const struct fab_device *dev);

/* Resets the control register and the ST table only, as a restart of firmware may do. */
void fab_cfg_lose_tph(struct fab_device *dev);

#endif
