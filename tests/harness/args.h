/* SPDX-License-Identifier: MIT */
/*
 * The command line of the programs of tests and benchmarks: what is missing, superfluous or not a number ends the
 * program with status 2 and a message, before it touches a device.
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Print "PROGRAM: message" and end the program. */
void args_bad(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* From @least to @most arguments after the program's name; usage: "ARGUMENT..." */
void args_count(int argc, int least, int most, const char *usage);

/* A whole number, decimal or with 0x; name: how the usage calls it */
uint64_t args_number(const char *name, const char *text, uint64_t least, uint64_t most);

/* The same of an environment variable; preset if it is not set, or empty */
uint64_t args_setting(const char *variable, uint64_t preset, uint64_t least, uint64_t most);

/* Which of words, as "ext|8bit", counted from 0 */
unsigned int args_word(const char *name, const char *text, const char *words);

#ifdef __cplusplus
}
#endif

#endif
