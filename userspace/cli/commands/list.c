// SPDX-License-Identifier: MIT
/* tphbuf list: the functions and RDMA devices that tagged writes need. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/rdma_names.h"
#include "cli/table.h"
#include "cli/text.h"
#include "util/remedy.h"

static const char *const heads[] = {
	"DEVICE", "DRIVER", "VFIO", "RDMA", "GROUP", "TAKES", "SENDS", "ENABLED", "BARS",
};

#define NR_COLUMNS  (sizeof(heads) / sizeof(heads[0]))
#define RDMA_COLUMN 3

struct list {
	struct cli *cli;
	struct table *table;
	cJSON *devices; /* NULL without --json */
	struct rdma_names rdma;
	bool all;
	bool unknown; /* a row has TPH columns that are unknown */
};

static bool matters(const struct tphbuf_pci_info *info)
{
	return vfio_bound(info) || info->rdma[0] || info->completer > TPHBUF_TPH_NONE ||
	       info->requester > TPHBUF_TPH_NONE;
}

static void bars_text(const struct tphbuf_pci_info *info, char *text, size_t size)
{
	char bar_size[32];
	size_t used = 0;
	int i;

	text[0] = '\0';
	for (i = 0; i < TPHBUF_NUM_BARS && used < size; i++) {
		if (!(info->bar[i].flags & TPHBUF_BAR_PRESENT))
			continue;
		size_text(info->bar[i].size, bar_size, sizeof(bar_size));
		used += (size_t)snprintf(text + used, size - used, "%s%d: %s", used ? ", " : "", i,
					 bar_size);
	}
}

static void tph_cell(struct table *table, enum tphbuf_tph tph)
{
	table_cell(table, tph > TPHBUF_TPH_NONE ? COLOR_GOOD : COLOR_DIM, "%s", tph_text(tph));
}

static void add_row(struct list *list, const struct tphbuf_pci_info *info)
{
	struct table *table = list->table;
	char bars[160], rdma[256];

	rdma_names_text(&list->rdma, info->bdf, rdma, sizeof(rdma));
	table_cell(table, COLOR_NONE, "%s", info->bdf);
	table_cell(table, COLOR_NONE, "%s", or_dash(info->driver));
	table_cell(table, COLOR_NONE, "%s", or_dash(info->vfio));
	table_cell(table, COLOR_NONE, "%s", or_dash(rdma[0] ? rdma : info->rdma));
	if (info->iommu_group >= 0)
		table_cell(table, COLOR_NONE, "%d", info->iommu_group);
	else
		table_cell(table, COLOR_DIM, "-");
	tph_cell(table, info->completer);
	tph_cell(table, info->requester);
	tph_cell(table, info->requester_enabled);
	bars_text(info, bars, sizeof(bars));
	table_cell(table, COLOR_NONE, "%s", or_dash(bars));
}

/* @error: why sysfs does not describe the function, or NULL. */
static void add_function(struct list *list, const struct tphbuf_pci_info *info, const char *error)
{
	cJSON *object;

	if (!list->devices) {
		add_row(list, info);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddItemToArray(list->devices, object);
	json_add_pci(object, info);
	json_add_rdma_names(object, &list->rdma, info->bdf);
	if (error)
		cJSON_AddStringToObject(object, "error", error);
}

/* A function that sysfs does not describe: its address, and why. */
static void add_undescribed(struct list *list, const char *bdf)
{
	struct tphbuf_pci_info info = {
		.iommu_group = -1,
		.completer = TPHBUF_TPH_UNKNOWN,
		.requester = TPHBUF_TPH_UNKNOWN,
		.requester_enabled = TPHBUF_TPH_UNKNOWN,
	};
	const char *why = tphbuf_ctx_error(list->cli->ctx);

	snprintf(info.bdf, sizeof(info.bdf), "%s", bdf);
	say(stderr, "tphbuf list: %s\n", why);
	add_function(list, &info, why);
}

static int show(struct list *list, const char *bdf)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	int ret = tphbuf_pci_read(list->cli->ctx, bdf, &info);

	if (ret == -ENOMEM)
		return ret;
	/* -ENODEV, -ENOENT: removed since the directory was read. */
	if (ret && ret != -ENODEV && ret != -ENOENT)
		add_undescribed(list, bdf);
	if (ret || (!list->all && !matters(&info)))
		return 0;
	if (info.completer == TPHBUF_TPH_UNKNOWN || info.requester == TPHBUF_TPH_UNKNOWN)
		list->unknown = true;
	add_function(list, &info, NULL);
	return 0;
}

static int show_functions(struct list *list)
{
	char(*bdfs)[TPHBUF_BDF_MAX];
	size_t i, n;
	int ret = tphbuf_pci_list(list->cli->ctx, &bdfs, &n);

	if (ret)
		return ret;
	for (i = 0; i < n && !ret; i++)
		ret = show(list, bdfs[i]);
	tphbuf_pci_list_free(bdfs);
	return ret;
}

/* RDMA devices of software have no PCI function. */
static void show_software(struct list *list)
{
	size_t i, column;

	if (list->devices)
		json_add_rdma_names(list->cli->json, &list->rdma, "");
	for (i = 0; i < list->rdma.n && !list->devices; i++)
		for (column = 0; !list->rdma.list[i].bdf[0] && column < NR_COLUMNS; column++)
			table_cell(list->table, column == RDMA_COLUMN ? COLOR_NONE : COLOR_DIM,
				   "%s", column == RDMA_COLUMN ? list->rdma.list[i].name : "-");
}

static int run(struct cli *cli, struct options *opts)
{
	struct list list = { .cli = cli, .all = opts->all };
	int ret, end;

	if (cli->json)
		list.devices = cJSON_AddArrayToObject(cli->json, "devices");
	else
		list.table = table_new(heads, NR_COLUMNS);
	ret = rdma_names_read(cli, &list.rdma) ? show_functions(&list) : -ENOMEM;
	if (!ret && opts->all)
		show_software(&list);
	rdma_names_free(&list.rdma);
	end = ret || cli->json ? CLI_OK : table_end(list.table, cli);
	if (ret) {
		table_free(list.table);
		return ret == -ENOMEM ? cli_fail_text(cli, CLI_FAILURE, "lookup",
						      "out of memory; free some") :
					cli_fail(cli, ret);
	}
	if (end)
		return end;
	if (list.unknown)
		fprintf(stderr,
			"tphbuf list: the TPH registers of some functions cannot be read; " REMEDY_CONFIG_SPACE
			"\n");
	return CLI_OK;
}

const struct command cmd_list = {
	.id = COMMAND_LIST,
	.name = "list",
	.summary = "PCI functions bound to vfio, RDMA devices, TPH support",
	.about = "Lists PCI functions that are bound to vfio, have an RDMA device, or support\n"
		 "TPH. TAKES is the TPH completer (tags that others may send to the function:\n"
		 "st 8 bits, xst 16 bits), SENDS the TPH requester capability, ENABLED what the\n"
		 "requester is enabled to send now. RDMA devices of software, such as rxe, have\n"
		 "no PCI function; --all lists them last.\n",
	.example = "list --all",
	.run = run,
};
