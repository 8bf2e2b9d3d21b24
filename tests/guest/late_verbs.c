// SPDX-License-Identifier: MIT
/*
 * Preloaded into a program that uses verbs: ibv_get_device_list() finds no RDMA device before
 * process LATE_UNTIL_GONE has exited. The program thus uses resources received from that process
 * after its exit.
 */
#include <dlfcn.h>
#include <errno.h>
#include <infiniband/verbs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct ibv_device **ibv_get_device_list(int *nr)
{
	struct ibv_device **(*next)(int *nr);
	const char *pid = getenv("LATE_UNTIL_GONE");

	if (!pid)
		abort();
	while (!kill(atoi(pid), 0) || errno != ESRCH)
		usleep(10000);
	fprintf(stderr, "process %s has ended\n", pid);
	*(void **)&next = dlsym(RTLD_NEXT, "ibv_get_device_list");
	return next(nr);
}
