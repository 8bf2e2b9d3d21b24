/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_TOPO_H
#define TPHBUF_TOPO_H 
#include <tphbuf/ctx.h>
#include <tphbuf/device.h>
#ifdef __cplusplus
extern "C" {
#endif
struct tphbuf_topo;
enum tphbuf_port_type {
 TPHBUF_PORT_UNKNOWN = -1,
 TPHBUF_PORT_ENDPOINT,
 TPHBUF_PORT_INTEGRATED,
 TPHBUF_PORT_ROOT,
 TPHBUF_PORT_UPSTREAM,
 TPHBUF_PORT_DOWNSTREAM,
 TPHBUF_PORT_BRIDGE,
 TPHBUF_PORT_CONVENTIONAL,
};
#define TPHBUF_ACS_NONE (-1)
#define TPHBUF_ACS_UNKNOWN (-2)
#define TPHBUF_ACS_REDIRECT 0x2c
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
enum tphbuf_route {
 TPHBUF_ROUTE_UNKNOWN = -1,
 TPHBUF_ROUTE_REFUSED,
 TPHBUF_ROUTE_HOST_BRIDGE,
 TPHBUF_ROUTE_DIRECT,
};
enum tphbuf_tag_delivery {
 TPHBUF_DELIVERY_UNKNOWN = -1,
 TPHBUF_DELIVERY_DROPPED,
 TPHBUF_DELIVERY_OK,
};
#define TPHBUF_REASON_MAX 384
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
enum tphbuf_end {
 TPHBUF_END_MEMORY,
 TPHBUF_END_REQUESTER,
};
TPHBUF_API int tphbuf_pci_find(struct tphbuf_ctx *ctx, const char *name, char *bdf);
TPHBUF_API int tphbuf_topo_read(struct tphbuf_ctx *ctx, const char *memory, const char *requester,
    struct tphbuf_topo **topo);
TPHBUF_API void tphbuf_topo_free(struct tphbuf_topo *topo);
TPHBUF_API size_t tphbuf_topo_ports(const struct tphbuf_topo *topo, enum tphbuf_end end);
TPHBUF_API int tphbuf_topo_port(const struct tphbuf_topo *topo, enum tphbuf_end end, size_t index,
    struct tphbuf_port *port);
TPHBUF_API int tphbuf_topo_info(const struct tphbuf_topo *topo, enum tphbuf_end end,
    struct tphbuf_pci_info *info);
TPHBUF_API const char *tphbuf_topo_host(const struct tphbuf_topo *topo, enum tphbuf_end end);
TPHBUF_API int tphbuf_topo_get_result(const struct tphbuf_topo *topo,
          struct tphbuf_topo_result *result);
#ifdef __cplusplus
}
#endif
#endif
