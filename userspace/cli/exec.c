// SPDX-License-Identifier: MIT
/* Run a program that inherits the dma-buf; the device stays open meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/exec.h"
#include "cli/format.h"
#include "cli/output.h"
#include "cli/text.h"

#define EXIT_SIGNAL_BASE    128 /* as the shell has it */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND	    127
#define DEFAULT_PATH	    "/bin:/usr/bin" /* execvp(3) */

static int exec_code(int err)
{
	return err == ENOENT || err == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* 0 or an errno value. */
static int check_file(const char *path)
{
	struct stat st;

	if (fstatat(AT_FDCWD, path, &st, 0) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return errno;
	return S_ISREG(st.st_mode) ? 0 : EACCES;
}

/* The search of execvp(), which continues after a file that may not be run. */
static int find_program(const char *name)
{
	const char *dir = getenv("PATH");
	int err, worst = ENOENT;
	char path[PATH_MAX];
	size_t len;

	if (strchr(name, '/'))
		return check_file(name);
	for (dir = dir ? dir : DEFAULT_PATH; name[0]; dir += len + 1) {
		len = strcspn(dir, ":");
		err = ENOENT;
		if ((size_t)snprintf(path, sizeof(path), "%.*s%s%s", (int)len, dir, len ? "/" : "",
				     name) < sizeof(path))
			err = check_file(path);
		if (!err)
			return 0;
		if (err == EACCES)
			worst = err;
		if (!dir[len])
			break;
	}
	return worst;
}

int exec_check(struct cli *cli, const struct options *opts)
{
	int err = opts->exec ? find_program(opts->exec[0]) : 0;

	if (!err)
		return CLI_OK;
	return cli_fail_text(cli, exec_code(err), "exec",
			     "cannot run '%s' (%s); name a program in PATH, or give its path",
			     opts->exec[0], strerror(err));
}

static int set_env(const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return setenv(name, text, 1);
}

/* "" if unknown. */
static int set_bar(int bar)
{
	return bar < 0 ? setenv("TPHBUF_BAR", "", 1) : set_env("TPHBUF_BAR", (uint64_t)bar);
}

static int child_env(const struct source *src, int fd)
{
	struct tphbuf_tag_state state = { .size = sizeof(state) };
	char text[TPHBUF_TAG_TEXT_MAX] = "none";

	if (src->received)
		tag_text(&src->received->tag, text);
	else if (!tphbuf_buffer_tag_get(src->buf, &state))
		tag_text(&state.tag, text);
	return setenv("TPHBUF_BDF", source_bdf(src), 1) || set_env("TPHBUF_FD", (uint64_t)fd) ||
	       set_bar(source_bar(src)) ||
	       set_env("TPHBUF_LENGTH", tphbuf_buffer_length(src->buf)) ||
	       setenv("TPHBUF_TAG", text, 1);
}

static void child(char **argv, pid_t parent, int fd)
{
	int err;

	/* The device closes with the parent, so the program must end with it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_NOT_EXECUTABLE);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (!fcntl(fd, F_SETFD, 0))
		execvp(argv[0], argv);
	err = errno;
	say(stderr, "tphbuf: cannot run '%s' (%s); check that its interpreter exists\n", argv[0],
	    strerror(err));
	_exit(exec_code(err));
}

int exec_with_buffer(struct cli *cli, const struct options *opts, const struct source *src)
{
	int fd = tphbuf_buffer_fd(src->buf);
	pid_t parent = getpid(), pid;
	int status;

	if (child_env(src, fd))
		return cli_fail_text(cli, CLI_FAILURE, "exec", "out of memory");
	if (finish_output(cli) != CLI_OK)
		return CLI_FAILURE;
	/* ^C is for the program, as under system(3). */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pid = fork();
	if (!pid)
		child(opts->exec, parent, fd);
	if (pid < 0)
		return cli_fail_text(cli, CLI_FAILURE, "exec",
				     "cannot start a process (%s); raise the process limit (ulimit -u)",
				     strerror(errno));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL_BASE + WTERMSIG(status);
}
