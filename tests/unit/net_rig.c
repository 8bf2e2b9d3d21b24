// SPDX-License-Identifier: MIT
#include "tests/unit/net_rig.h"
#include "tests/unit/test.h"

struct net_config config;

const struct net_config *net_config(void)
{
	return &config;
}

void assert_said(const char *text)
{
	if (!strstr(said, text))
		fail_msg("\"%s\" is not in \"%s\"", text, said);
	said[0] = '\0';
}
