// SPDX-License-Identifier: MIT
/* tphbuf doctor: what prevents tagged peer-to-peer writes, with remedies. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/color.h"
#include "cli/commands/commands.h"
#include "cli/doctor/device.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/files.h"
#include "cli/doctor/group.h"
#include "cli/doctor/host.h"
#include "cli/doctor/nic.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/text.h"

#define EXIT_WARNINGS 3

static const char *const severity_names[NR_SEVERITIES] = {
	[SEVERITY_OK] = "ok",
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
	[SEVERITY_UNSUPPORTED] = "unsupported",
};

void report(struct doctor *d, enum severity severity, const char *id, const char *remedy,
	    const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	f = realloc(d->findings, (d->nr_findings + 1) * sizeof(*f));
	if (!f) {
		d->failed = true;
		return;
	}
	d->findings = f;
	f += d->nr_findings++;
	f->severity = severity;
	f->id = id;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	snprintf(f->remedy, sizeof(f->remedy), "%s", remedy);
	text_clean(f->text);
	text_clean(f->remedy);
	d->count[severity]++;
}

static void print(const struct cli *cli, const struct doctor *d)
{
	static const enum color colors[NR_SEVERITIES] = {
		[SEVERITY_OK] = COLOR_GOOD,	    [SEVERITY_NOTE] = COLOR_NONE,
		[SEVERITY_WARNING] = COLOR_WARN,    [SEVERITY_ERROR] = COLOR_BAD,
		[SEVERITY_UNSUPPORTED] = COLOR_BAD,
	};
	size_t i;

	for (i = 0; i < d->nr_findings; i++) {
		const struct finding *f = &d->findings[i];
		enum color color = colors[f->severity];

		printf("%s%-11s%s  %-12s  %s\n", color_start(cli, color),
		       severity_names[f->severity], color_end(cli, color), f->id, f->text);
		if (f->remedy[0])
			printf("%-11s  %-12s  -> %s\n", "", "", f->remedy);
	}
	printf("\n%u errors, %u unsupported, %u warnings, %u notes, %u ok\n",
	       d->count[SEVERITY_ERROR], d->count[SEVERITY_UNSUPPORTED], d->count[SEVERITY_WARNING],
	       d->count[SEVERITY_NOTE], d->count[SEVERITY_OK]);
}

static void answer_json(cJSON *json, const struct doctor *d)
{
	cJSON *array = cJSON_AddArrayToObject(json, "findings"), *object;
	size_t i;

	for (i = 0; i < d->nr_findings; i++) {
		const struct finding *f = &d->findings[i];

		object = cJSON_CreateObject();
		cJSON_AddItemToArray(array, object);
		cJSON_AddStringToObject(object, "id", f->id);
		cJSON_AddStringToObject(object, "severity", severity_names[f->severity]);
		cJSON_AddStringToObject(object, "text", f->text);
		json_add_string_or_null(object, "remedy", f->remedy);
	}
	object = cJSON_AddObjectToObject(json, "count");
	for (i = 0; i < NR_SEVERITIES; i++)
		cJSON_AddNumberToObject(object, severity_names[i], d->count[i]);
}

/* Errors first: with their remedies the rest can show. */
static int exit_code(const struct doctor *d)
{
	if (d->count[SEVERITY_ERROR])
		return CLI_FAILURE;
	if (d->count[SEVERITY_UNSUPPORTED])
		return CLI_UNSUPPORTED;
	return d->count[SEVERITY_WARNING] ? EXIT_WARNINGS : CLI_OK;
}

