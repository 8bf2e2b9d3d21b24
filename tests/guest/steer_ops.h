/* SPDX-License-Identifier: MIT */
#ifndef STEER_OPS_H
#define STEER_OPS_H

#include "tests/guest/steer_rig.h"

/* Level "unsafe" has GET. */
void test_bad_inputs(struct steer *rig, const char *level);
/* many: how many */
void test_many_bad_inputs(struct steer *rig, const char *many);

/* On a kernel with fault injection, level "unsafe" */
void test_faults(struct steer *rig, const char *arg);
void test_stress(struct steer *rig, const char *seconds);

#endif
