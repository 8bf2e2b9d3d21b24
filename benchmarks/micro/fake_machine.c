// SPDX-License-Identifier: MIT
/* Run benchmarks/micro/registry_lookup on the fake machine. */
#include "tests/mock/fake.h"

int registry_lookup_main(int argc, char **argv);

int main(int argc, char **argv)
{
	int ret;

	fake_setup();
	ret = registry_lookup_main(argc, argv);
	fake_teardown();
	return ret;
}
