// SPDX-License-Identifier: MIT
/*
 * tphbuf show: the dma-bufs that a process holds, from /proc
 * (drivers/dma-buf/dma-buf.c, dma_buf_show_fdinfo()).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/fdinfo.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/process.h"
#include "cli/table.h"

#define FDINFO_MAX 4096

struct show {
	struct cli *cli;
	struct table *table;
	cJSON *array;
	char process[16];	 /* "4711" or "self" */
	unsigned int n;		 /* shown */
	unsigned int unreadable; /* descriptors whose fdinfo cannot be read */
};

static const char *proc_root(const struct cli *cli)
{
	return cli->proc_root ? cli->proc_root : "/proc";
}

static bool all_digits(const char *text)
{
	return text[0] && strlen(text) < 10 && !text[strspn(text, "0123456789")];
}

/* Return: 0, -ENOENT (no such descriptor), -EINVAL (no dma-buf), -errno. */
static int read_fdinfo(const struct show *show, const char *fd, struct fdinfo *info)
{
	char path[PATH_MAX], text[FDINFO_MAX];
	ssize_t n;
	int file;

	n = snprintf(path, sizeof(path), "%s/%s/fdinfo/%s", proc_root(show->cli), show->process, fd);
	if ((size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	n = pread(file, text, sizeof(text), 0);
	if (n < 0)
		n = -errno;
	close(file);
	return n < 0 ? (int)n : fdinfo_parse(text, (size_t)n, info);
}

static void add(struct show *show, const char *fd, const struct fdinfo *info)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	char size[32], text[TPHBUF_TAG_TEXT_MAX], bdf[TPHBUF_BDF_MAX] = "";
	cJSON *object;
	bool known;

	show->n++;
	/* Descriptors can be copied from processes of this machine only. */
	known = !show->cli->proc_root &&
		process_tag(show->cli, show->process, atoi(fd), &state, bdf);
	if (!show->array) {
		table_cell(show->table, COLOR_NONE, "%s", fd);
		table_cell(show->table, COLOR_NONE, "%s", or_dash(info->exporter));
		table_cell(show->table, COLOR_NONE, "%s", size_text(info->size, size, sizeof(size)));
		table_cell(show->table, COLOR_NONE, "%" PRId64, info->users);
		table_cell(show->table, COLOR_NONE, "%s", or_dash(bdf));
		table_cell(show->table, COLOR_NONE, "%s", known ? tag_text(&state.tag, text) : "-");
		table_cell(show->table, COLOR_NONE, "%s", or_dash(info->name));
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddItemToArray(show->array, object);
	cJSON_AddNumberToObject(object, "fd", atoi(fd));
	json_add_string_or_null(object, "exporter", info->exporter);
	json_add_u64(object, "length", info->size);
	cJSON_AddNumberToObject(object, "references", (double)info->users);
	json_add_string_or_null(object, "name", info->name);
	json_add_string_or_null(object, "device", bdf);
	cJSON_AddBoolToObject(object, "tag_known", known);
	json_add_tag(object, "tag", &state.tag);
}

static int show_one(struct show *show, const char *fd)
{
	struct fdinfo info;
	int ret = read_fdinfo(show, fd, &info);

	if (!ret) {
		add(show, fd, &info);
		return CLI_OK;
	}
	if (ret == -EINVAL)
		return cli_fail_text(show->cli, CLI_FAILURE, "lookup",
				     "descriptor %s of process %s is not a dma-buf; tphbuf show %s lists the dma-bufs",
				     fd, show->process, show->process);
	return cli_fail_text(show->cli, CLI_FAILURE, "lookup",
			     "descriptor %s of process %s: %s; name a running process of this user, or run as root",
			     fd, show->process, strerror(-ret));
}

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct fd_list {
	int *fds;
	size_t n, room;
};

static bool fd_list_add(struct fd_list *list, int fd)
{
	size_t room = list->room ? 2 * list->room : 64;
	int *more;

	if (list->n == list->room) {
		more = realloc(list->fds, room * sizeof(*more));
		if (!more)
			return false;
		list->fds = more;
		list->room = room;
	}
	list->fds[list->n++] = fd;
	return true;
}

/* Descriptors that /proc lists, by number. False if memory ran out. */
static bool collect(DIR *dir, struct fd_list *list)
{
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (all_digits(entry->d_name) && !fd_list_add(list, atoi(entry->d_name)))
			return false;
	if (list->n)
		qsort(list->fds, list->n, sizeof(list->fds[0]), compare);
	return true;
}

static void show_each(struct show *show, const struct fd_list *list)
{
	struct fdinfo info;
	char fd[16];
	size_t i;
	int ret;

	for (i = 0; i < list->n; i++) {
		snprintf(fd, sizeof(fd), "%d", list->fds[i]);
		ret = read_fdinfo(show, fd, &info);
		if (!ret)
			add(show, fd, &info);
		/* -EINVAL: not a dma-buf; -ENOENT: closed meanwhile. */
		else if (ret != -EINVAL && ret != -ENOENT)
			show->unreadable++;
	}
}

static int show_all(struct show *show)
{
	struct fd_list list = { .n = 0 };
	char path[PATH_MAX];
	bool ok;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s/fdinfo", proc_root(show->cli), show->process);
	dir = opendir(path);
	if (!dir)
		return cli_fail_text(show->cli, CLI_FAILURE, "lookup",
				     "process %s: %s; name a running process of this user, or run as root",
				     show->process, strerror(errno));
	ok = collect(dir, &list);
	closedir(dir);
	if (ok)
		show_each(show, &list);
	free(list.fds);
	if (!ok)
		return cli_fail_text(show->cli, CLI_FAILURE, "lookup", "out of memory; free some");
	return CLI_OK;
}

static void answer_unreadable(const struct show *show)
{
	if (show->cli->json)
		cJSON_AddNumberToObject(show->cli->json, "unreadable", show->unreadable);
	if (show->unreadable)
		fprintf(stderr,
			"tphbuf show: %u descriptor%s of process %s cannot be read; run as root\n",
			show->unreadable, show->unreadable > 1 ? "s" : "", show->process);
}

/* By /proc: valgrind takes fcntl() of a descriptor that is not open for a fault. */
static bool inherited(const struct show *show, const char *fd)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/self/fdinfo/%s", proc_root(show->cli), fd);

	return (size_t)n < sizeof(path) && !access(path, F_OK);
}

/* "PID", "PID/FD" or "FD" of a descriptor this command has inherited. */
static int split(struct show *show, const char *arg, const char **fd)
{
	const char *slash = strchr(arg, '/');
	size_t len = slash ? (size_t)(slash - arg) : strlen(arg);

	*fd = slash ? slash + 1 : NULL;
	snprintf(show->process, sizeof(show->process), "%.*s",
		 (int)(len < sizeof(show->process) ? len : 0), arg);
	if ((!all_digits(show->process) && strcmp(show->process, "self")) ||
	    (slash && !all_digits(*fd)))
		return cli_fail_text(show->cli, CLI_USAGE, "argument",
				     "'%s': neither a process nor a descriptor; use PID, PID/FD, or FD of an inherited descriptor",
				     arg);
	if (!slash && atoi(arg) > STDERR_FILENO && inherited(show, arg)) {
		*fd = arg;
		snprintf(show->process, sizeof(show->process), "self");
	}
	return CLI_OK;
}

static int run(struct cli *cli, struct options *opts)
{
	static const char *const heads[] = {
		"FD", "EXPORTER", "LENGTH", "REFERENCES", "DEVICE", "TAG", "NAME",
	};
	struct show show = { .cli = cli };
	const char *fd;
	int ret, end;

	ret = split(&show, opts->args[0], &fd);
	if (ret != CLI_OK)
		return ret;
	if (cli->json) {
		json_add_string_or_null(cli->json, "process", show.process);
		show.array = cJSON_AddArrayToObject(cli->json, "buffers");
	} else {
		show.table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	}
	ret = fd ? show_one(&show, fd) : show_all(&show);
	if (!fd && ret == CLI_OK)
		answer_unreadable(&show);
	if (cli->json)
		return ret;
	if (!show.n && ret == CLI_OK)
		printf("process %s holds no dma-buf%s\n", show.process,
		       show.unreadable ? " among those that can be read" : "");
	if (show.table && !show.n) {
		table_free(show.table);
		return ret;
	}
	end = table_end(show.table, cli);
	return ret == CLI_OK ? end : ret;
}

const struct command cmd_show = {
	.id = COMMAND_SHOW,
	.name = "show",
	.summary = "the dma-bufs that a process holds",
	.operands = "PID | PID/FD | FD",
	.about = "Shows the dma-bufs among the descriptors of a process, or one of them: the\n"
		 "exporter (vfio-pci, a DRM driver, udmabuf, a dma-heap), length and name. If the\n"
		 "process has the exporting vfio device open, also its address and the tag as the\n"
		 "kernel has it. FD alone is a descriptor inherited from the parent, as export\n"
		 "--exec hands one down. Processes of another user need root.\n",
	.example = "export 0000:03:00.0 --bar 2 --exec sh -c 'tphbuf show $PPID'",
	.arg_name = "process or descriptor",
	.min_args = 1,
	.max_args = 1,
	.completion = { COMPLETE_PROCESS },
	.run = run,
};
