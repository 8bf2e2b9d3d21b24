/* SPDX-License-Identifier: MIT */
/* The device whose memory is written. */
#ifndef CLI_DOCTOR_DEVICE_H
#define CLI_DOCTOR_DEVICE_H

#include "cli/doctor/doctor.h"

/*
 * Write the commands that rebind function @bdf from @driver ("" for none) to
 * driver @to ("": the driver that the kernel selects) to @remedy.
 */
void rebind_remedy(char *remedy, size_t size, const char *bdf, const char *driver, const char *to);
void check_device(struct doctor *d);
/* Open the device for a moment, which resets it. */
void check_tags(struct doctor *d);

#endif
