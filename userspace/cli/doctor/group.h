/* SPDX-License-Identifier: MIT */
/* Other users of the device: its IOMMU group, and open programs. */
#ifndef CLI_DOCTOR_GROUP_H
#define CLI_DOCTOR_GROUP_H

#include "cli/doctor/doctor.h"

void check_group(struct doctor *d);
/* Report the processes that have the device open. */
void check_users(struct doctor *d);
/* After check_tags(): report that no process has it open, if that is so. */
void check_unused(struct doctor *d);

#endif
