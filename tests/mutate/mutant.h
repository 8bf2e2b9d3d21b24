/* SPDX-License-Identifier: MIT */
/*
 * Included first into every source file of a mutation build (mutate.py). mutant(N) is true in a program whose
 * environment has MUTANT=N. MUTANT_REACHED names a file with one byte per mutant: 1 is stored for each that a test reaches.
 *
 * No system header but the list of system calls is included here: the source file has still to define _GNU_SOURCE.
 * System calls are made directly, because the tests wrap open() and mmap().
 */
#ifndef TPHBUF_MUTANT_H
#define TPHBUF_MUTANT_H

#include <sys/syscall.h>

#define MUTANT_MAX 65536

extern char *getenv(const char *name);
extern int atoi(const char *text);
extern long syscall(long number, ...);

int tphbuf_mutant_now __attribute__((weak, visibility("hidden"))) = -1;
unsigned char *tphbuf_mutant_reached __attribute__((weak, visibility("hidden")));

__attribute__((weak, visibility("hidden"), constructor)) void tphbuf_mutant_start(void)
{
	const char *now = getenv("MUTANT");
	const char *reached = getenv("MUTANT_REACHED");
	long fd, map;

	if (now)
		tphbuf_mutant_now = atoi(now);
	if (!reached || tphbuf_mutant_reached)
		return;
	fd = syscall(SYS_openat, -100 /* AT_FDCWD */, reached, 2 /* O_RDWR */);
	if (fd < 0)
		return;
	map = syscall(SYS_mmap, 0L, (long)MUTANT_MAX, 3L /* read, write */, 1L /* MAP_SHARED */, fd,
		      0L);
	syscall(SYS_close, fd);
	if (map > 0)
		tphbuf_mutant_reached = (unsigned char *)map;
}

static inline int mutant(int number)
{
	if (tphbuf_mutant_reached)
		tphbuf_mutant_reached[number] = 1;
	return tphbuf_mutant_now == number;
}

#endif
