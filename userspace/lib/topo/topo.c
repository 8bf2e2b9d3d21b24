// SPDX-License-Identifier: MIT
/*
 * Paths from sysfs: the link of a function in bus/pci/devices leads through
 * all bridges above it, "../../../devices/pci0000:00/0000:00:03.0/...".
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/internal.h"
#include "lib/pci/config.h"
#include "lib/topo/route.h"
#include "lib/pci/sysfs.h"

#define CPUINFO_MAX 4096

/* From Zen on, AMD's CPUs route between root ports (p2pdma.c). */
#define AMD_ZEN_FAMILY 0x17

struct tphbuf_topo {
	struct tphbuf_ctx *ctx;
	struct route_question question;
	struct tphbuf_topo_result result;
};

static int read_function(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_port *port)
{
	struct sysfs_config config;
	int ret = sysfs_config_open(ctx, bdf, &config);

	pciport_unknown(port);
	if (!ret) {
		ret = pciport_decode(&config.reader, port);
		sysfs_config_close(&config);
	}
	memcpy(port->bdf, bdf, strlen(bdf) + 1);
	/* The registers of a function that does not answer, or hides them, are unknown. */
	if (sysfs_hidden(ret))
		return sysfs_exists(ctx, bdf);
	return ret == -EIO ? 0 : ret;
}

/*
 * A VF has no payload size and no link of its own: those fields are reserved
 * (PCIe 6.x 9.3.5), and what counts is its PF's. They are unknown if the PF
 * cannot be read.
 */
static int read_port(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_port *port)
{
	char pf[TPHBUF_BDF_MAX];
	struct tphbuf_port phys;
	int ret = read_function(ctx, bdf, port);

	if (ret)
		return ret;
	ret = sysfs_link_name(ctx, bdf, "physfn", pf, sizeof(pf));
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	if (read_function(ctx, pf, &phys))
		memset(&phys, 0, sizeof(phys));
	port->mps = phys.mps;
	port->link_gen = phys.link_gen;
	port->link_width = phys.link_width;
	port->link_gen_max = phys.link_gen_max;
	port->link_width_max = phys.link_width_max;
	return 0;
}

/*
 * Split the link's target into bridges. Only what follows the last host
 * bridge counts: behind a volume management device there are two.
 */
static int split_path(char *target, struct route_end *end, char (*bdfs)[TPHBUF_BDF_MAX])
{
	char *word, *save = NULL;
	size_t n = 0;

	for (word = strtok_r(target, "/", &save); word; word = strtok_r(NULL, "/", &save)) {
		if (!strncmp(word, "pci", 3) && strchr(word, ':')) {
			snprintf(end->host, sizeof(end->host), "%.*s", (int)sizeof(end->host) - 1,
				 word);
			n = 0;
		} else if (end->host[0]) {
			if (n == ROUTE_MAX_PORTS)
				return -ELOOP;
			if (tphbuf_bdf_parse(word, bdfs[n]))
				return -EINVAL;
			n++;
		}
	}
	end->nr_ports = n;
	return n ? 0 : -EINVAL;
}

/* The lowest function on the root bus stands for the host bridge. */
static int find_host(struct tphbuf_ctx *ctx, struct route_end *end)
{
	const char *bus = end->host + strlen("pci");
	size_t len = strlen(bus), i, n;
	struct tphbuf_port port;
	char(*bdfs)[TPHBUF_BDF_MAX];
	uint64_t vendor, device;
	int ret;

	ret = tphbuf_pci_list(ctx, &bdfs, &n);
	if (ret)
		return ret;
	for (i = 0; i < n; i++)
		if (!strncmp(bdfs[i], bus, len) && bdfs[i][len] == ':')
			break;
	ret = 0;
	if (i == n)
		goto out;
	ret = read_port(ctx, bdfs[i], &port);
	if (ret)
		goto out;
	if (strcmp(bdfs[i] + len, ":00.0") && port.type != TPHBUF_PORT_ROOT) {
		end->host_unsure = port.type == TPHBUF_PORT_UNKNOWN;
		if (!end->host_unsure)
			goto out;
	}
	ret = sysfs_read_u64(ctx, bdfs[i], "vendor", &vendor);
	if (!ret)
		ret = sysfs_read_u64(ctx, bdfs[i], "device", &device);
	if (ret)
		goto out;
	memcpy(end->host_bdf, bdfs[i], sizeof(end->host_bdf));
	end->host_vendor = (uint16_t)vendor;
	end->host_device = (uint16_t)device;
out:
	tphbuf_pci_list_free(bdfs);
	return ret;
}

static int read_end(struct tphbuf_ctx *ctx, const char *name, struct route_end *end)
{
	char bdfs[ROUTE_MAX_PORTS][TPHBUF_BDF_MAX];
	char bdf[TPHBUF_BDF_MAX], target[PATH_MAX];
	size_t i;
	int ret;

	ret = tphbuf_pci_find(ctx, name, bdf);
	if (ret)
		return ret;
	end->info.size = sizeof(end->info);
	ret = tphbuf_pci_read(ctx, bdf, &end->info);
	if (ret)
		return ret;
	/* A function may have several RDMA devices. */
	if (tphbuf_bdf_parse(name, target) && strlen(name) < sizeof(end->info.rdma))
		memcpy(end->info.rdma, name, strlen(name) + 1);
	ret = sysfs_device_path(ctx, bdf, target, sizeof(target));
	if (!ret)
		ret = split_path(target, end, bdfs);
	if (!ret && strcmp(bdfs[end->nr_ports - 1], bdf))
		ret = -EINVAL;
	if (ret == -EINVAL)
		return ctx_fail(ctx, TPHBUF_STAGE_LOOKUP, ret,
				"%s: sysfs shows no path of bridges to it; check that /sys is a real sysfs",
				bdf);
	for (i = 0; !ret && i < end->nr_ports; i++)
		ret = read_port(ctx, bdfs[end->nr_ports - 1 - i], &end->port[i]);
	if (!ret)
		ret = find_host(ctx, end);
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, ret, "%s: path to it", bdf);
	return 0;
}

