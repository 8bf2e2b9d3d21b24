/* SPDX-License-Identifier: MIT */
/* Small files of /sys, /proc and /dev. */
#ifndef CLI_DOCTOR_FILES_H
#define CLI_DOCTOR_FILES_H

#include "cli/doctor/doctor.h"

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

#endif
