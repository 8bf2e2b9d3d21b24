/* SPDX-License-Identifier: MIT */
/* The kernel's command line. */
#ifndef UTIL_CMDLINE_H
#define UTIL_CMDLINE_H

#include <stdbool.h>

#define CMDLINE_MAX 4096

/* Options of one parameter are separated by commas: "pci=a,notph" has the word "notph". */
bool cmdline_has(const char *cmdline, const char *word);

#endif
