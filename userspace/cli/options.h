/* SPDX-License-Identifier: MIT */
/* The parsed command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tphbuf/tphbuf.h>

#include "cli/cli.h"

#define MAX_TAG_OPS 32
#define MAX_ARGS    3

enum tag_op { TAG_OP_SET, TAG_OP_CLEAR, TAG_OP_GET, TAG_OP_PROBE };

struct options {
	const char *bdf;
	const char *args[MAX_ARGS]; /* other arguments, in their order */
	size_t nr_args;
	const char *vf_token;
	const char *vendor; /* library with names for tags */
	enum tphbuf_backend backend;
	bool noiommu;
	const char *ibdev;
	bool all;
	bool no_open;
	bool hold;
	bool require;
	bool has_tag;
	bool has_iova;
	uint64_t iova;
	const char *socket;
	const char *label;
	bool hand_device;
	int mode;      /* permission bits; -1: not given */
	int count;     /* of hand-overs; 0: no limit */
	int timeout;   /* seconds; 0: not given */
	int gid_index; /* -1: not given */
	int port;      /* of the RDMA device; 0: not given */
	struct tphbuf_tag tag;
	const char *tag_name; /* instead of @tag, for the vendor */

	int bar;		     /* -1: not given */
	struct tphbuf_range *ranges; /* none: the whole BAR */
	size_t nr_ranges;

	struct {
		enum tag_op op;
		struct tphbuf_tag tag;
		const char *name; /* as tag_name */
	} tag_ops[MAX_TAG_OPS];
	size_t nr_tag_ops;

	char **exec; /* NULL-terminated tail of argv, or NULL */
};

/* Options, one bit each in command.accepts. */
enum opt {
	OPT_BDF,
	OPT_BAR,
	OPT_RANGE,
	OPT_OFFSET,
	OPT_LENGTH,
	OPT_VF_TOKEN,
	OPT_TAG,
	OPT_HOLD,
	OPT_EXEC,
	OPT_ALL,
	OPT_NO_OPEN,
	OPT_SYSFS,
	OPT_IBDEV,
	OPT_REQUIRE,
	OPT_IOVA,
	OPT_ROOT,
	OPT_GID_INDEX,
	OPT_PORT,
	OPT_SOCKET,
	OPT_LABEL,
	OPT_DEVICE,
	OPT_MODE,
	OPT_COUNT,
	OPT_TIMEOUT,
	OPT_SET,
	OPT_CLEAR,
	OPT_GET,
	OPT_PROBE,
	OPT_BACKEND,
	OPT_NOIOMMU,
	OPT_VENDOR,
	OPT_JSON,
	OPT_VERBOSE,
	OPT_HELP,
	NR_OPTS
};

#define ACCEPT(opt)   (UINT64_C(1) << (opt))
#define ACCEPT_COMMON (ACCEPT(OPT_JSON) | ACCEPT(OPT_VERBOSE) | ACCEPT(OPT_HELP))
#define ACCEPT_DEVICE                                                                   \
	(ACCEPT_COMMON | ACCEPT(OPT_BDF) | ACCEPT(OPT_VF_TOKEN) | ACCEPT(OPT_BACKEND) | \
	 ACCEPT(OPT_NOIOMMU))
#define ACCEPT_BUFFER                                                               \
	(ACCEPT_DEVICE | ACCEPT(OPT_BAR) | ACCEPT(OPT_RANGE) | ACCEPT(OPT_OFFSET) | \
	 ACCEPT(OPT_LENGTH) | ACCEPT(OPT_VENDOR))

/* The same options in help texts. */
#define HELP_RANGES                                                                \
	"  --bar N                base address register, 0 to 5\n"                 \
	"  --range OFFSET+LENGTH  whole pages; K, M, G allowed; may be repeated\n" \
	"  --offset N --length N  the same for one range\n"
#define HELP_DEVICE                                                                   \
	"  --vf-token UUID        VF token, for a VF whose PF is bound to vfio-pci\n" \
	"  --backend NAME         auto, iommufd or group; auto prefers iommufd\n"     \
	"  --noiommu              open a device that no IOMMU isolates\n"             \
	"  --vendor LIBRARY       whose names of tags the options behind it take\n"
#define HELP_OUTPUT                             \
	"  --json                 print JSON\n" \
	"  --verbose              say what is done, on standard error\n"

/* What options_parse() returns instead of an exit code. */
#define OPTIONS_RUN (-1)

/*
 * Parse the arguments of @cli->command. Return: OPTIONS_RUN, or the exit code
 * to end with (help asked for, usage error: both have printed). Frees
 * nothing; options_free() always follows.
 */
int options_parse(struct cli *cli, struct options *opts, int argc, char **argv);
void options_free(struct options *opts);
/*
 * Begin the answer if --json is among the arguments, wherever: a wrong option
 * before it is reported in JSON, too.
 */
void options_find_json(struct cli *cli, int argc, char **argv);

#endif
