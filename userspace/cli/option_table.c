// SPDX-License-Identifier: MIT
/* The table of options, see option_table.h. */
#include <string.h>

#include "cli/option_values.h"

#define IN(command) COMMAND_BIT(COMMAND_##command)
#define AT(member)  offsetof(struct options, member)

/* Commands that export BAR memory, open a device, take a tag, register memory. */
#define BUFFER	 (IN(EXPORT) | IN(TAG) | IN(REGISTER) | IN(SELFTEST) | IN(SERVE))
#define DEVICE	 (BUFFER | IN(INFO) | IN(DOCTOR) | IN(STEER))
#define TAGGED	 (IN(EXPORT) | IN(REGISTER) | IN(SELFTEST) | IN(SERVE))
#define REGISTER (IN(REGISTER) | IN(ATTACH))
#define ROOTED	 (IN(LIST) | IN(INFO) | IN(TOPO) | IN(DOCTOR) | IN(SHOW))
#define ALL	 (COMMAND_BIT(NR_COMMANDS) - 1)

static const struct option_desc options[] = {
	{
		.name = "bar",
		.arg = "N",
		.help = "base address register, 0 to 5",
		.commands = BUFFER,
		.required = BUFFER,
		.completion = COMPLETE_BAR,
		.take = take_bar,
	},
	{
		.name = "range",
		.arg = "OFFSET+LENGTH",
		.help = "whole pages of the BAR; K, M, G allowed; may be repeated",
		.commands = BUFFER,
		.take = take_range,
	},
	{
		.name = "offset",
		.arg = "N",
		.help = "start of one range, in place of --range",
		.commands = BUFFER,
		.take = take_offset,
	},
	{
		.name = "length",
		.arg = "N",
		.help = "length of that range",
		.commands = BUFFER,
		.take = take_length,
	},
	{
		.name = "socket",
		.arg = "PATH",
		.help = "unix socket to create; removed at the end",
		.commands = IN(SERVE),
		.required = IN(SERVE),
		.completion = COMPLETE_FILE,
		.take = take_name,
		.offset = AT(socket),
	},
	{
		.name = "mode",
		.arg = "BITS",
		.help = "permissions of the socket, octal; default 0600",
		.commands = IN(SERVE),
		.take = take_mode,
	},
	{
		.name = "count",
		.arg = "N",
		.help = "exit after N hand-overs",
		.commands = IN(SERVE),
		.take = take_number,
		.offset = AT(count),
		.min = 1,
		.max = 1000000,
	},
	{
		.name = "device",
		.help = "hand over the device, too",
		.commands = IN(SERVE),
		.take = take_flag,
		.offset = AT(hand_device),
	},
	{
		.name = "label",
		.arg = "TEXT",
		.help = "text for the receiver, up to 39 characters",
		.commands = IN(SERVE),
		.take = take_label,
	},
	{
		.name = "timeout",
		.arg = "SECONDS",
		.help = "how long to wait for the buffer; default 10",
		.commands = IN(ATTACH),
		.take = take_number,
		.offset = AT(timeout),
		.min = 1,
		.max = 86400,
	},
	{
		.name = "ibdev",
		.arg = "NAME",
		.help = "RDMA device, for example mlx5_0",
		.commands = REGISTER,
		.required = IN(REGISTER),
		.completion = COMPLETE_NIC,
		.take = take_name,
		.offset = AT(ibdev),
	},
	{
		.name = "tag",
		.arg = "TAG",
		.help = "st=N,ph=N or xst=N,ph=N or both",
		.commands = TAGGED,
		.completion = COMPLETE_TAG,
		.take = take_tag,
	},
	{
		.name = "require",
		.help = "fail if the kernel does not confirm the tag",
		.commands = REGISTER | IN(SELFTEST),
		.take = take_flag,
		.offset = AT(require),
	},
	{
		.name = "iova",
		.arg = "N",
		.help = "address of the first byte in work requests",
		.commands = REGISTER,
		.take = take_iova,
	},
	{
		.name = "port",
		.arg = "N",
		.help = "port of the NICs; default: the first active one",
		.commands = IN(SELFTEST),
		.take = take_number,
		.offset = AT(port),
		.min = 1,
		.max = 255,
	},
	{
		.name = "gid-index",
		.arg = "N",
		.help = "index of the GID; default on Ethernet: the first one",
		.commands = IN(SELFTEST),
		.take = take_number,
		.offset = AT(gid_index),
		.min = 0,
		.max = 255,
	},
	{
		.name = "set",
		.arg = "TAG",
		.help = "set the tag: st=N,ph=N or xst=N,ph=N or both; none clears",
		.commands = IN(TAG),
		.completion = COMPLETE_TAG,
		.take = take_set,
	},
	{
		.name = "clear",
		.help = "remove the tag",
		.commands = IN(TAG),
		.take = take_clear,
	},
	{
		.name = "get",
		.help = "read the tag",
		.commands = IN(TAG),
		.take = take_get,
	},
	{
		.name = "probe",
		.help = "ask which tags the device takes",
		.commands = IN(TAG),
		.take = take_probe,
	},
	{
		.name = "entry",
		.arg = "N",
		.help = "entry of the steering tag table, for the next --cpu",
		.commands = IN(STEER),
		.take = take_entry,
	},
	{
		.name = "cpu",
		.arg = "N",
		.help = "CPU near which data is placed, or none; may be repeated",
		.commands = IN(STEER),
		.take = take_cpu,
	},
	{
		.name = "pm",
		.help = "tags for persistent memory",
		.commands = IN(STEER),
		.take = take_flag,
		.offset = AT(pm),
	},
	{
		.name = "enable",
		.arg = "MODE",
		.help = "send TPH requests in this mode: ns, iv or ds",
		.commands = IN(STEER),
		.take = take_enable,
	},
	{
		.name = "width",
		.arg = "BITS",
		.help = "of the tags, 8 or 16; default: the widest",
		.commands = IN(STEER),
		.take = take_width,
	},
	{
		.name = "tags",
		.help = "show the tags of the entries that are set",
		.commands = IN(STEER),
		.take = take_flag,
		.offset = AT(show_tags),
	},
	{
		.name = "hold",
		.help = "keep it until SIGINT, SIGTERM or SIGHUP",
		.commands = IN(EXPORT) | IN(REGISTER) | IN(ATTACH) | IN(STEER),
		.take = take_flag,
		.offset = AT(hold),
	},
	{
		.name = "exec",
		.arg = "COMMAND ...",
		.help = "run COMMAND with the buffer; must come last",
		.commands = IN(EXPORT) | IN(ATTACH),
		.completion = COMPLETE_PROGRAM,
	},
	{
		.name = "all",
		.help = "every PCI function",
		.commands = IN(LIST),
		.take = take_flag,
		.offset = AT(all),
	},
	{
		.name = "no-open",
		.help = "do not open the device",
		.commands = IN(INFO) | IN(DOCTOR),
		.take = take_flag,
		.offset = AT(no_open),
	},
	{
		.name = "vf-token",
		.arg = "UUID",
		.help = "VF token, for a VF whose PF is bound to vfio-pci",
		.commands = DEVICE,
		.take = take_text,
		.offset = AT(vf_token),
	},
	{
		.name = "backend",
		.arg = "NAME",
		.help = "auto, iommufd or group; auto prefers iommufd",
		.commands = DEVICE,
		.completion = COMPLETE_BACKEND,
		.take = take_backend,
	},
	{
		.name = "noiommu",
		.help = "open a device that no IOMMU isolates",
		.commands = DEVICE,
		.take = take_flag,
		.offset = AT(noiommu),
	},
	{
		.name = "sysfs",
		.arg = "DIR",
		.help = "read DIR in place of /sys",
		.commands = IN(LIST) | IN(INFO) | IN(TOPO),
		.completion = COMPLETE_DIRECTORY,
		.take = take_sysfs,
	},
	{
		.name = "root",
		.arg = "DIR",
		.help = "read sys, proc and dev below DIR",
		.commands = ROOTED,
		.completion = COMPLETE_DIRECTORY,
		.take = take_root,
	},
	{
		.name = "json",
		.help = "print JSON",
		.commands = ALL,
		.take = take_json,
	},
	{
		.name = "verbose",
		.help = "report each step on standard error",
		.commands = ALL,
		.take = take_verbose,
	},
	{
		.name = "help",
		.help = "print this text",
		.commands = ALL,
		.take = take_help,
	},
};

#define NR_OPTIONS (sizeof(options) / sizeof(options[0]))

const struct option_desc *option_at(size_t index)
{
	return index < NR_OPTIONS ? &options[index] : NULL;
}

const struct option_desc *option_find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_OPTIONS; i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}
