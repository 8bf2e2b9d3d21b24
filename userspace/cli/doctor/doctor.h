/* SPDX-License-Identifier: MIT */
/*
 * tphbuf doctor: findings, and the checks that make them.
 *
 * A check reports at least one finding, also when all is well, so that the
 * reader sees what was looked at. A finding that is not fine comes with the
 * command that mends it.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"
#include "cli/options.h"

enum severity {
	SEVERITY_OK,
	SEVERITY_NOTE,	      /* good to know */
	SEVERITY_WARNING,     /* may get in the way */
	SEVERITY_ERROR,	      /* prevents it, and can be mended */
	SEVERITY_UNSUPPORTED, /* prevents it, on this machine */
	NR_SEVERITIES
};

#define FINDING_TEXT_MAX 768

#define REMEDY_IOMMU \
	"switch VT-d or AMD-Vi on in the firmware set-up, boot with intel_iommu=on (AMD needs no option), and bind the device again"

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
	char cmdline[4096]; /* of the kernel */
	/* Valid when the function was given and found. */
	bool has_device, has_nic;
	struct tphbuf_pci_info device, nic;
	enum { USERS_UNKNOWN, USERS_NONE, USERS_FOUND } users_seen;
	int open_err; /* -errno of check_tags() opening the device, or 0 */
};

/* The remedy goes first, "" for none; then the text of the finding. */
void report(struct doctor *d, enum severity severity, const char *id, const char *remedy,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
