// SPDX-License-Identifier: MIT
/*
 * Receive a tagged buffer from share_send and register it with a NIC, which
 * must apply the tag that the sender claims.
 *
 *	share_receive /run/acc.sock mlx5_0 [wait]
 *
 * With "wait" it registers only when its standard input ends, so that one can
 * see what happens once the sender has gone.
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

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

/* Return: a connected socket or -errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock, err;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock >= 0 && !connect(sock, (const struct sockaddr *)&address, sizeof(address)))
		return sock;
	err = -errno;
	if (sock >= 0)
		close(sock);
	return err;
}

static int register_buffer(struct tphbuf_buffer *buf, struct ibv_pd *pd,
			   const struct tphbuf_tag *tag)
{
	const struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.flags = tag->valid ? TPHBUF_MR_REQUIRE : 0,
		.tag = tag,
	};
	struct tphbuf_mr *mr;
	int ret;

	ret = tphbuf_mr_register(buf, pd, &opts, &mr);
	if (ret)
		return ret;
	printf("registered: rkey 0x%x, %llu bytes\n", tphbuf_mr_ibv(mr)->rkey,
	       (unsigned long long)tphbuf_mr_length(mr));
	return tphbuf_mr_deregister(mr);
}

static int run(struct tphbuf_ctx *ctx, const char *path, struct ibv_pd *pd, bool wait)
{
	struct tphbuf_share_info info = { .size = sizeof(info) };
	static const char *const trust[] = {
		"claimed",
		"confirmed",
		"corrected",
	};
	char text[TPHBUF_TAG_TEXT_MAX];
	struct tphbuf_buffer *buf = NULL;
	int sock, ret;

	sock = connect_to(path);
	if (sock < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-sock));
		return sock;
	}
	ret = tphbuf_buffer_receive(ctx, sock, NULL, &info, &buf);
	close(sock);
	if (ret)
		return ret;
	tphbuf_tag_format(&info.tag, text, sizeof(text));
	printf("received: %s BAR%d '%s', %llu bytes, tag %s (%s), from process %d\n", info.bdf,
	       info.bar, info.label, (unsigned long long)info.length, text, trust[info.trust],
	       info.pid);
	fflush(stdout);
	while (wait && getchar() != EOF)
		;
	ret = register_buffer(buf, pd, &info.tag);
	tphbuf_buffer_close(buf);
	return ret;
}

int main(int argc, char **argv)
{
	struct ibv_context *nic;
	struct tphbuf_ctx *ctx;
	struct ibv_pd *pd;
	int ret = 1;

	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "wait"))) {
		fprintf(stderr, "usage: share_receive SOCKET IBDEV [wait]\n");
		return 2;
	}
	nic = open_nic(argv[2]);
	pd = nic ? ibv_alloc_pd(nic) : NULL;
	if (!pd)
		fprintf(stderr, "%s: cannot be opened\n", argv[2]);
	else if (!tphbuf_ctx_new(NULL, &ctx)) {
		ret = run(ctx, argv[1], pd, argc == 4);
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
