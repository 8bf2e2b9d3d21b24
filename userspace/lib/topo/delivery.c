// SPDX-License-Identifier: MIT
/*
 * Delivery of a tag from the requester to the memory, see route.h.
 *
 * PCIe 6.x: a switch forwards hints of requests it routes (section 2.2.7.1);
 * 16-bit tags travel in an End-End TLP prefix outside flit mode (2.2.10), which every
 * port of the route must forward. Linux lets a function send hints only as far as its root
 * port completes them (drivers/pci/tph.c, pcie_enable_tph()), even if the
 * requests do not pass it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/topo/route.h"
#include "util/remedy.h"

/* The answer for one namespace, in the result. */
struct delivery {
	enum tphbuf_tag_delivery *value;
	char *reason;
};

/* Return: true, so that a caller can pass on that the question is decided. */
static bool delivery_set(struct delivery *f, enum tphbuf_tag_delivery value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static bool delivery_set(struct delivery *f, enum tphbuf_tag_delivery value, const char *fmt, ...)
{
	va_list ap;

	*f->value = value;
	va_start(ap, fmt);
	vsnprintf(f->reason, TPHBUF_REASON_MAX, fmt, ap);
	va_end(ap);
	return true;
}

static bool includes(enum tphbuf_tph has, enum tphbuf_tph wanted)
{
	return has != TPHBUF_TPH_UNKNOWN && (has & wanted) == wanted;
}

static const struct tphbuf_port *root_of(const struct route_end *end)
{
	return &end->port[end->nr_ports - 1];
}

/* What requester and completer support. Return: true if that decides. */
static bool judge_ends(const struct route_question *q, enum tphbuf_tph wanted, const char *what,
		       struct delivery *f)
{
	const struct tphbuf_pci_info *to = &q->memory.info;
	const struct tphbuf_pci_info *from = &q->requester.info;
	const struct tphbuf_port *root = root_of(&q->requester);

	if (to->completer == TPHBUF_TPH_UNKNOWN || from->requester == TPHBUF_TPH_UNKNOWN)
		return delivery_set(f, TPHBUF_DELIVERY_UNKNOWN,
				    "the TPH registers cannot be read; " REMEDY_CONFIG_SPACE);
	if (!includes(to->completer, wanted))
		return delivery_set(f, TPHBUF_DELIVERY_DROPPED, "%s is not a completer of %s tags",
				    to->bdf, what);
	if (!includes(from->requester, wanted))
		return delivery_set(f, TPHBUF_DELIVERY_DROPPED, "%s cannot send %s tags", from->bdf,
				    what);
	if (from->requester_enabled == wanted)
		return false;
	/* Extended TPH means 16-bit tags; one never stands in for the other. */
	if (from->requester_enabled == TPHBUF_TPH_ST_EXT)
		return delivery_set(f, TPHBUF_DELIVERY_DROPPED,
				    "%s is set up to send 16-bit tags only; give the buffer one",
				    from->bdf);
	if (q->requester.nr_ports > 1 && !includes(root->completer, wanted))
		return delivery_set(f, TPHBUF_DELIVERY_DROPPED,
				    "the kernel lets %s send %s tags only under a root port that completes them, which %s does not",
				    from->bdf, what, root->bdf);
	return delivery_set(f, TPHBUF_DELIVERY_DROPPED,
			    "%s is not enabled to send %s tags; see its driver, and pci=notph on the kernel command line",
			    from->bdf, what);
}

/* The first port between an end and @common that takes no End-End TLP prefixes, or NULL. */
static const struct tphbuf_port *port_without_prefixes(const struct route_end *end,
						       const char *common)
{
	size_t i;

	for (i = 1; i < end->nr_ports; i++) {
		if (!end->port[i].prefixes)
			return &end->port[i];
		if (!strcmp(end->port[i].bdf, common))
			break;
	}
	return NULL;
}

static void judge(const struct route_question *q, const struct tphbuf_topo_result *v,
		  enum tphbuf_tph wanted, const char *what, struct delivery *f)
{
	const struct tphbuf_port *port = NULL;

	if (v->route == TPHBUF_ROUTE_REFUSED) {
		delivery_set(f, TPHBUF_DELIVERY_DROPPED, "p2pdma refuses the route");
		return;
	}
	if (judge_ends(q, wanted, what, f))
		return;
	if (v->route == TPHBUF_ROUTE_HOST_BRIDGE) {
		const struct tphbuf_port *root = root_of(&q->requester);

		if (!includes(root->completer, wanted))
			delivery_set(f, TPHBUF_DELIVERY_DROPPED, "root port %s takes no %s tags",
				     root->bdf, what);
		else
			delivery_set(f, TPHBUF_DELIVERY_UNKNOWN,
				     "root port %s takes %s tags, but no register says that the root complex forwards them to another port",
				     root->bdf, what);
		return;
	}
	if (v->route == TPHBUF_ROUTE_UNKNOWN) {
		delivery_set(f, TPHBUF_DELIVERY_UNKNOWN, "the route is unknown");
		return;
	}
	if (wanted == TPHBUF_TPH_ST_EXT) {
		port = port_without_prefixes(&q->requester, v->common);
		if (!port)
			port = port_without_prefixes(&q->memory, v->common);
	}
	if (port)
		delivery_set(f, TPHBUF_DELIVERY_UNKNOWN,
			     "%s does not say that it takes End-End TLP prefixes, which carry 16-bit tags outside flit mode",
			     port->bdf);
	else
		delivery_set(f, TPHBUF_DELIVERY_OK,
			     "%s sends and %s takes %s tags, and switches forward them",
			     q->requester.info.bdf, q->memory.info.bdf, what);
}

void delivery_judge(const struct route_question *q, struct tphbuf_topo_result *v)
{
	struct delivery st = { &v->st, v->st_reason };
	struct delivery xst = { &v->xst, v->xst_reason };

	judge(q, v, TPHBUF_TPH_ST, "8-bit", &st);
	judge(q, v, TPHBUF_TPH_ST_EXT, "16-bit", &xst);
}
