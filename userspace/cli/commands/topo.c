// SPDX-License-Identifier: MIT
/* tphbuf topo: the path between two functions, and whether it delivers tags. */
#include <stdio.h>
#include <string.h>

#include "cli/color.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/text.h"

struct path {
	struct tphbuf_topo *topo;
	struct tphbuf_topo_result verdict;
	struct tphbuf_pci_info memory, requester;
};

static const char *type_text(enum tphbuf_port_type type)
{
	switch (type) {
	case TPHBUF_PORT_ENDPOINT:
		return "endpoint";
	case TPHBUF_PORT_INTEGRATED:
		return "integrated";
	case TPHBUF_PORT_ROOT:
		return "root port";
	case TPHBUF_PORT_UPSTREAM:
		return "upstream";
	case TPHBUF_PORT_DOWNSTREAM:
		return "downstream";
	case TPHBUF_PORT_BRIDGE:
		return "bridge";
	case TPHBUF_PORT_CONVENTIONAL:
		return "PCI";
	default:
		return "unknown";
	}
}

static const char *route_text(enum tphbuf_route route)
{
	switch (route) {
	case TPHBUF_ROUTE_REFUSED:
		return "refused";
	case TPHBUF_ROUTE_HOST_BRIDGE:
		return "host bridge";
	case TPHBUF_ROUTE_DIRECT:
		return "direct";
	default:
		return "unknown";
	}
}

static const char *delivery_text(enum tphbuf_tag_delivery delivery)
{
	switch (delivery) {
	case TPHBUF_DELIVERY_DROPPED:
		return "dropped";
	case TPHBUF_DELIVERY_OK:
		return "delivered";
	default:
		return "unknown";
	}
}

/* lspci's names of the bits of the ACS control register. */
static const char *acs_text(int32_t acs, char *buf, size_t size)
{
	static const char names[][6] = {
		"SV", "TB", "RR", "CR", "UF", "EC", "DT",
	};
	size_t used = 0, i;

	if (acs == TPHBUF_ACS_NONE)
		return "none";
	if (acs < 0)
		return "unknown";
	buf[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (acs & 1 << i)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " " : "",
						 names[i]);
	return used ? buf : "off";
}

static void add_row(struct table *table, const struct tphbuf_port *port, unsigned int depth,
		    const char *role)
{
	char acs[32];
	bool redirects = port->acs > 0 && port->acs & TPHBUF_ACS_REDIRECT;

	table_cell(table, COLOR_NONE, "%*s%s", (int)(2 * depth), "", port->bdf);
	table_cell(table, COLOR_NONE, "%s", type_text(port->type));
	table_cell(table, redirects ? COLOR_WARN : COLOR_NONE, "%s",
		   acs_text(port->acs, acs, sizeof(acs)));
	table_cell(table, port->completer > TPHBUF_TPH_NONE ? COLOR_GOOD : COLOR_DIM, "%s",
		   tph_text(port->completer));
	table_cell(table, COLOR_NONE, "%s",
		   port->prefixes < 0 ? "unknown" :
		   port->prefixes     ? "yes" :
					"no");
	if (port->mps)
		table_cell(table, COLOR_NONE, "%u of %u", port->mps, port->mps_max);
	else
		table_cell(table, COLOR_DIM, "-");
	if (port->link_width && port->link_width_max)
		table_cell(table, COLOR_NONE, "gen%u x%u of gen%u x%u", port->link_gen,
			   port->link_width, port->link_gen_max, port->link_width_max);
	else if (port->link_width)
		table_cell(table, COLOR_NONE, "gen%u x%u", port->link_gen, port->link_width);
	else
		table_cell(table, COLOR_DIM, "-");
	table_cell(table, COLOR_NONE, "%s", role);
}

/* From the root down; ports of both paths are shown once. */
static void add_branch(struct table *table, const struct path *path, enum tphbuf_end end,
		       bool shared_too, const char *role)
{
	size_t n = tphbuf_topo_ports(path->topo, end), i;
	bool below = shared_too || !path->verdict.common[0];

	for (i = n; i--;) {
		struct tphbuf_port port = { .size = sizeof(port) };

		tphbuf_topo_port(path->topo, end, i, &port);
		if (below)
			add_row(table, &port, (unsigned int)(n - 1 - i), i ? "" : role);
		if (!strcmp(port.bdf, path->verdict.common))
			below = true;
	}
}

