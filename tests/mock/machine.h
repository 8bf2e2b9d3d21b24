/* SPDX-License-Identifier: MIT */
/*
 * Machines other than the default one: PCI functions with a path of bridges above them, in the
 * fake tree as in sysfs.
 */
#ifndef MOCK_MACHINE_H
#define MOCK_MACHINE_H

#include <stdint.h>

#define MACHINE_NO_ACS	 (-1)
#define MACHINE_NO_GROUP (-1)

/* A requester field: capability and what is enabled; 0 for no capability. */
#define MACHINE_REQ_ST	0x1
#define MACHINE_REQ_XST 0x3

struct machine_fn {
	const char *path; /* "pci0000:00/0000:00:01.0/0000:01:00.0" */
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	unsigned int type;	/* PCI_EXP_TYPE_ */
	unsigned int completer; /* DevCap2[13:12] */
	int acs;		/* control register, or MACHINE_NO_ACS */
	int no_prefixes;
	unsigned int requester;
	unsigned int enabled;
	unsigned int mps;   /* code; 0 is 128 */
	unsigned int power; /* D-state */
	const char *driver;
	const char *rdma;
	int group;	    /* 0 is a group; MACHINE_NO_GROUP for none */
	int no_memory;	    /* memory decoding off */
	const char *physfn; /* a VF of this function */
};

/* Forget the functions of the fake tree. */
void machine_clear(void);
void machine_add(const struct machine_fn *fn);
/* All up to one without path. */
void machine_build(const struct machine_fn *fns);

/* Cut the config file of @bdf, as unprivileged users see it. */
void machine_truncate_config(const char *bdf, unsigned int size);
/* Change bytes of it. */
void machine_config(const char *bdf, unsigned int offset, uint32_t value, unsigned int size);

/* Offsets of the capabilities that machine_add() writes. */
#define MACHINE_PM_CAP	0x40
#define MACHINE_EXP_CAP 0x50
#define MACHINE_ACS_CAP 0x100
#define MACHINE_TPH_CAP 0x120

#endif
