/* SPDX-License-Identifier: MIT */
/*
 * BAR0: initialisation segment and UAR pages.
 */
#ifndef NIC_INIT_SEG_H
#define NIC_INIT_SEG_H

#include <stdint.h>

struct fab_device;

void nic_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf, uint32_t len);
void nic_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
		   uint32_t len);

#endif
