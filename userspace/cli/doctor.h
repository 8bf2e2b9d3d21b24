/* SPDX-License-Identifier: MIT */
/*
 * tphbuf doctor: findings, and the checks that make them.
 *
 * A check reports at least one finding, also when all is well, so that the
 * reader sees what was looked at. A finding that is not fine comes with the
 * command that mends it.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "cli/cli.h"

enum severity {
	SEVERITY_OK,
	SEVERITY_NOTE,		/* good to know */
	SEVERITY_WARNING,	/* may get in the way */
	SEVERITY_ERROR,		/* prevents it, and can be mended */
	SEVERITY_UNSUPPORTED,	/* prevents it, on this machine */
	NR_SEVERITIES
};

#define FINDING_TEXT_MAX	768

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
	bool failed;			/* out of memory */
	unsigned int count[NR_SEVERITIES];
	char cmdline[4096];		/* of the kernel */
	/* Valid when the function was given and found. */
	bool has_device, has_nic;
	struct tphbuf_pci_info device, nic;
};

/* The remedy goes first, "" for none; then the text of the finding. */
void report(struct doctor *d, enum severity severity, const char *id,
	    const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* doctor_files.c: small files of /sys, /proc and /dev */
enum tree { TREE_SYS, TREE_PROC, TREE_DEV };

/* Whole path. Return: false if it is too long. */
bool tree_path(const struct doctor *d, enum tree tree, char *path, size_t size,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* First bytes of a file, without the last newline. False if unreadable. */
bool tree_read(const struct doctor *d, enum tree tree, char *buf, size_t size,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Last component of a symbolic link. */
bool tree_link(const struct doctor *d, enum tree tree, char *buf, size_t size,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Call @fn with each name in a directory until it returns false. */
bool tree_each(const struct doctor *d, enum tree tree, const char *dir,
	       bool (*fn)(void *arg, const char *name), void *arg);
/* Does the kernel command line have this word? */
bool cmdline_has(const struct doctor *d, const char *word);

/* The checks */
void check_host(struct doctor *d);
void check_device(struct doctor *d);
void check_group(struct doctor *d);
void check_users(struct doctor *d);
void check_nic(struct doctor *d);
void check_route(struct doctor *d);
/* Open the device for a moment, which resets it. */
void check_tags(struct doctor *d);

#endif
