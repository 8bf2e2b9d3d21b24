/* SPDX-License-Identifier: MIT */
#ifndef STEER_OPS_H
#define STEER_OPS_H

#include "tests/guest/steer_rig.h"

/* steer_registers.c; level: "confined" or "unsafe" */
void test_off(struct steer *rig, const char *arg);
void test_notph(struct steer *rig, const char *arg);
void test_matrix(struct steer *rig, const char *level);
void test_no_capability(struct steer *rig, const char *arg);
void test_widths(struct steer *rig, const char *arg);
void test_writes(struct steer *rig, const char *arg);
void test_secret(struct steer *rig, const char *arg);
void test_no_secret(struct steer *rig, const char *arg);
/* A kernel without the feature; any device that is bound to vfio-pci */
void test_absent(const char *bdf);

/* steer_wire.c */
void test_wire(struct steer *rig, const char *arg);
void test_affinity(struct steer *rig, const char *arg);
void test_offline(struct steer *rig, const char *arg);
void test_firmware(struct steer *rig, const char *arg);
void test_told(struct steer *rig, const char *arg);
void test_disobedient(struct steer *rig, const char *arg);

/* steer_reset.c; how: "vfio", "flr", "sysfs", "d3hot" */
void test_reset(struct steer *rig, const char *how);
void test_d3hot(struct steer *rig, const char *arg);
void test_two_openers(struct steer *rig, const char *arg);
void test_leave(struct steer *rig, const char *arg);

/* steer_msix.c */
void test_msix(struct steer *rig, const char *arg);

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
