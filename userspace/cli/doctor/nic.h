/* SPDX-License-Identifier: MIT */
/* The NIC that writes, and the route to the memory. */
#ifndef CLI_DOCTOR_NIC_H
#define CLI_DOCTOR_NIC_H

#include "cli/doctor/doctor.h"

void check_nic(struct doctor *d);
/* From the NIC to the device. */
void check_route(struct doctor *d);

#endif
