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
};

/* The remedy goes first, "" for none; then the text of the finding. */
void report(struct doctor *d, enum severity severity, const char *id, const char *remedy,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* doctor_files.c: small files of /sys, /proc and /dev */
enum tree { TREE_SYS, TREE_PROC, TREE_DEV };

/* Whole path. Return: false if it is too long. */
bool tree_path(const struct doctor *d, enum tree tree, char *path, size_t size, const char *fmt,
	       ...) __attribute__((format(printf, 5, 6)));
/* First bytes of a file, without the last newline. False if unreadable. */
bool tree_read(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The whole target of a symbolic link, and its last component. */
bool tree_target(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt,
		 ...) __attribute__((format(printf, 5, 6)));
bool tree_link(const struct doctor *d, enum tree tree, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Call @fn with each name in a directory until it returns false. */
bool tree_each(const struct doctor *d, enum tree tree, const char *dir,
	       bool (*fn)(void *arg, const char *name), void *arg);
/*
 * Remedy: the commands that take function @bdf from @driver, "" for none, to
 * the driver @to; with "" to the one that the kernel finds.
 */
void rebind_remedy(char *remedy, size_t size, const char *bdf, const char *driver, const char *to);
/* Does the kernel command line have this word? */
bool cmdline_has(const struct doctor *d, const char *word);

/* doctor_node.c: device nodes, and the two ways to open a vfio device */
struct node {
	char path[256];
	int err;	  /* why it cannot be opened; 0: it can */
	const char *kind; /* what it is instead of a character device, or NULL */
	const char *make; /* remedy if it does not exist */
};

/* Examine @name below /dev. */
void node_look(const struct doctor *d, struct node *node, const char *name, const char *make);
/* @severity is for a node that cannot be opened. */
void report_node(struct doctor *d, enum severity severity, const char *id, const struct node *node);

/* Nodes that are the device's own, below /dev; "" for those it has not. */
struct device_nodes {
	char cdev[TPHBUF_NAME_MAX + sizeof("vfio/devices/")];
	char group[32];
};

void device_nodes(const struct doctor *d, struct device_nodes *nodes);
/* Did vfio make this group, for a device that no IOMMU isolates? */
bool group_noiommu(const struct doctor *d, const char *number);
bool device_noiommu(const struct doctor *d);

/* The checks */
void check_host(struct doctor *d);
void check_host_nodes(struct doctor *d);
void check_device(struct doctor *d);
void check_nodes(struct doctor *d);
void check_group(struct doctor *d);
void check_users(struct doctor *d);
void check_nic(struct doctor *d);
void check_route(struct doctor *d);
/* Open the device for a moment, which resets it. */
void check_tags(struct doctor *d);

#endif
