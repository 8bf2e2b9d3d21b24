/* SPDX-License-Identifier: MIT */
/*
 * BAR0: initialisation segment and UAR pages.
 */
#ifndef NIC_INIT_SEG_H
#define NIC_INIT_SEG_H

#include <stdbool.h>
#include <stdint.h>

struct fab_device;
struct fab_reg_map;
struct nic;

extern const struct fab_reg_map nic_seg_map;

void nic_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf, uint32_t len);
void nic_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
		   uint32_t len);

/*
 * Report a fatal health state (request for reset, firmware internal error) or end it. In that
 * state the health counter stands still and no command is executed, as when firmware has died.
 */
void nic_set_fatal(struct nic *nic, bool fatal);

#endif
