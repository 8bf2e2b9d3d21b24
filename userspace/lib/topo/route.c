// SPDX-License-Identifier: MIT
/* The route between two functions, see route.h. */
#include <stdio.h>
#include <string.h>

#include "lib/topo/route.h"
#include "util/remedy.h"

/* Ports whose ACS sends peer requests upwards, as a list for people. */
struct redirects {
	char list[160];
	size_t used;
	unsigned int n;
	bool unknown;
};

static void add_redirect(struct redirects *r, const struct tphbuf_port *port)
{
	int n;

	if (port->acs == TPHBUF_ACS_UNKNOWN)
		r->unknown = true;
	if (port->acs < 0 || !(port->acs & TPHBUF_ACS_REDIRECT))
		return;
	r->n++;
	n = snprintf(r->list + r->used, sizeof(r->list) - r->used, "%s%s", r->used ? ";" : "",
		     port->bdf);
	/* A list that is too long ends at a whole address. */
	if ((size_t)n >= sizeof(r->list) - r->used)
		r->list[r->used] = '\0';
	else
		r->used += (size_t)n;
}

static bool same_port(const struct tphbuf_port *a, const struct tphbuf_port *b)
{
	return !strcmp(a->bdf, b->bdf);
}

/*
 * The nearest function both paths have in common. Return: true with the two
 * indexes, and all redirecting ports of the route, the common one included.
 */
static bool find_common(const struct route_question *q, size_t *in_memory, size_t *in_requester,
			struct redirects *r)
{
	const struct route_end *a = &q->memory, *b = &q->requester;
	size_t i, j, k;

	for (i = 0; i < a->nr_ports; i++) {
		add_redirect(r, &a->port[i]);
		for (j = 0; j < b->nr_ports; j++) {
			if (!same_port(&a->port[i], &b->port[j]))
				continue;
			for (k = 0; k < j; k++)
				add_redirect(r, &b->port[k]);
			*in_memory = i;
			*in_requester = j;
			return true;
		}
	}
	return false;
}

/* Whether the kernel knows that a host bridge routes between its ports */
enum known {
	KNOWN_NO,
	KNOWN_UNSURE, /* a register that decides it cannot be read */
	KNOWN_YES,
};

static enum known host_routes(const struct route_end *end, bool same_host)
{
	enum p2p_host host;

	if (!end->host_bdf[0])
		return KNOWN_NO;
	host = p2p_host_lookup(end->host_vendor, end->host_device);
	if (host != P2P_HOST_BETWEEN && !(host == P2P_HOST_WITHIN && same_host))
		return KNOWN_NO;
	return end->host_unsure ? KNOWN_UNSURE : KNOWN_YES;
}

static const char *host_text(const struct route_end *end, char *buf, size_t size)
{
	if (end->host_bdf[0])
		snprintf(buf, size, "%s (%04x:%04x at %s)", end->host, end->host_vendor,
			 end->host_device, end->host_bdf);
	else
		snprintf(buf, size, "%s (no function that identifies it)", end->host);
	return buf;
}

/* The requests pass the root complex, for the reason @why. */
static void judge_host(const struct route_question *q, const char *why, const char *remedy,
		       struct tphbuf_topo_result *v)
{
	const struct route_end *a = &q->memory, *b = &q->requester;
	bool same = !strcmp(a->host, b->host);
	enum known ok_a, ok_b;
	char host[80];

	snprintf(v->remedy, sizeof(v->remedy), "%s", remedy);
	ok_a = host_routes(a, same);
	ok_b = host_routes(b, same);
	if (q->cpu_routes || (ok_a == KNOWN_YES && ok_b == KNOWN_YES)) {
		v->route = TPHBUF_ROUTE_HOST_BRIDGE;
		snprintf(v->reason, sizeof(v->reason),
			 "%s, and the kernel knows that %s routes between root ports", why,
			 q->cpu_routes ? "this AMD CPU" : host_text(a, host, sizeof(host)));
		return;
	}
	if (ok_a != KNOWN_NO && ok_b != KNOWN_NO) {
		const struct route_end *end = ok_a == KNOWN_YES ? b : a;

		v->route = TPHBUF_ROUTE_UNKNOWN;
		snprintf(v->reason, sizeof(v->reason),
			 "%s, and the registers of %s, which may stand for host bridge %s, cannot be read",
			 why, end->host_bdf, end->host);
		snprintf(v->remedy, sizeof(v->remedy), REMEDY_CONFIG_SPACE);
		return;
	}
	v->route = TPHBUF_ROUTE_REFUSED;
	snprintf(v->reason, sizeof(v->reason),
		 "%s, and host bridge %s is not on the kernel's list of those that route between %s",
		 why, host_text(ok_a != KNOWN_NO ? b : a, host, sizeof(host)),
		 same ? "their root ports" : "host bridges");
}

void route_judge(const struct route_question *q, struct tphbuf_topo_result *v)
{
	struct redirects r = { .used = 0 };
	char why[sizeof(r.list) + 80], remedy[TPHBUF_REASON_MAX];
	size_t i = 0, j = 0;

	if (!find_common(q, &i, &j, &r)) {
		v->distance = (uint32_t)(q->memory.nr_ports + q->requester.nr_ports);
		judge_host(q, "they share no bridge", "put both devices under one PCIe switch", v);
		return;
	}
	v->distance = (uint32_t)(i + j);
	memcpy(v->common, q->memory.port[i].bdf, sizeof(v->common));
	if (r.n) {
		snprintf(why, sizeof(why), "ACS redirects their requests upwards at %s", r.list);
		snprintf(remedy, sizeof(remedy),
			 r.n > 1 ?
				 "boot with \"pci=disable_acs_redir=%s\" (in quotes, as a bare ; ends a command of GRUB or a shell; this joins IOMMU groups)" :
				 "boot with pci=disable_acs_redir=%s (this joins IOMMU groups)",
			 r.list);
		judge_host(q, why, remedy, v);
		return;
	}
	if (r.unknown) {
		v->route = TPHBUF_ROUTE_UNKNOWN;
		snprintf(v->reason, sizeof(v->reason),
			 "the ACS registers of the ports cannot be read");
		snprintf(v->remedy, sizeof(v->remedy), REMEDY_CONFIG_SPACE);
		return;
	}
	v->route = TPHBUF_ROUTE_DIRECT;
	snprintf(v->reason, sizeof(v->reason), "they meet at %s and no port of the route redirects",
		 v->common);
}