/* Value of the first line "@key : value" of /proc/cpuinfo. */
static bool cpu_field(const char *text, const char *key, char *value, size_t size)
{
	const char *p = strstr(text, key);
	size_t len;

	p = p ? strchr(p, ':') : NULL;
	if (!p)
		return false;
	p++;
	p += strspn(p, " \t");
	len = strcspn(p, "\n");
	if (len >= size)
		return false;
	memcpy(value, p, len);
	value[len] = '\0';
	return true;
}

static bool cpu_routes(struct tphbuf_ctx *ctx)
{
	char text[CPUINFO_MAX], value[32];

	return !ctx_read_proc(ctx, "cpuinfo", text, sizeof(text)) &&
	       cpu_field(text, "vendor_id", value, sizeof(value)) &&
	       !strcmp(value, "AuthenticAMD") &&
	       cpu_field(text, "cpu family", value, sizeof(value)) &&
	       strtoul(value, NULL, 10) >= AMD_ZEN_FAMILY;
}

/*
 * The kernel keeps what calc_map_type_and_dist() found at the first attach of
 * the pair in map_types of the provider, which goes with the driver.
 */
static void note_memory_of_kernel(const struct route_question *q, struct tphbuf_topo_result *result)
{
	const struct tphbuf_pci_info *memory = &q->memory.info;

	if (!memory->driver[0])
		return;
	snprintf(result->note, sizeof(result->note),
		 "read from the registers now; the kernel keeps the route of the first attach of %s to %s until %s is bound to %s again",
		 q->requester.info.bdf, memory->bdf, memory->bdf, memory->driver);
}

int tphbuf_topo_read(struct tphbuf_ctx *ctx, const char *memory, const char *requester,
		     struct tphbuf_topo **topop)
{
	struct tphbuf_topo *topo;
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!memory || !requester || !topop)
		return ctx_fail_null(ctx, "memory, requester and topo");
	topo = calloc(1, sizeof(*topo));
	if (!topo)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_LOOKUP);
	ret = read_end(ctx, memory, &topo->question.memory);
	if (!ret)
		ret = read_end(ctx, requester, &topo->question.requester);
	if (ret) {
		free(topo);
		return ret;
	}
	topo->question.cpu_routes = cpu_routes(ctx);
	route_judge(&topo->question, &topo->result);
	delivery_judge(&topo->question, &topo->result);
	note_memory_of_kernel(&topo->question, &topo->result);
	topo->ctx = ctx;
	ctx_get(ctx);
	*topop = topo;
	return 0;
}

void tphbuf_topo_free(struct tphbuf_topo *topo)
{
	if (!topo)
		return;
	ctx_put(topo->ctx);
	free(topo);
}

static const struct route_end *end_of(const struct tphbuf_topo *topo, enum tphbuf_end end)
{
	if (!topo)
		return NULL;
	switch (end) {
	case TPHBUF_END_MEMORY:
		return &topo->question.memory;
	case TPHBUF_END_REQUESTER:
		return &topo->question.requester;
	default:
		return NULL;
	}
}

size_t tphbuf_topo_ports(const struct tphbuf_topo *topo, enum tphbuf_end end)
{
	const struct route_end *e = end_of(topo, end);

	return e ? e->nr_ports : 0;
}

const char *tphbuf_topo_host(const struct tphbuf_topo *topo, enum tphbuf_end end)
{
	const struct route_end *e = end_of(topo, end);

	return e ? e->host : NULL;
}

int tphbuf_topo_port(const struct tphbuf_topo *topo, enum tphbuf_end end, size_t index,
		     struct tphbuf_port *port)
{
	const struct route_end *e = end_of(topo, end);

	if (!topo)
		return -EINVAL;
	if (!e || index >= e->nr_ports || !port)
		return ctx_fail(topo->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"the path has no such port; ask tphbuf_topo_ports() for their number");
	return ctx_info_out(topo->ctx, port, &e->port[index], tphbuf_port);
}

int tphbuf_topo_info(const struct tphbuf_topo *topo, enum tphbuf_end end,
		     struct tphbuf_pci_info *info)
{
	const struct route_end *e = end_of(topo, end);

	if (!topo)
		return -EINVAL;
	if (!e || !info)
		return ctx_fail(topo->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"end must be a TPHBUF_END_ value and info must not be NULL");
	return ctx_info_out(topo->ctx, info, &e->info, tphbuf_pci_info);
}

int tphbuf_topo_get_result(const struct tphbuf_topo *topo, struct tphbuf_topo_result *result)
{
	if (!topo)
		return -EINVAL;
	if (!result)
		return ctx_fail_null(topo->ctx, "result");
	return ctx_info_out(topo->ctx, result, &topo->result, tphbuf_topo_result);
}
