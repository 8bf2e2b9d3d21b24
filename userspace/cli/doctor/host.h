/* SPDX-License-Identifier: MIT */
/* The machine: IOMMU, interrupt remapping, vfio, limits. */
#ifndef CLI_DOCTOR_HOST_H
#define CLI_DOCTOR_HOST_H

#include "cli/doctor/doctor.h"

void check_host(struct doctor *d);

#endif
