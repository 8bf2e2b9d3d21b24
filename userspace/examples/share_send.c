// SPDX-License-Identifier: MIT
/*
 * Hand a tagged BAR range to the process that owns the NIC, and exit.
 *
 *	share_send 0000:03:00.0 2 st=0x5a,ph=2 /run/acc.sock [device]
 *
 * With "device" the receiver gets the device, too, and the buffer outlives this
 * process. Without it, this process waits until its standard input ends.
 */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <tphbuf/tphbuf.h>

#define LENGTH	   0x100000
#define TIMEOUT_MS 30000

/* Accept one peer on a socket at @path. Return: its socket or -errno. */
static int accept_peer(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd p = { .events = POLLIN };
	int sock = -1;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	p.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (p.fd < 0)
		return -errno;
	umask(0077); /* every process that can connect gets the buffer */
	unlink(path);
	if (bind(p.fd, (const struct sockaddr *)&address, sizeof(address)) || listen(p.fd, 1))
		sock = -errno;
	else if (poll(&p, 1, TIMEOUT_MS) != 1)
		sock = -ETIMEDOUT;
	else
		sock = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);
	if (sock == -1)
		sock = -errno;
	close(p.fd);
	unlink(path);
	return sock;
}

static int serve(struct tphbuf_buffer *buf, const char *path, const struct tphbuf_send_opts *opts)
{
	int sock = accept_peer(path), ret;

	if (sock < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-sock));
		return sock;
	}
	ret = tphbuf_buffer_send(buf, sock, opts);
	close(sock);
	return ret;
}

static int run(struct tphbuf_ctx *ctx, char **argv, const struct tphbuf_tag *tag, bool with_device)
{
	const struct tphbuf_range range = { .offset = 0, .length = LENGTH };
	struct tphbuf_export_opts export = {
		.size = sizeof(export),
		.tag = tag,
	};
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.label = "example",
		.flags = with_device ? TPHBUF_SEND_DEVICE : 0,
	};
	struct tphbuf_device *dev = NULL;
	struct tphbuf_buffer *buf = NULL;
	int ret;

	ret = tphbuf_device_open(ctx, argv[1], NULL, &dev);
	if (!ret)
		ret = tphbuf_device_memory(dev, true);
	if (!ret)
		ret = tphbuf_buffer_export(dev, (unsigned int)atoi(argv[2]), &range, 1, &export,
					   &buf);
	if (!ret)
		ret = serve(buf, argv[4], &send);
	while (!ret && !with_device && getchar() != EOF)
		;
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	return ret;
}

int main(int argc, char **argv)
{
	struct tphbuf_ctx *ctx;
	struct tphbuf_tag tag;
	const char *why;
	int ret;

	if (argc < 5 || argc > 6 || (argc == 6 && strcmp(argv[5], "device"))) {
		fprintf(stderr, "usage: share_send BDF BAR TAG SOCKET [device]\n");
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
	if (tphbuf_ctx_new(NULL, &ctx))
		return 1;
	ret = run(ctx, argv, &tag, argc == 6);
	if (ret)
		fprintf(stderr, "%s\n", tphbuf_ctx_error(ctx));
	tphbuf_ctx_free(ctx);
	if (!ret)
		return 0;
	return tphbuf_is_unsupported(ret) ? 4 : 1;
}
