/* SPDX-License-Identifier: MIT */
#ifndef STEER_OPS_H
#define STEER_OPS_H

#include "tests/guest/steer_rig.h"

/* Level "unsafe" has GET. */
void test_bad_inputs(struct steer *rig, const char *level);
/* many: how many */
void test_random_inputs(struct steer *rig, const char *many);
void test_hotplug(struct steer *rig, const char *seconds);

/* An engine with memory, and the RDMA device of a NIC, its peer */
void test_both_roles(struct steer *rig, const char *nic);

/* command: for bash, injects a fatal error at the port above the device */
void test_error(struct steer *rig, const char *command);
void test_no_answer(struct steer *rig, const char *arg);

/* On a kernel with fault injection, level "unsafe" */
void test_faults(struct steer *rig, const char *arg);
void test_stress(struct steer *rig, const char *seconds);

#endif