static void print_end(const char *label, const struct tphbuf_pci_info *info)
{
	printf("%-10s  %s (%04x:%04x)", label, info->bdf, info->vendor, info->device);
	if (info->rdma[0])
		say(stdout, ", %s", info->rdma);
	say(stdout, ", driver %s", info->driver[0] ? info->driver : "none");
	if (info->iommu_group >= 0)
		printf(", IOMMU group %d\n", info->iommu_group);
	else
		printf(", no IOMMU group\n");
}

static enum color delivery_color(enum tphbuf_tag_delivery delivery)
{
	return delivery == TPHBUF_DELIVERY_OK	   ? COLOR_GOOD :
	       delivery == TPHBUF_DELIVERY_DROPPED ? COLOR_BAD :
						     COLOR_WARN;
}

static void print_verdict(const struct cli *cli, const char *label, enum color color,
			  const char *word, const char *reason)
{
	printf("%-10s  %s%s%s", label, color_start(cli, color), word, color_end(cli, color));
	say(stdout, ": %s\n", reason);
}

static int print(struct cli *cli, const struct path *path)
{
	static const char *const heads[] = {
		"PORT", "TYPE", "ACS", "TAKES", "PREFIXES", "PAYLOAD", "LINK", "",
	};
	const struct tphbuf_topo_result *v = &path->verdict;
	struct table *table;
	int ret;

	print_end("memory", &path->memory);
	print_end("requester", &path->requester);
	putchar('\n');
	table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	add_branch(table, path, TPHBUF_END_MEMORY, true, "memory");
	add_branch(table, path, TPHBUF_END_REQUESTER, false, "requester");
	ret = table_end(table, cli);
	if (ret)
		return ret;
	putchar('\n');
	print_verdict(cli, "route",
		      v->route == TPHBUF_ROUTE_DIRECT  ? COLOR_GOOD :
		      v->route == TPHBUF_ROUTE_REFUSED ? COLOR_BAD :
							 COLOR_WARN,
		      route_text(v->route), v->reason);
	if (v->remedy[0])
		say(stdout, "%-10s  %s\n", "remedy", v->remedy);
	if (v->note[0])
		say(stdout, "%-10s  %s\n", "note", v->note);
	print_verdict(cli, "8-bit tag", delivery_color(v->st), delivery_text(v->st), v->st_reason);
	print_verdict(cli, "16-bit tag", delivery_color(v->xst), delivery_text(v->xst),
		      v->xst_reason);
	return CLI_OK;
}

static void add_number(cJSON *object, const char *name, uint32_t value)
{
	if (value)
		cJSON_AddNumberToObject(object, name, value);
	else
		cJSON_AddNullToObject(object, name);
}

static void json_add_port(cJSON *array, const struct tphbuf_port *port)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddItemToArray(array, object);
	cJSON_AddStringToObject(object, "bdf", port->bdf);
	cJSON_AddStringToObject(object, "type", type_text(port->type));
	if (port->acs >= 0)
		json_add_hex(object, "acs_control", (uint64_t)port->acs);
	else
		cJSON_AddNullToObject(object, "acs_control");
	cJSON_AddBoolToObject(object, "acs_known", port->acs != TPHBUF_ACS_UNKNOWN);
	if (port->completer == TPHBUF_TPH_UNKNOWN)
		cJSON_AddNullToObject(object, "tph_completer");
	else
		json_add_namespaces(object, "tph_completer", (uint32_t)port->completer);
	if (port->prefixes < 0)
		cJSON_AddNullToObject(object, "tlp_prefixes");
	else
		cJSON_AddBoolToObject(object, "tlp_prefixes", port->prefixes);
	add_number(object, "mps", port->mps);
	add_number(object, "mps_max", port->mps_max);
	add_number(object, "link_gen", port->link_gen);
	add_number(object, "link_width", port->link_width);
}

