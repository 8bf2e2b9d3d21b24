// SPDX-License-Identifier: MIT
/*
 * The tphbuf command on the fake machine, as a program: for tools that watch
 * a whole process from start to exit, see check-valgrind.sh.
 */
#include <stdio.h>

#include "tests/mock/fake.h"
#include "tests/mock/verbs.h"

int tphbuf_main(int argc, char **argv);

int main(int argc, char **argv)
{
	static const struct fake_entry entry = {
		.lkey = FAKE_LKEY,
		.mrn = 7,
		.length = FAKE_BAR2_SIZE,
		.attrs = fake_applied_st,
	};
	int code;

	fake_setup();
	fake_group_nodes();
	fake_verbs_setup();
	fake_netlink(&entry, 1);
	code = tphbuf_main(argc, argv);
	fake_teardown();
	return code;
}