/* A function that does not exist is a finding, an impossible name a usage error. */
static int find(struct doctor *d, const char *id, const char *name, struct tphbuf_pci_info *info,
		bool *found)
{
	char bdf[TPHBUF_BDF_MAX];
	int ret;

	if (!name)
		return CLI_OK;
	info->size = sizeof(*info);
	ret = tphbuf_pci_find(d->cli->ctx, name, bdf);
	if (!ret)
		ret = tphbuf_pci_read(d->cli->ctx, bdf, info);
	if (ret == -ENODEV)
		report(d, SEVERITY_ERROR, id, "tphbuf list --all", "%s",
		       tphbuf_ctx_error(d->cli->ctx));
	else if (ret)
		return cli_fail(d->cli, ret);
	/* A function may have several RDMA devices: examine the one named. */
	if (!ret && tphbuf_bdf_parse(name, bdf) && strlen(name) < sizeof(info->rdma))
		memcpy(info->rdma, name, strlen(name) + 1);
	*found = !ret;
	return CLI_OK;
}

static bool is_nic(const struct tphbuf_pci_info *info)
{
	return info->rdma[0] || !strcmp(info->driver, "mlx5_core");
}

/*
 * A NIC in the place of the device: the checks of a device would recommend to
 * unbind its driver.
 */
static bool ends_are_swapped(struct doctor *d)
{
	char remedy[160];

	if (!d->has_device || !is_nic(&d->device))
		return false;
	if (d->has_nic && !is_nic(&d->nic))
		snprintf(remedy, sizeof(remedy), "tphbuf doctor %s %s", d->nic.bdf, d->device.bdf);
	else
		snprintf(remedy, sizeof(remedy),
			 "give the device whose memory is written first, then the NIC: tphbuf doctor BDF %s",
			 d->device.bdf);
	report(d, SEVERITY_ERROR, "device", remedy,
	       "%s is a NIC (driver %s); the first argument is the device whose memory is written",
	       d->device.bdf, d->device.driver);
	return true;
}

static void examine(struct doctor *d)
{
	if (!tree_read(d, TREE_PROC, d->cmdline, sizeof(d->cmdline), "cmdline"))
		d->cmdline[0] = '\0';
	check_host(d);
	if (ends_are_swapped(d))
		return;
	if (d->has_device) {
		check_device(d);
		check_group(d);
		check_users(d);
	}
	if (d->has_nic)
		check_nic(d);
	if (d->has_device && d->has_nic)
		check_route(d);
	if (d->has_device && vfio_bound(&d->device) && !d->opts->no_open)
		check_tags(d);
	if (d->has_device)
		check_unused(d);
}

static int run(struct cli *cli, struct options *opts)
{
	struct doctor d = { .cli = cli, .opts = opts };
	int ret;

	ret = find(&d, "device", opts->args[0], &d.device, &d.has_device);
	if (ret == CLI_OK)
		ret = find(&d, "nic", opts->args[1], &d.nic, &d.has_nic);
	if (ret != CLI_OK) {
		free(d.findings);
		return ret;
	}
	examine(&d);
	if (d.failed) {
		ret = cli_fail_text(cli, CLI_FAILURE, "doctor", "out of memory; free some");
	} else {
		if (cli->json)
			answer_json(cli->json, &d);
		else
			print(cli, &d);
		ret = exit_code(&d);
	}
	free(d.findings);
	return ret;
}

const struct command cmd_doctor = {
	.id = COMMAND_DOCTOR,
	.name = "doctor",
	.summary = "find what prevents tagged peer-to-peer writes, and name the remedy",
	.operands = "[BDF [NIC]]",
	.about = "Checks the machine; with BDF also the device whose memory is written, with NIC\n"
		 "(PCI address or RDMA device) also the NIC that writes and the route between\n"
		 "them. Each line is a check; an error or warning comes with its remedy. A device\n"
		 "bound to vfio is opened for a moment (the kernel resets it then).\n"
		 "\n"
		 "exit status: 0 ok, 3 only warnings, 1 errors, 4 something this machine does not\n"
		 "support\n",
	.example = "doctor 0000:03:00.0 mlx5_0",
	.max_args = 2,
	.completion = { COMPLETE_FUNCTION_OR_NIC, COMPLETE_FUNCTION_OR_NIC },
	.run = run,
};