static void json_add_end(cJSON *json, const char *name, const struct path *path,
			 enum tphbuf_end end, const struct tphbuf_pci_info *info)
{
	cJSON *object = cJSON_AddObjectToObject(json, name), *array;
	size_t i;

	json_add_pci(object, info);
	cJSON_AddStringToObject(object, "host_bridge", tphbuf_topo_host(path->topo, end));
	array = cJSON_AddArrayToObject(object, "ports");
	for (i = 0; i < tphbuf_topo_ports(path->topo, end); i++) {
		struct tphbuf_port port = { .size = sizeof(port) };

		tphbuf_topo_port(path->topo, end, i, &port);
		json_add_port(array, &port);
	}
}

static void json_add_delivery(cJSON *json, const char *name, enum tphbuf_tag_delivery delivery,
			      const char *reason)
{
	cJSON *object = cJSON_AddObjectToObject(json, name);

	cJSON_AddStringToObject(object, "delivery", delivery_text(delivery));
	cJSON_AddStringToObject(object, "reason", reason);
}

static void answer_json(cJSON *json, const struct path *path)
{
	const struct tphbuf_topo_result *v = &path->verdict;
	cJSON *object;

	json_add_end(json, "memory", path, TPHBUF_END_MEMORY, &path->memory);
	json_add_end(json, "requester", path, TPHBUF_END_REQUESTER, &path->requester);
	object = cJSON_AddObjectToObject(json, "route");
	cJSON_AddStringToObject(object, "state", route_text(v->route));
	cJSON_AddStringToObject(object, "reason", v->reason);
	json_add_string_or_null(object, "remedy", v->remedy);
	json_add_string_or_null(object, "note", v->note);
	json_add_string_or_null(object, "common", v->common);
	cJSON_AddNumberToObject(object, "distance", v->distance);
	object = cJSON_AddObjectToObject(json, "tags");
	json_add_delivery(object, "st", v->st, v->st_reason);
	json_add_delivery(object, "xst", v->xst, v->xst_reason);
}

static int run(struct cli *cli, struct options *opts)
{
	struct path path = {
		.verdict.size = sizeof(path.verdict),
		.memory.size = sizeof(path.memory),
		.requester.size = sizeof(path.requester),
	};
	int ret;

	ret = tphbuf_topo_read(cli->ctx, opts->args[0], opts->args[1], &path.topo);
	if (ret)
		return cli_fail(cli, ret);
	tphbuf_topo_get_result(path.topo, &path.verdict);
	tphbuf_topo_info(path.topo, TPHBUF_END_MEMORY, &path.memory);
	tphbuf_topo_info(path.topo, TPHBUF_END_REQUESTER, &path.requester);
	if (cli->json)
		answer_json(cli->json, &path);
	else
		ret = print(cli, &path);
	tphbuf_topo_free(path.topo);
	return ret;
}

const struct command cmd_topo = {
	.id = COMMAND_TOPO,
	.name = "topo",
	.summary = "the PCIe path between two functions, and whether tags pass it",
	.operands = "MEMORY REQUESTER",
	.about = "Shows the bridges between the function whose BAR is written (MEMORY) and the\n"
		 "function that writes (REQUESTER, a NIC), each given as PCI address or RDMA\n"
		 "device, and judges the route by the rules of the kernel's p2pdma: direct\n"
		 "through switches, through the host bridge, or refused; and whether tags pass.\n"
		 "\n"
		 "ACS is the access control of the port: RR, CR and EC redirect requests between\n"
		 "devices upstream. TAKES is the TPH completer, PREFIXES End-End TLP prefixes,\n"
		 "which 16-bit tags need outside flit mode. Reading all of the config space takes\n"
		 "CAP_SYS_ADMIN in the initial user namespace; others see 64 bytes of it.\n",
	.example = "topo 0000:03:00.0 mlx5_0",
	.arg_name = "pair of functions",
	.min_args = 2,
	.max_args = 2,
	.completion = { COMPLETE_FUNCTION_OR_NIC, COMPLETE_FUNCTION_OR_NIC },
	.run = run,
};
