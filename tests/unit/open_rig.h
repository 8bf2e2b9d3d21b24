/* SPDX-License-Identifier: MIT */
/* Opening the fake device by one back end, and the group that it is in. */
#ifndef UNIT_OPEN_RIG_H
#define UNIT_OPEN_RIG_H

#include "tests/unit/test.h"

#define DEV   "sys/bus/pci/devices/" FAKE_BDF
#define GROUP "sys/kernel/iommu_groups/12"
#define PEER  "0000:03:00.1"

/* Open and close. how: the back end that it must be; return: of the opening */
int open_as(struct fixture *f, enum tphbuf_backend backend, const char *how);
int open_group(struct fixture *f);
int open_auto(struct fixture *f, const char *how);

/* Another function in the group; driver NULL: none */
void add_peer(const char *bdf, const char *driver);

/* cmocka: a context, and the nodes of the group */
int setup_group(void **state);
#define TEST_GROUP(fn) cmocka_unit_test_setup_teardown(fn, setup_group, fixture_close)

#endif
