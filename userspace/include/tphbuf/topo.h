/* SPDX-License-Identifier: MIT */
/*
 * The PCIe path between two functions, and what becomes of a tagged request
 * on it.
 *
 * Everything is read from sysfs and config space; nothing is opened or
 * changed. The route is found by the rules of Linux's p2pdma, so it says what
 * the kernel will do when a buffer is registered, not what the hardware could
 * do.
 */
#ifndef TPHBUF_TOPO_H
#define TPHBUF_TOPO_H

#include <tphbuf/ctx.h>
#include <tphbuf/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tphbuf_topo;

enum tphbuf_port_type {
	TPHBUF_PORT_UNKNOWN = -1, /* config space could not be read */
	TPHBUF_PORT_ENDPOINT,
	TPHBUF_PORT_INTEGRATED, /* root complex integrated endpoint */
	TPHBUF_PORT_ROOT,
	TPHBUF_PORT_UPSTREAM,	  /* of a switch */
	TPHBUF_PORT_DOWNSTREAM,	  /* of a switch */
	TPHBUF_PORT_BRIDGE,	  /* to or from PCI or PCI-X */
	TPHBUF_PORT_CONVENTIONAL, /* no PCI Express capability */
};

/* Values of tphbuf_port.acs beside the bits of the ACS control register */
#define TPHBUF_ACS_NONE	   (-1) /* no such capability */
#define TPHBUF_ACS_UNKNOWN (-2) /* config space could not be read */

/* The bits of the ACS control register that send peer requests upwards */
#define TPHBUF_ACS_REDIRECT 0x2c /* RR 0x04, CR 0x08, EC 0x20 */

/**
 * struct tphbuf_port - one function on a path
 * @size: sizeof(struct tphbuf_port)
 * @bdf: its address
 * @type: what kind of port
 * @completer: TPH completer support (DevCap2)
 * @acs: ACS control register, or TPHBUF_ACS_NONE, TPHBUF_ACS_UNKNOWN
 * @prefixes: 1 if it takes End-End TLP prefixes (DevCap2), which carry 16-bit
 *	tags outside flit mode; 0 if not; -1 unknown
 * @mps: Max_Payload_Size in use, bytes; 0 unknown
 * @mps_max: Max_Payload_Size supported, bytes; 0 unknown
 * @link_gen, @link_width: link in use: PCIe generation and lanes; 0 if there
 *	is no link or it is unknown
 * @link_gen_max, @link_width_max: what the port could do
 * @power: power state 0..3 (D0..D3hot), -1 unknown
 *
 * Payload and link of a VF are those of its PF.
 */
struct tphbuf_port {
	size_t size;
	char bdf[TPHBUF_BDF_MAX];
	enum tphbuf_port_type type;
	enum tphbuf_tph completer;
	int32_t acs;
	int32_t prefixes;
	uint32_t mps;
	uint32_t mps_max;
	uint16_t link_gen;
	uint16_t link_width;
	uint16_t link_gen_max;
	uint16_t link_width_max;
	int32_t power;
};

/* How the kernel would route peer-to-peer requests */
enum tphbuf_route {
	TPHBUF_ROUTE_UNKNOWN = -1, /* config space could not be read */
	TPHBUF_ROUTE_REFUSED,	   /* p2pdma refuses to map the memory */
	TPHBUF_ROUTE_HOST_BRIDGE,  /* through the root complex */
	TPHBUF_ROUTE_DIRECT,	   /* through switches only */
};

/* Whether a tag reaches the memory */
enum tphbuf_tag_delivery {
	TPHBUF_DELIVERY_UNKNOWN = -1, /* no register confirms the delivery */
	TPHBUF_DELIVERY_DROPPED,
	TPHBUF_DELIVERY_OK,
};

#define TPHBUF_REASON_MAX 384

/**
 * struct tphbuf_topo_result - what to expect of a path
 * @size: sizeof(struct tphbuf_topo_result)
 * @route: how requests go
 * @distance: number of hops as p2pdma counts them
 * @common: nearest common bridge, empty if there is none
 * @reason: sentence why @route is what it is
 * @remedy: what mends a refused or detoured route; empty if nothing is wrong
 * @st: delivery of 8-bit tags
 * @xst: delivery of 16-bit tags
 * @st_reason, @xst_reason: sentence why
 * @note: what the registers cannot show: when the kernel looked at them last;
 *	empty if no driver is bound to the function whose BAR is written
 *
 * Everything comes from the registers as they are now. The kernel looks at
 * them when the pair is attached for the first time, and keeps that route
 * until the driver of the memory's function is bound again (map_types of
 * drivers/pci/p2pdma.c). So the two differ after ACS registers were changed.
 */
