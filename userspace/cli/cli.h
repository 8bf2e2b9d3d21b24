/* SPDX-License-Identifier: MIT */
/*
 * The tphbuf command: what its files share.
 *
 * A subcommand parses its options into struct options, does its work through
 * the public library, and either prints text or fills in cli->json, which
 * main() prints. A failure ends in cli_fail(), once.
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cjson/cJSON.h>

#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#define JSON_SCHEMA_VERSION 1

/* Exit codes. */
#define CLI_OK		0
#define CLI_FAILURE	1
#define CLI_USAGE	2
#define CLI_UNSUPPORTED 4

#define MAX_TAG_OPS	32
#define MAX_ARGS	3

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

struct cli {
	const struct command *command; /* NULL until it is known */
	struct tphbuf_ctx *ctx;
	/* NULL: the real ones */
	const char *sysfs_root;
	const char *proc_root;
	const char *dev_root;
	char *roots;  /* memory of --root's three */
	void *vendor; /* of dlopen(), or NULL */
	bool verbose;
	bool color;	    /* standard output takes colours */
	bool output_failed; /* and it has been said */
	cJSON *json;	    /* the answer; NULL without --json */
};

struct command {
	const char *name;
	const char *summary;
	const char *help;
	uint64_t accepts;     /* set of enum opt */
	const char *arg_name; /* "PCI address"; for min_args */
	size_t min_args;      /* beside the BDF of OPT_BDF */
	size_t max_args;
	bool ibdev_optional; /* with OPT_IBDEV */
	int (*run)(struct cli *cli, struct options *opts);
};

extern const struct command cmd_list;
extern const struct command cmd_info;
extern const struct command cmd_export;
extern const struct command cmd_tag;
extern const struct command cmd_register;
extern const struct command cmd_topo;
extern const struct command cmd_doctor;
extern const struct command cmd_show;
extern const struct command cmd_serve;
extern const struct command cmd_attach;
extern const struct command cmd_selftest;

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

/* main.c: report a failure. Return: the exit code. */
int cli_fail(struct cli *cli, int err);
int cli_fail_text(struct cli *cli, int code, const char *stage, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* source.c: an open device, and a buffer of its BAR */
struct source {
	struct tphbuf_device *dev; /* NULL: not open here */
	struct tphbuf_buffer *buf;
	/* What came with a buffer from another process; NULL for our own. */
	const struct tphbuf_share_info *received;
};

/* Open opts->bdf as the options say. 0 or -errno. */
int device_open(struct cli *cli, const struct options *opts, struct tphbuf_device **dev);
/* Where it lies: its own word, or the sender's; "" and -1 if nobody says. */
const char *source_bdf(const struct source *src);
int source_bar(const struct source *src);
const struct tphbuf_range *source_ranges(const struct source *src, size_t *n);

/* Open, enable memory, export, set opts->tag. Return: CLI_OK or exit code. */
int source_open(struct cli *cli, const struct options *opts, struct source *src);
void source_close(struct source *src);

/* table.c: colours, if standard output takes them */
enum color { COLOR_NONE, COLOR_GOOD, COLOR_WARN, COLOR_BAD, COLOR_DIM, NR_COLORS };
bool color_wanted(void);
const char *color_start(const struct cli *cli, enum color color);
const char *color_end(const struct cli *cli, enum color color);

/* table.c: at most 12 columns, each as wide as its content */
struct table;
struct table *table_new(const char *const *heads, size_t columns);
/* One cell more, row after row; @text is copied. NULL tables are ignored. */
void table_cell(struct table *table, enum color color, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Print and free. Return: CLI_OK, or the exit code if memory ran out. */
int table_end(struct table *table, struct cli *cli);
void table_free(struct table *table);
/* vendor.c: load opts->vendor into cli->ctx. Return: CLI_OK or exit code. */
int vendor_load(struct cli *cli, const struct options *opts);
void vendor_unload(struct cli *cli);

/* hold.c: after everything is printed */
int hold(struct cli *cli);
/*
 * Is there a program for exec_with_buffer()? Said before anything is done.
 * Return: CLI_OK, also without --exec, or exit code.
 */
int exec_check(struct cli *cli, const struct options *opts);
int exec_with_buffer(struct cli *cli, const struct options *opts, const struct source *src);

/*
 * text.c: what other people wrote, made fit for a terminal and for JSON. What
 * is no UTF-8 or a control character becomes '?'; a character that is cut off
 * at the end goes.
 */
void text_clean(char *text);
/* The strings of @json and all below it; control characters stay. */
void json_clean(cJSON *json);
/* One line, or a part of one, as fprintf() has it, cleaned. */
void say(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * output.c: print cli->json if there is one and see that all output is
 * written. It comes before a command blocks or runs a program, and at the
 * end. Return: CLI_OK, or CLI_FAILURE after a message.
 */
int finish_output(struct cli *cli);
void json_add_tag(cJSON *json, const char *name, const struct tphbuf_tag *tag);
void json_add_namespaces(cJSON *json, const char *name, uint32_t set);
void json_add_hex(cJSON *json, const char *name, uint64_t value);
void json_add_u64(cJSON *json, const char *name, uint64_t value);
void json_add_string_or_null(cJSON *json, const char *name, const char *text);
void json_add_source(cJSON *json, const struct source *src);
void json_add_pci(cJSON *json, const struct tphbuf_pci_info *info);
void print_source(const struct source *src);
/*
 * Print where @src lies, and its tag if it was asked for or came with it: a
 * kernel that knows no tags is fine otherwise. Return: CLI_OK or exit code.
 */
int answer_source(struct cli *cli, const struct options *opts, const struct source *src);
const char *tag_text(const struct tphbuf_tag *tag, char *buf);
const char *namespaces_text(uint32_t set);
const char *tph_text(enum tphbuf_tph tph);
const char *or_dash(const char *text);
/* Without character devices there is only the driver's name to tell. */
bool vfio_bound(const struct tphbuf_pci_info *info);
const char *size_text(uint64_t size, char *buf, size_t buf_size);

#endif
