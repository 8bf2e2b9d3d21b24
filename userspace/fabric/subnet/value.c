// SPDX-License-Identifier: MIT
/*
 * Values with selectors.
 */
#include <infiniband/umad_sa.h>

#include "fabric/subnet/subnet.h"
#include "fabric/subnet/value.h"

/* Encoded rates are not in order: the rate of each in units of 0.1 Gb/s (InfiniBand table 224). */
static const uint32_t rates[] = {
	[2] = 25,    [3] = 100,	 [4] = 300,   [5] = 50,	   [6] = 200,	[7] = 400,
	[8] = 600,   [9] = 800,	 [10] = 1200, [11] = 140,  [12] = 560,	[13] = 1120,
	[14] = 1680, [15] = 250, [16] = 1000, [17] = 2000, [18] = 3000,
};

static const uint8_t own[] = {
	[SUBNET_VALUE_MTU] = SUBNET_MTU,
	[SUBNET_VALUE_RATE] = SUBNET_RATE,
	[SUBNET_VALUE_LIFETIME] = SUBNET_LIFETIME,
};

/* 0: not a value of its kind */
static uint32_t measure(enum subnet_value kind, uint8_t value)
{
	switch (kind) {
	case SUBNET_VALUE_RATE:
		return value < sizeof(rates) / sizeof(rates[0]) ? rates[value] : 0;
	case SUBNET_VALUE_MTU:
		return value <= SUBNET_MTU ? value : 0;
	default:
		return value + 1u;
	}
}

bool subnet_value_allowed(enum subnet_value kind, uint8_t asked, uint8_t value)
{
	uint32_t limit = measure(kind, umad_sa_get_rate_mtu_or_life(asked));

	switch (asked >> UMAD_SA_SELECTOR_SHIFT) {
	case UMAD_SA_SELECTOR_GREATER_THAN:
		return limit && measure(kind, value) > limit;
	case UMAD_SA_SELECTOR_LESS_THAN:
		return limit && measure(kind, value) < limit;
	case UMAD_SA_SELECTOR_EXACTLY:
		return umad_sa_get_rate_mtu_or_life(asked) == value;
	default:
		return true;
	}
}

bool subnet_value_choose(enum subnet_value kind, uint8_t asked, uint8_t *value)
{
	uint8_t exact = umad_sa_get_rate_mtu_or_life(asked);

	*value = own[kind];
	if (asked >> UMAD_SA_SELECTOR_SHIFT != UMAD_SA_SELECTOR_EXACTLY)
		return subnet_value_allowed(kind, asked, own[kind]);
	*value = exact;
	return measure(kind, exact) &&
	       (kind == SUBNET_VALUE_LIFETIME || measure(kind, exact) <= measure(kind, own[kind]));
}
