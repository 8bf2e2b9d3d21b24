/* SPDX-License-Identifier: MIT */
/* Where the fake device's regions lie in its node, and the parts of fake.h. */
#ifndef MOCK_REGION_H
#define MOCK_REGION_H

#include <stdint.h>

#define REGION_CONFIG		7
#define REGION_OFFSET(index)	((uint64_t)(index) << 28)

void tree_build(void);

#endif
