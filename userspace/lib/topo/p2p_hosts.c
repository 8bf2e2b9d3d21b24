// SPDX-License-Identifier: MIT
/*
 * Host bridges known to route requests between their root ports.
 *
 * The ids are facts of Linux 7.3, drivers/pci/p2pdma.c, table
 * pci_p2pdma_whitelist, with include/linux/pci_ids.h for the symbolic ones.
 * The kernel compares the first function of the root bus with them.
 */
#include "lib/topo/route.h"

#define ANY_DEVICE (-1)

static const struct {
	uint16_t vendor;
	int32_t device;
	enum p2p_host host;
} hosts[] = {
	/* Intel: Sandy Bridge and Ivy Bridge, Haswell and Broadwell servers */
	{ 0x8086, 0x3c00, P2P_HOST_WITHIN },
	{ 0x8086, 0x3c01, P2P_HOST_WITHIN },
	{ 0x8086, 0x2f00, P2P_HOST_WITHIN },
	{ 0x8086, 0x2f01, P2P_HOST_WITHIN },
	/* Intel: Skylake to Ice Lake servers, root ports and mesh */
	{ 0x8086, 0x2020, P2P_HOST_BETWEEN },
	{ 0x8086, 0x2030, P2P_HOST_BETWEEN },
	{ 0x8086, 0x2031, P2P_HOST_BETWEEN },
	{ 0x8086, 0x2032, P2P_HOST_BETWEEN },
	{ 0x8086, 0x2033, P2P_HOST_BETWEEN },
	{ 0x8086, 0x09a2, P2P_HOST_BETWEEN },
	/* Intel: accelerators with a root bus of their own (DSA, IAA, QAT) */
	{ 0x8086, 0x0b25, P2P_HOST_BETWEEN },
	{ 0x8086, 0x0cfe, P2P_HOST_BETWEEN },
	{ 0x8086, 0x11fb, P2P_HOST_BETWEEN },
	{ 0x8086, 0x1212, P2P_HOST_BETWEEN },
	{ 0x8086, 0x1216, P2P_HOST_BETWEEN },
	{ 0x8086, 0x4940, P2P_HOST_BETWEEN },
	{ 0x8086, 0x4942, P2P_HOST_BETWEEN },
	{ 0x8086, 0x4944, P2P_HOST_BETWEEN },
	{ 0x8086, 0x4946, P2P_HOST_BETWEEN },
	{ 0x8086, 0x4948, P2P_HOST_BETWEEN },
	/* Google's own chips, Nvidia's CPUs */
	{ 0x1ae0, ANY_DEVICE, P2P_HOST_BETWEEN },
	{ 0x10de, 0x2f95, P2P_HOST_BETWEEN },
	{ 0x10de, 0x2f96, P2P_HOST_BETWEEN },
	{ 0x10de, 0x2f97, P2P_HOST_BETWEEN },
	{ 0x10de, 0x2f98, P2P_HOST_BETWEEN },
};

enum p2p_host p2p_host_lookup(uint16_t vendor, uint16_t device)
{
	size_t i;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (hosts[i].vendor == vendor &&
		    (hosts[i].device == ANY_DEVICE || hosts[i].device == device))
			return hosts[i].host;
	return P2P_HOST_UNKNOWN;
}
