// SPDX-License-Identifier: MIT
/* RDMA devices by name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/rdma.h"
#include "util/remedy.h"

void rdma_close(struct rdma *rdma)
{
	if (rdma->pd)
		ibv_dealloc_pd(rdma->pd);
	if (rdma->context)
		ibv_close_device(rdma->context);
	memset(rdma, 0, sizeof(*rdma));
}

int rdma_open(struct cli *cli, const char *name, struct rdma *rdma)
{
	struct ibv_device **list, *found = NULL;
	int i, n, err;

	memset(rdma, 0, sizeof(*rdma));
	snprintf(rdma->name, sizeof(rdma->name), "%s", name);
	list = ibv_get_device_list(&n);
	if (!list)
		return cli_fail_text(cli, errno == ENOSYS ? CLI_UNSUPPORTED : CLI_FAILURE, "open",
				     "no RDMA devices (%s); load ib_uverbs and the NIC's driver",
				     strerror(errno));
	for (i = 0; i < n && !found; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			found = list[i];
	if (found)
		rdma->context = ibv_open_device(found);
	ibv_free_device_list(list);
	if (!found)
		return cli_fail_text(cli, CLI_FAILURE, "open",
				     "there is no RDMA device %s; see tphbuf list --all", name);
	if (!rdma->context)
		return cli_fail_text(cli, CLI_FAILURE, "open",
				     "cannot open RDMA device %s (%s); %s", name, strerror(errno),
				     errno == EAGAIN ? REMEDY_RDMA_HANDLE :
						       "check the permissions of /dev/infiniband");
	rdma->pd = ibv_alloc_pd(rdma->context);
	if (rdma->pd)
		return CLI_OK;
	err = errno;
	rdma_close(rdma);
	return cli_fail_text(cli, CLI_FAILURE, "open", "%s: no protection domain (%s); %s", name,
			     strerror(err),
			     err == EAGAIN ? REMEDY_RDMA_OBJECT :
					     "see dmesg for messages of the NIC's driver");
}