struct tphbuf_topo_result {
	size_t size;
	enum tphbuf_route route;
	uint32_t distance;
	char common[TPHBUF_BDF_MAX];
	char reason[TPHBUF_REASON_MAX];
	char remedy[TPHBUF_REASON_MAX];
	enum tphbuf_tag_delivery st;
	enum tphbuf_tag_delivery xst;
	char st_reason[TPHBUF_REASON_MAX];
	char xst_reason[TPHBUF_REASON_MAX];
	char note[TPHBUF_REASON_MAX];
};

/* The two ends of a path */
enum tphbuf_end {
	TPHBUF_END_MEMORY,    /* the function whose BAR is written */
	TPHBUF_END_REQUESTER, /* the function that writes, a NIC */
};

/**
 * tphbuf_pci_find() - PCI address of a function named in whatever way
 * @ctx: context, which records the text of an error
 * @name: "0000:03:00.0", "03:00.0", or an RDMA device ("mlx5_0")
 * @bdf: result, TPHBUF_BDF_MAX bytes
 *
 * A PCI address need not exist; an RDMA device must.
 *
 * Return: 0, -EINVAL (neither form), -ENODEV (no such RDMA device, or it is
 * no PCI device).
 */
TPHBUF_API int tphbuf_pci_find(struct tphbuf_ctx *ctx, const char *name, char *bdf);

/**
 * tphbuf_topo_read() - find the path between two functions
 * @ctx: context, which records the text of an error
 * @memory: the function whose BAR is written; as tphbuf_pci_find()
 * @requester: the function that writes
 * @topo: the result, freed with tphbuf_topo_free()
 *
 * Return: 0, -EINVAL, -ENODEV (no such function), -ELOOP (sysfs shows a path
 * that is too long), -ENOMEM, errors of sysfs.
 */
TPHBUF_API int tphbuf_topo_read(struct tphbuf_ctx *ctx, const char *memory, const char *requester,
				struct tphbuf_topo **topo);

/**
 * tphbuf_topo_free() - free the result of tphbuf_topo_read()
 * @topo: result, or NULL
 */
TPHBUF_API void tphbuf_topo_free(struct tphbuf_topo *topo);

/**
 * tphbuf_topo_ports() - number of functions from an end up to its root port
 * @topo: result
 *
 * At least 1: the function itself. 0 for a bad @end.
 */
TPHBUF_API size_t tphbuf_topo_ports(const struct tphbuf_topo *topo, enum tphbuf_end end);

/**
 * tphbuf_topo_port() - describe a function on the path
 * @topo: result
 * @end: first byte after the range
 * @index: 0 is the function itself, the last the port at the root
 * @port: result; @port->size set by the caller
 *
 * Return: 0, -EINVAL.
 */
TPHBUF_API int tphbuf_topo_port(const struct tphbuf_topo *topo, enum tphbuf_end end, size_t index,
				struct tphbuf_port *port);

/**
 * tphbuf_topo_info() - the function at an end, as tphbuf_pci_read()
 * @topo: result
 * @end: first byte after the range
 * @info: where the answer goes; its size member is set by the caller
 */
TPHBUF_API int tphbuf_topo_info(const struct tphbuf_topo *topo, enum tphbuf_end end,
				struct tphbuf_pci_info *info);

/**
 * tphbuf_topo_host() - the host bridge of an end: "pci0000:00"
 *
 * Return: a string that lives as long as @topo; NULL for a bad @end.
 */
TPHBUF_API const char *tphbuf_topo_host(const struct tphbuf_topo *topo, enum tphbuf_end end);

/**
 * tphbuf_topo_get_result() - what to expect of the path
 * @topo: the path
 * @result: what to expect; @result->size set by the caller
 *
 * Return: 0, -EINVAL.
 */
TPHBUF_API int tphbuf_topo_get_result(const struct tphbuf_topo *topo,
				      struct tphbuf_topo_result *result);

#ifdef __cplusplus
}
#endif

#endif
