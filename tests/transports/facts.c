// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "tests/transports/facts.h"

static int number, failed;

void result(bool ok, const char *name)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, name);
	if (!ok)
		printf("# the log: %s\n", said);
	failed |= !ok;
	said[0] = '\0';
}

void answer(const char *name, enum nccl_result got, enum nccl_result want, const char *text)
{
	if (got != want)
		printf("# result %d, not %d\n", (int)got, (int)want);
	result(got == want && strstr(said, text), name);
}

int results_end(void)
{
	printf("1..%d\n", number);
	return failed;
}
