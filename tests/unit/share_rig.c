// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/share_rig.h"

void make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

int receive(struct fixture *f, int sock, struct tphbuf_share_info *info, struct tphbuf_buffer **buf)
{
	struct tphbuf_receive_opts opts = {
		.size = sizeof(opts),
		.timeout_ms = NO_TIME_MS,
	};
	int ret;

	*buf = NULL;
	if (info) {
		memset(info, 0, sizeof(*info));
		info->size = sizeof(*info);
	}
	ret = tphbuf_buffer_receive(f->ctx, sock, &opts, info, buf);
	if (ret)
		assert_null(*buf);
	return ret;
}
