/* SPDX-License-Identifier: MIT */
/*
 * The NIC's free running counter: internal timer of the initialisation segment and time stamps of
 * completions.
 */
#ifndef NIC_CLOCK_H
#define NIC_CLOCK_H

#include <stdint.h>

#define NIC_CLOCK_KHZ 1000000u /* capability device_frequency_khz: a tick is a nanosecond */

uint64_t nic_clock(void);

#endif
