// SPDX-License-Identifier: MIT
/*
 * The tphbuf command on the fake machine, as a program: for tools that observe a whole process
 * from start to exit, see check-valgrind.sh.
 */
#include <stdio.h>

#include "tests/mock/fake.h"
#include "tests/mock/verbs.h"

int tphbuf_main(int argc, char **argv);

int main(int argc, char **argv)
{
	int code;

	fake_setup();
	fake_group_nodes();
	fake_verbs_setup();
	fake_verbs.tph = fake_applied_st;
	code = tphbuf_main(argc, argv);
	fake_teardown();
	return code;
}
