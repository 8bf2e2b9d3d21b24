/* SPDX-License-Identifier: MIT */
/* What the tests of the network plugin's memory share: its configuration, and its log. */
#ifndef UNIT_NET_RIG_H
#define UNIT_NET_RIG_H

#include "tests/transports/kept_log.h"
#include "userspace/transports/nccl/net.h"

extern struct net_config config; /* what net_config() gives; plugin.c is not part of these tests */

/* The log has @text; it is empty afterwards. */
void assert_said(const char *text);

#endif
