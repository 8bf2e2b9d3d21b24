/* SPDX-License-Identifier: MIT */
/*
 * Steering: near which CPU the data of a vfio device's own DMA writes is
 * placed. The device sends PCIe TPH requests with the steering tag of that CPU,
 * which the kernel gets from firmware.
 *
 * This is the opposite direction of <tphbuf/tag.h>: there another device writes
 * into the memory of this one, and its owner chooses the tag. A device can have
 * both; they do not affect each other.
 *
 * What is possible is decided by the administrator (parameter tph_st of vfio-pci
 * when the device was bound) and by the device. Entries and enabling last until
 * the device is closed, over resets as well.
 */
#ifndef TPHBUF_STEER_H
#define TPHBUF_STEER_H

#include <tphbuf/device.h>
#include <tphbuf/tag.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ST modes (PCIe 6.x, 6.17.3); bit numbers of tphbuf_steer_info.modes */
enum tphbuf_steer_mode {
	TPHBUF_STEER_NS, /* no ST: requests carry a hint, and tag 0 */
	TPHBUF_STEER_IV, /* interrupt vector: the entry of the vector */
	TPHBUF_STEER_DS, /* device specific: the device chooses the entry, or the tag */
};

/* Entries of the largest table there is: one for each vector of the largest MSI-X table */
#define TPHBUF_STEER_ENTRIES 2048

/* An entry that is not set: its tag is 0 */
#define TPHBUF_STEER_NO_CPU UINT32_MAX

/* Bits of the flags of tphbuf_device_steer_set() */
#define TPHBUF_STEER_PM (1u << 0) /* persistent memory instead of volatile */

/* Bits of tphbuf_steer_info.can */
#define TPHBUF_STEER_CAN_SET (1u << 0) /* there are entries to set */
#define TPHBUF_STEER_CAN_GET (1u << 1) /* tags can be read: level unsafe */

/**
 * struct tphbuf_steer_info - what can be steered, and what is
 * @size: sizeof(struct tphbuf_steer_info)
 * @modes: set of bits 1 << TPHBUF_STEER_...: modes that can be enabled
 * @width: widest tags that can be sent, 8 or 16 bits
 * @entries: of the ST table as the device says; 0: no table
 * @can: TPHBUF_STEER_CAN_ bits
 * @enabled: width of the tags that are sent, 8 or 16; 0: TPH is off
 * @mode: the mode that is enabled, or was last
 */
struct tphbuf_steer_info {
	size_t size;
	uint32_t modes;
	uint32_t width;
	uint32_t entries;
	uint32_t can;
	uint32_t enabled;
	enum tphbuf_steer_mode mode;
};

/**
 * tphbuf_device_steer_info() - ask
 * @dev: device
 * @info: where the answer goes; its size member is set by the caller
 *
 * Return: 0; -ENOTTY (kernel without the feature, or it is off for the device),
 * -EPROTO (the kernel uses the number for something else), -EOPNOTSUPP (device,
 * root port, pci=notph, migration), -EINVAL (@info), errors of the kernel.
 */
TPHBUF_API int tphbuf_device_steer_info(struct tphbuf_device *dev, struct tphbuf_steer_info *info);

/**
 * tphbuf_device_steer_set() - choose CPUs for entries of the table
 * @dev: device
 * @first: first entry; in interrupt vector mode the number of the vector
 * @cpus: Linux CPU numbers, or TPHBUF_STEER_NO_CPU
 * @count: of them, 1 to TPHBUF_STEER_ENTRIES
 * @flags: 0 or TPHBUF_STEER_PM
 *
 * All entries are set or none. The CPUs must be among those on which the calling
 * thread may run (sched_getaffinity(2)). May be called before TPH is enabled, and
 * while it is; then requests carry no hint for a moment.
 *
 * Return: 0; -EPERM (a CPU that the caller may not run on), -ENODATA (firmware has
 * no tag for a CPU, or none of the width that is enabled), -EINVAL (no such entry or
 * CPU; or firmware does not answer), -EOPNOTSUPP (no table that could be set),
 * -EIO (the device is not in D0 or does not take the tags), and as
 * tphbuf_device_steer_info().
 */
TPHBUF_API int tphbuf_device_steer_set(struct tphbuf_device *dev, unsigned int first,
				       const uint32_t *cpus, size_t count, uint32_t flags);

/**
 * tphbuf_device_steer_get() - read the tags of the CPUs that were set
 * @dev: device
 * @first: first entry
 * @tags: where they go; ph is 0; valid is 0 for an entry that is not set
 * @count: of them, 1 to TPHBUF_STEER_ENTRIES
 *
 * For devices that are told the tag by their driver. Level unsafe only.
 *
 * Return: 0; -EPERM (not at this level), and as tphbuf_device_steer_set().
 */
TPHBUF_API int tphbuf_device_steer_get(struct tphbuf_device *dev, unsigned int first,
				       struct tphbuf_tag *tags, size_t count);

/**
 * tphbuf_device_steer_enable() - let the device send TPH requests
 * @dev: device
 * @mode: ST mode
 * @width: of the tags: 8, 16, or 0 for the widest
 *
 * What is enabled already is disabled before. The control register is read back.
 *
 * Return: 0; -EOPNOTSUPP (the mode or the width is not among those of
 * tphbuf_device_steer_info()), -EIO (the kernel refused: an entry has no tag of that
 * width, or the device is not in D0), -EINVAL (arguments), and as
 * tphbuf_device_steer_info().
 */
TPHBUF_API int tphbuf_device_steer_enable(struct tphbuf_device *dev, enum tphbuf_steer_mode mode,
					  unsigned int width);

/**
 * tphbuf_device_steer_disable() - no TPH requests any more; entries are kept
 * @dev: device
 *
 * Return: 0, errors of the kernel.
 */
TPHBUF_API int tphbuf_device_steer_disable(struct tphbuf_device *dev);

#ifdef __cplusplus
}
#endif

#endif
