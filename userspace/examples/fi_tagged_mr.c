// SPDX-License-Identifier: MIT
/*
 * Register a tagged BAR range with libfabric's verbs provider, and insist on the tag.
 *
 *	fi_tagged_mr 0000:03:00.0 2 st=0x5a,ph=2 mlx5_0
 */
#include <infiniband/verbs.h>
#include <rdma/fabric.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/libfabric.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#define LENGTH 0x100000

static int failed(const char *what, int ret)
{
	fprintf(stderr, "%s: %s\n", what, fi_strerror(-ret));
	return ret;
}

/* The kernel decides by buffer and device; libfabric does not give its region away, so a region of libtphbuf is asked. */
static int insist(struct tphbuf_buffer *buf, const char *nic)
{
	const struct tphbuf_mr_opts opts = { .size = sizeof(opts), .flags = TPHBUF_MR_REQUIRE };
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	struct tphbuf_mr *mr;
	struct ibv_pd *pd;
	int i, n, ret = -FI_ENODEV;

	list = ibv_get_device_list(&n);
	for (i = 0; list && i < n; i++)
		if (!strcmp(ibv_get_device_name(list[i]), nic))
			context = ibv_open_device(list[i]);
	if (list)
		ibv_free_device_list(list);
	if (!context)
		return failed(nic, ret);
	pd = ibv_alloc_pd(context);
	ret = pd ? tphbuf_mr_register(buf, pd, &opts, &mr) : -FI_ENOMEM;
	if (!ret)
		ret = tphbuf_mr_deregister(mr);
	if (pd)
		ibv_dealloc_pd(pd);
	ibv_close_device(context);
	return ret ? failed("the tag is not applied", ret) : 0;
}

static int register_buffer(struct tphbuf_buffer *buf, struct fid_domain *domain)
{
	struct fi_mr_dmabuf dmabuf;
	struct fi_mr_attr attr;
	struct fid_mr *mr;
	int ret;

	ret = tphbuf_fi_mr_attr(buf, 0, 0, NULL, FI_REMOTE_READ | FI_REMOTE_WRITE, &dmabuf, &attr);
	if (!ret)
		ret = fi_mr_regattr(domain, &attr, TPHBUF_FI_MR_FLAGS, &mr);
	if (ret)
		return failed("fi_mr_regattr", ret);
	printf("registered: key 0x%llx, address 0, %llu bytes, tagged\n",
	       (unsigned long long)fi_mr_key(mr), (unsigned long long)tphbuf_buffer_length(buf));
	return fi_close(&mr->fid);
}

static int with_domain(struct tphbuf_buffer *buf, const char *nic)
{
	struct fi_info *hints = fi_allocinfo(), *list = NULL, *info;
	struct fid_fabric *fabric = NULL;
	struct fid_domain *domain = NULL;
	int ret = -FI_ENOMEM;

	if (!hints)
		return failed("fi_allocinfo", ret);
	hints->fabric_attr->prov_name = strdup("verbs");
	hints->ep_attr->type = FI_EP_MSG;
	hints->caps = FI_MSG | FI_RMA;
	hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED |
				      FI_MR_PROV_KEY;
	ret = fi_getinfo(FI_VERSION(1, 20), NULL, NULL, 0, hints, &list);
	for (info = list; info && strcmp(info->domain_attr->name, nic) != 0; info = info->next)
		;
	if (!ret)
		ret = info ? fi_fabric(info->fabric_attr, &fabric, NULL) : -FI_ENODEV;
	if (!ret)
		ret = fi_domain(fabric, info, &domain, NULL);
	if (ret)
		failed(nic, ret);
	else
		ret = register_buffer(buf, domain);
	if (domain)
		fi_close(&domain->fid);
	if (fabric)
		fi_close(&fabric->fid);
	fi_freeinfo(list);
	fi_freeinfo(hints);
	return ret;
}

static int run(struct tphbuf_ctx *ctx, char **argv, const struct tphbuf_tag *tag)
{
	const struct tphbuf_range range = { .offset = 0, .length = LENGTH };
	struct tphbuf_export_opts opts = { .size = sizeof(opts), .tag = tag };
	struct tphbuf_device *dev = NULL;
	struct tphbuf_buffer *buf = NULL;
	int ret;

	ret = tphbuf_device_open(ctx, argv[1], NULL, &dev);
	if (!ret)
		ret = tphbuf_device_memory(dev, true);
	if (!ret)
		ret = tphbuf_buffer_export(dev, (unsigned int)atoi(argv[2]), &range, 1, &opts, &buf);
	if (ret)
		fprintf(stderr, "%s\n", tphbuf_ctx_error(ctx));
	if (!ret)
		ret = insist(buf, argv[4]);
	if (!ret)
		ret = with_domain(buf, argv[4]);
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	return ret;
}

int main(int argc, char **argv)
{
	struct tphbuf_ctx *ctx;
	struct tphbuf_tag tag;
	const char *why;
	int ret = 1;

	if (argc != 5) {
		fprintf(stderr, "usage: fi_tagged_mr BDF BAR TAG IBDEV\n");
		return 2;
	}
	if (strspn(argv[2], "012345") != 1 || argv[2][1]) {
		fprintf(stderr, "BAR '%s' is not a number from 0 to 5\n", argv[2]);
		return 2;
	}
	if (tphbuf_tag_parse(argv[3], &tag, &why)) {
		fprintf(stderr, "%s: %s\n", argv[3], why);
		return 2;
	}
	if (!tphbuf_ctx_new(NULL, &ctx)) {
		ret = run(ctx, argv, &tag);
		tphbuf_ctx_free(ctx);
	}
	return ret ? 1 : 0;
}
