// SPDX-License-Identifier: MIT
/* Candidates for shell completion, from the tables of commands and options. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/option_table.h"

#define FUNCTIONS "/sys/bus/pci/devices"
#define NICS	  "/sys/class/infiniband"

/* Names in a directory that start with @first; any of "" */
static void list_directory(const char *path, const char *first)
{
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && (!first[0] || strchr(first, entry->d_name[0])))
			puts(entry->d_name);
	if (dir)
		closedir(dir);
}

static void print_candidates(enum completion completion)
{
	switch (completion) {
	case COMPLETE_FUNCTION_OR_NIC:
		list_directory(FUNCTIONS, "");
		list_directory(NICS, "");
		break;
	case COMPLETE_FUNCTION:
		list_directory(FUNCTIONS, "");
		break;
	case COMPLETE_NIC:
		list_directory(NICS, "");
		break;
	case COMPLETE_PROCESS:
		list_directory("/proc", "0123456789");
		break;
	case COMPLETE_BAR:
		puts("0\n1\n2\n3\n4\n5");
		break;
	case COMPLETE_TAG:
		puts("st=\nxst=\nnone");
		break;
	case COMPLETE_BACKEND:
		puts("auto\niommufd\ngroup");
		break;
	case COMPLETE_FILE:
		puts(":files");
		break;
	case COMPLETE_DIRECTORY:
		puts(":directories");
		break;
	default:
		break;
	}
}

static void print_name(void *arg, const struct command *command)
{
	(void)arg;
	puts(command->name);
}

static void print_options(const struct command *command)
{
	const struct option_desc *option;
	size_t i;

	for (i = 0; (option = option_at(i)); i++)
		if (option_is_for(option, command))
			printf("--%s\n", option->name);
}

/* The option that @word names in full, if @command takes it. */
static const struct option_desc *option_of(const struct command *command, const char *word)
{
	const struct option_desc *option = NULL;

	if (!strncmp(word, "--", 2))
		option = option_find(word + 2);
	return option && option_is_for(option, command) ? option : NULL;
}

/* Words from --exec or -- on are a program's. Return: index of its name, or 0. */
static int find_program(const struct command *command, int n, char **words)
{
	bool execs = option_is_for(option_find("exec"), command);
	int i;

	for (i = 1; i < n && execs; i++)
		if (!strcmp(words[i], "--exec") || !strcmp(words[i], "--"))
			return i + 1;
	return 0;
}

/* Operands among the words before the current one. */
static size_t count_operands(const struct command *command, int n, char **words)
{
	const struct option_desc *option;
	size_t operands = 0;
	int i;

	for (i = 1; i < n; i++) {
		option = option_of(command, words[i]);
		if (option && option->arg)
			i++;
		else if (words[i][0] != '-')
			operands++;
	}
	return operands;
}

int complete(int argc, char **argv)
{
	const struct command *command;
	const struct option_desc *option;
	const char *current;
	size_t operand;
	int program;

	if (argc < 1)
		return CLI_USAGE;
	current = argv[--argc];
	if (!argc) {
		command_each(print_name, NULL);
		return CLI_OK;
	}
	command = command_find(argv[0]);
	if (!command)
		return CLI_OK;
	program = find_program(command, argc, argv);
	option = option_of(command, argv[argc - 1]);
	operand = count_operands(command, argc, argv);
	if (program)
		printf(":program %d\n", program);
	else if (argc > 1 && option && option->arg)
		print_candidates(option->completion);
	else if (current[0] == '-')
		print_options(command);
	else if (operand < MAX_OPERANDS)
		print_candidates(command->completion[operand]);
	return CLI_OK;
}
