/* SPDX-License-Identifier: MIT */
/* Three ports of one subnet, and requests to its administrator. */
#ifndef SUBNET_RIG_H
#define SUBNET_RIG_H

#include <infiniband/sa.h>
#include <infiniband/umad_sa_mcm.h>

#include "fabric/subnet/subnet.h"

#define SA_STATUS(code) ((uint16_t)(UMAD_SA_STATUS_##code << 8))
#define PORTS		3u

/* Components of a PathRecord */
#define DGID 4ull
#define SGID 8ull
#define DLID 0x10ull
#define SLID 0x20ull
#define PKEY (1ull << 13)

extern struct subnet_port sa_port[PORTS];
extern struct umad_sa_packet sa_in, sa_out; /* the request and its answer */

int subnet_setup(void **state); /* for cmocka */
int subnet_teardown(void **state);

/* Makes a request. */
void sa_start(uint8_t method, uint16_t attribute, uint64_t mask);
/* Makes one for the path from the first port to the second. */
struct ibv_path_record *path_start(uint8_t method, uint64_t mask);
/* Sends it. Status of the answer, in host order */
uint16_t sa_ask(unsigned int from);

#endif
