/* SPDX-License-Identifier: MIT */
/* Numbers as people type them. */
#ifndef UTIL_NUMBER_H
#define UTIL_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read an unsigned number of exactly @len characters: decimal, or
 * hexadecimal with 0x. No sign, no blanks, no octal: "010" is ten.
 *
 * Return: 0, -EINVAL (not a number), -ERANGE (more than 64 bits).
 */
int number_parse(const char *text, size_t len, uint64_t *value);

/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);

#endif
