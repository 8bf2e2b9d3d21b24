// SPDX-License-Identifier: MIT
/* tphbuf info: one function: BARs, TPH, back end, tags. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/source.h"
#include "cli/steering.h"
#include "cli/text.h"

static void print_bars(const struct tphbuf_pci_info *info)
{
	char size[32];
	int i;

	for (i = 0; i < TPHBUF_NUM_BARS; i++) {
		const struct tphbuf_bar *bar = &info->bar[i];

		if (!(bar->flags & TPHBUF_BAR_PRESENT))
			continue;
		printf("BAR%d         %-9s at 0x%" PRIx64 "%s%s%s%s%s\n", i,
		       size_text(bar->size, size, sizeof(size)), bar->addr,
		       bar->flags & TPHBUF_BAR_IO ? ", I/O ports" : "",
		       bar->flags & TPHBUF_BAR_64BIT ? ", 64-bit" : "",
		       bar->flags & TPHBUF_BAR_PREFETCH ? ", prefetchable" : "",
		       bar->flags & TPHBUF_BAR_MAPPABLE ? ", mappable" : "",
		       bar->flags & TPHBUF_BAR_EXPORTABLE ? ", exportable" : "");
	}
}

static void print_pci(const struct tphbuf_pci_info *info)
{
	static const char *const tables[] = {
		"no ST table (direct)",
		"ST table in the capability",
		"ST table in MSI-X",
	};

	printf("device       %s (%04x:%04x, class %06x)\n", info->bdf, info->vendor, info->device,
	       info->class_code);
	say(stdout, "driver       %s%s%s\n", info->driver[0] ? info->driver : "none",
	    info->vfio[0] ? ", " : "", info->vfio);
	if (info->rdma[0])
		say(stdout, "rdma         %s\n", info->rdma);
	if (info->iommu_group >= 0)
		printf("iommu group  %d\n", info->iommu_group);
	else
		printf("iommu group  none\n");
	printf("completer    %s\n", tph_text(info->completer));
	printf("requester    %s", tph_text(info->requester));
	if (info->requester > TPHBUF_TPH_NONE)
		printf(", enabled: %s, %s", tph_text(info->requester_enabled),
		       tables[info->st_table]);
	if (info->st_entries)
		printf(" of %u entries", info->st_entries);
	putchar('\n');
	print_bars(info);
}

/*
 * Whether tags can be set is part of the answer: their absence is not a
 * failure of the command.
 */
static void add_tags(struct cli *cli, int ret)
{
	const char *text = ret ? tphbuf_ctx_error(cli->ctx) : "";
	cJSON *tags;

	if (!cli->json) {
		say(stdout, "tags         %s%s\n", ret ? "no: " : "can be set", text);
		return;
	}
	tags = cJSON_AddObjectToObject(cli->json, "tags");
	cJSON_AddBoolToObject(tags, "supported", !ret);
	json_add_string_or_null(tags, "reason", text);
}

static void add_steering(struct cli *cli, struct tphbuf_device *dev)
{
	struct tphbuf_steer_info info = { .size = sizeof(info) };

	if (tphbuf_device_steer_info(dev, &info))
		show_no_steering(cli, tphbuf_ctx_error(cli->ctx));
	else
		show_steering(cli, &info);
}

static int info_open(struct cli *cli, const struct options *opts)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_device *dev;
	int ret;

	ret = device_open(cli, opts, &dev);
	if (ret)
		return cli_fail(cli, ret);
	ret = tphbuf_device_info(dev, &info);
	if (ret) {
		tphbuf_device_close(dev);
		return cli_fail(cli, ret);
	}
	if (cli->json)
		json_add_pci(cli->json, &info);
	else
		print_pci(&info);
	add_tags(cli, tphbuf_device_tag_probe(dev));
	add_steering(cli, dev);
	tphbuf_device_close(dev);
	return CLI_OK;
}

static int run(struct cli *cli, struct options *opts)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	int ret;

	ret = tphbuf_pci_read(cli->ctx, opts->bdf, &info);
	if (ret)
		return cli_fail(cli, ret);
	if (vfio_bound(&info) && !opts->no_open)
		return info_open(cli, opts);
	if (cli->json)
		json_add_pci(cli->json, &info);
	else
		print_pci(&info);
	if (!cli->json && !vfio_bound(&info))
		printf("tags         unknown: known only for a device bound to vfio-pci\n");
	return CLI_OK;
}

const struct command cmd_info = {
	.id = COMMAND_INFO,
	.name = "info",
	.summary = "one PCI function: BARs, TPH support, back end, tags",
	.operands = "BDF",
	.about = "Describes one PCI function. A function bound to vfio is opened for a moment\n"
		 "(the kernel resets it then) to find which BARs can be exported and whether\n"
		 "tags can be set.\n",
	.example = "info 0000:03:00.0",
	.takes_bdf = true,
	.completion = { COMPLETE_FUNCTION },
	.run = run,
};
