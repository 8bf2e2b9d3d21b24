// SPDX-License-Identifier: MIT
/*
 * Register a tagged BAR range with an RDMA device, and insist on the tag.
 *
 *	tagged_mr 0000:03:00.0 2 st=0x5a,ph=2 mlx5_0
 */
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#define LENGTH 0x100000

static struct ibv_context *open_nic(const char *name)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int i, n;

	list = ibv_get_device_list(&n);
	for (i = 0; list && i < n; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			context = ibv_open_device(list[i]);
	if (list)
		ibv_free_device_list(list);
	return context;
}

static int register_buffer(struct tphbuf_buffer *buf, struct ibv_pd *pd)
{
	const struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct tphbuf_mr *mr;
	int ret;

	ret = tphbuf_mr_register(buf, pd, &opts, &mr);
	if (ret)
		return ret;
	printf("registered: rkey 0x%x, address 0x%llx, %llu bytes, tagged\n",
	       tphbuf_mr_ibv(mr)->rkey, (unsigned long long)tphbuf_mr_iova(mr),
	       (unsigned long long)tphbuf_mr_length(mr));
	return tphbuf_mr_deregister(mr);
}

static int run(struct tphbuf_ctx *ctx, char **argv, const struct tphbuf_tag *tag, struct ibv_pd *pd)
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
	if (!ret)
		ret = register_buffer(buf, pd);
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	return ret;
}

int main(int argc, char **argv)
{
	struct ibv_context *nic;
	struct tphbuf_ctx *ctx;
	struct tphbuf_tag tag;
	struct ibv_pd *pd;
	const char *why;
	int ret = 1;

	if (argc != 5) {
		fprintf(stderr, "usage: tagged_mr BDF BAR TAG IBDEV\n");
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
	nic = open_nic(argv[4]);
	pd = nic ? ibv_alloc_pd(nic) : NULL;
	if (!pd)
		fprintf(stderr, "%s: cannot be opened\n", argv[4]);
	else if (!tphbuf_ctx_new(NULL, &ctx)) {
		ret = run(ctx, argv, &tag, pd);
		if (ret)
			fprintf(stderr, "%s\n", tphbuf_ctx_error(ctx));
		tphbuf_ctx_free(ctx);
	}
	if (pd)
		ibv_dealloc_pd(pd);
	if (nic)
		ibv_close_device(nic);
	return ret ? 1 : 0;
}
