// SPDX-License-Identifier: MIT
/* tphbuf steer: CPUs near which the data of a device's own DMA writes is placed. */
#include <stdio.h>

#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/hold.h"
#include "cli/json.h"
#include "cli/source.h"
#include "cli/steering.h"

/* Entries that follow each other go to the kernel in one call. */
static int set_entries(struct tphbuf_device *dev, const struct options *opts)
{
	uint32_t cpus[MAX_STEER];
	size_t i = 0, n;
	int ret = 0;

	while (!ret && i < opts->nr_steer) {
		unsigned int first = opts->steer[i].entry;

		for (n = 0; i < opts->nr_steer && opts->steer[i].entry == first + n; n++)
			cpus[n] = opts->steer[i++].cpu;
		ret = tphbuf_device_steer_set(dev, first, cpus, n, opts->pm ? TPHBUF_STEER_PM : 0);
	}
	return ret;
}

static void show_entry(const struct cli *cli, cJSON *array, unsigned int entry, uint32_t cpu,
		       const struct tphbuf_tag *tag)
{
	char text[TPHBUF_TAG_TEXT_MAX] = "";
	cJSON *object;

	if (!cli->json) {
		printf("entry %-6u ", entry);
		if (cpu == TPHBUF_STEER_NO_CPU)
			printf("not set");
		else
			printf("CPU %u", cpu);
		printf("%s%s\n", tag ? ", tag " : "", tag ? tag_text(tag, text) : "");
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddItemToArray(array, object);
	cJSON_AddNumberToObject(object, "entry", entry);
	if (cpu == TPHBUF_STEER_NO_CPU)
		cJSON_AddNullToObject(object, "cpu");
	else
		cJSON_AddNumberToObject(object, "cpu", cpu);
	if (tag)
		json_add_tag(object, "tag", tag);
}

static int show_entries(struct cli *cli, struct tphbuf_device *dev, const struct options *opts)
{
	cJSON *array = cli->json ? cJSON_AddArrayToObject(cli->json, "entries") : NULL;
	struct tphbuf_tag tag;
	size_t i;
	int ret;

	for (i = 0; i < opts->nr_steer; i++) {
		if (opts->show_tags) {
			ret = tphbuf_device_steer_get(dev, opts->steer[i].entry, &tag, 1);
			if (ret)
				return ret;
		}
		show_entry(cli, array, opts->steer[i].entry, opts->steer[i].cpu,
			   opts->show_tags ? &tag : NULL);
	}
	return 0;
}

static int steer(struct cli *cli, struct options *opts, struct tphbuf_device *dev)
{
	struct tphbuf_steer_info info = { .size = sizeof(info) };
	int ret = set_entries(dev, opts);

	if (!ret && opts->mode_wanted >= 0)
		ret = tphbuf_device_steer_enable(dev, (enum tphbuf_steer_mode)opts->mode_wanted,
						 (unsigned int)opts->width);
	if (!ret)
		ret = tphbuf_device_steer_info(dev, &info);
	if (ret)
		return ret;
	show_steering(cli, &info);
	return show_entries(cli, dev, opts);
}

static int run(struct cli *cli, struct options *opts)
{
	struct tphbuf_device *dev;
	int ret;

	if (opts->entry >= 0)
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "--entry %d has no CPU; add --cpu N or --cpu none",
				     opts->entry);
	if (opts->width && opts->mode_wanted < 0)
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "--width without a mode; add --enable ns, iv or ds");
	ret = device_open(cli, opts, &dev);
	if (ret)
		return cli_fail(cli, ret);
	ret = steer(cli, opts, dev);
	if (ret)
		ret = cli_fail(cli, ret);
	else if (opts->hold)
		ret = hold(cli);
	else if (!cli->json && opts->nr_steer)
		printf("The entries end with this command; --hold keeps them.\n");
	tphbuf_device_close(dev);
	return ret;
}

const struct command cmd_steer = {
	.id = COMMAND_STEER,
	.name = "steer",
	.summary = "place the data of a device's own DMA writes near CPUs",
	.operands = "BDF",
	.about =
		"Sets entries of the steering tag table of a device bound to vfio-pci to CPUs, and\n"
		"enables TPH requests. What is possible depends on the device and on the parameter\n"
		"tph_st of vfio-pci when the device was bound. Without --entry and --enable, shows\n"
		"that. The CPUs must be among those that this command may run on (see taskset).\n"
		"All ends with the command: a driver in user space calls the library instead; this\n"
		"shows what device, kernel and firmware can do.\n",
	.example = "steer 0000:03:00.0 --entry 0 --cpu 3 --enable iv",
	.takes_bdf = true,
	.completion = { COMPLETE_FUNCTION },
	.run = run,
};
