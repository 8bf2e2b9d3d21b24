/* SPDX-License-Identifier: MIT */
/* Other users of the device: its IOMMU group, and open programs. */
#ifndef CLI_DOCTOR_GROUP_H
#define CLI_DOCTOR_GROUP_H

#include "cli/doctor/doctor.h"

void check_group(struct doctor *d);
void check_users(struct doctor *d);

#endif
