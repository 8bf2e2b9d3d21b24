/* SPDX-License-Identifier: MIT */
/*
 * tphbuf doctor: findings.
 *
 * Each check reports at least one finding, also if all is well, so that the
 * reader sees what was checked. Every other finding comes with its remedy.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"
#include "cli/options.h"
#include "util/cmdline.h"

enum severity {
	SEVERITY_OK,
	SEVERITY_NOTE,	      /* for information */
	SEVERITY_WARNING,     /* may prevent tagged writes */
	SEVERITY_ERROR,	      /* prevents them, and has a remedy */
	SEVERITY_UNSUPPORTED, /* prevents them on this machine */
	NR_SEVERITIES
};

#define FINDING_TEXT_MAX 768

#define REMEDY_IOMMU \
	"enable VT-d or AMD-Vi in the firmware setup, boot with intel_iommu=on (AMD needs no option), and bind the device again"

struct finding {
	enum severity severity;
	const char *id;
	char text[FINDING_TEXT_MAX];
	char remedy[FINDING_TEXT_MAX];
};

struct doctor {
	struct cli *cli;
	const struct options *opts;
	struct finding *findings;
	size_t nr_findings;
	bool failed; /* out of memory */
	unsigned int count[NR_SEVERITIES];
	char cmdline[CMDLINE_MAX]; /* of the kernel */
	/* Valid when the function was given and found. */
	bool has_device, has_nic;
	struct tphbuf_pci_info device, nic;
	enum { USERS_UNKNOWN, USERS_NONE, USERS_FOUND } users_seen;
	int open_err; /* -errno of check_tags() opening the device, or 0 */
};

/* Add a finding. @remedy: "" for none. */
void report(struct doctor *d, enum severity severity, const char *id, const char *remedy,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
