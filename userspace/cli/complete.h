/* SPDX-License-Identifier: MIT */
/* Candidates for shell completion. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

/* What an operand, or the value of an option, is. */
enum completion {
	COMPLETE_NOTHING,
	COMPLETE_FUNCTION, /* PCI function */
	COMPLETE_NIC,	   /* RDMA device */
	COMPLETE_FUNCTION_OR_NIC,
	COMPLETE_PROCESS,
	COMPLETE_BAR,
	COMPLETE_TAG,
	COMPLETE_BACKEND,
	/* The shell completes these. */
	COMPLETE_FILE,
	COMPLETE_DIRECTORY,
	COMPLETE_PROGRAM, /* and its arguments */
};

/*
 * tphbuf __complete [WORD]... CURRENT: print the candidates for CURRENT, which
 * follows the words, one a line; or ":files", ":directories", or ":program N",
 * where words from number N on (0: __complete's first) are a command line.
 * Return: exit code.
 */
int complete(int argc, char **argv);

#endif
