/* SPDX-License-Identifier: MIT */
/*
 * MTU, rate and packet lifetime in records: a value of 6 bits with a selector in the upper 2, which
 * asks for more, less, exactly this, or the best (InfiniBand 15.2.5.16).
 */
#ifndef SUBNET_VALUE_H
#define SUBNET_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum subnet_value { SUBNET_VALUE_MTU, SUBNET_VALUE_RATE, SUBNET_VALUE_LIFETIME };

/* Whether @value, which there is, satisfies @asked. */
bool subnet_value_allowed(enum subnet_value kind, uint8_t asked, uint8_t value);
/*
 * The value of a new group: the one asked for exactly if the subnet can have it, else the
 * subnet's own if that is allowed. False: neither.
 */
bool subnet_value_choose(enum subnet_value kind, uint8_t asked, uint8_t *value);

#endif
