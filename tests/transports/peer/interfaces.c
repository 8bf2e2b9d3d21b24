// SPDX-License-Identifier: MIT
/* The interface of the rendezvous. getifaddrs() of this program tells of interfaces that this machine may not have. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/transports/peer/peer.h"

static const struct {
	const char *name, *address;
	unsigned int flags;
} all[] = {
	{ "none", NULL, IFF_UP },
	{ "down0", "127.0.0.9", 0 },
	{ "lo", "127.0.0.1", IFF_UP | IFF_LOOPBACK },
	{ "fe", "fe80::1", IFF_UP },
	{ "six", "::1", IFF_UP },
	{ "ib0", "127.0.0.2", IFF_UP },
	{ "ib1", "127.0.0.3", IFF_UP },
	{ "ib10", "127.0.0.4", IFF_UP },
};

#define NR (sizeof(all) / sizeof(all[0]))

static size_t shown = NR; /* the first of them */
static int fails;

int getifaddrs(struct ifaddrs **list)
{
	static union net_address addresses[NR];
	static struct ifaddrs entries[NR];

	if (fails) {
		errno = ENOBUFS;
		return -1;
	}
	*list = NULL;
	for (size_t i = shown; i-- > 0;) {
		union net_address *a = &addresses[i];

		memset(a, 0, sizeof(*a));
		entries[i] = (struct ifaddrs){ .ifa_next = *list,
					       .ifa_name = (char *)(uintptr_t)all[i].name,
					       .ifa_flags = all[i].flags };
		*list = &entries[i];
		if (!all[i].address)
			continue;
		entries[i].ifa_addr = &a->any;
		a->any.sa_family = strchr(all[i].address, ':') ? AF_INET6 : AF_INET;
		inet_pton(a->any.sa_family, all[i].address,
			  a->any.sa_family == AF_INET ? (void *)&a->in.sin_addr :
							(void *)&a->in6.sin6_addr);
	}
	return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
	(void)list;
}

/* False: this machine has no IPv6. */
static bool has_ipv6(void)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr));

	if (fd >= 0)
		close(fd);
	return ok;
}

/* @address NULL: none is suitable */
static void chosen(const char *names, const char *address)
{
	char handle[NCCL_HANDLE_SIZE], text[INET6_ADDRSTRLEN] = "", name[100];
	void *ctx, *listen_comm = NULL;
	enum nccl_result got;
	struct handle h;

	setenv("TPHBUF_NET_IFNAME", names, 1);
	init(&ctx);
	got = np_listen(&plugin, ctx, 0, handle, &listen_comm);
	snprintf(name, sizeof(name), "of %zu interfaces, '%s': %s", shown, names,
		 address ? address : "none");
	if (address && !got) {
		memcpy(&h, handle, sizeof(h));
		inet_ntop(h.addr.any.sa_family,
			  h.addr.any.sa_family == AF_INET ? (void *)&h.addr.in.sin_addr :
							    (void *)&h.addr.in6.sin6_addr,
			  text, sizeof(text));
		result(!strcmp(text, address) && h.addr.in.sin_port, name);
		if (strcmp(text, address))
			printf("# %s\n", text);
		np_close_listen(&plugin, listen_comm);
	} else if (address) {
		result(false, name);
	} else {
		answer(name, got, NCCL_SYSTEM_ERROR,
		       fails ? "No buffer space available; set NCCL_SOCKET_IFNAME" :
			       "No such device; set NCCL_SOCKET_IFNAME to an interface that is up");
	}
	np_finalize(&plugin, ctx);
	unsetenv("TPHBUF_NET_IFNAME");
}

void interfaces(void)
{
	unsetenv("NCCL_SOCKET_IFNAME");
	chosen("", "127.0.0.2");
	chosen("ib", "127.0.0.2");
	chosen("ib1", "127.0.0.3");
	chosen("=ib1", "127.0.0.3");
	chosen("=ib10", "127.0.0.4");
	chosen("=ib", NULL);
	chosen("eth,ib1", "127.0.0.3");
	chosen("lo,ib10", "127.0.0.4");
	chosen(",lo,", "127.0.0.1");
	chosen("^ib,six", "127.0.0.1");
	chosen("^=ib1,ib0", "127.0.0.4");
	chosen("^=ib", "127.0.0.2");
	chosen("fe", NULL);
	chosen("down", NULL);
	chosen("none", NULL);
	chosen("^", "127.0.0.2");
	if (has_ipv6()) {
		chosen("six", "::1");
		chosen("^ib", "::1");
		shown = 5;
		chosen("", "::1");
	}
	shown = 3;
	chosen("", "127.0.0.1");
	shown = 2;
	chosen("", NULL);
	shown = NR;
	setenv("NCCL_SOCKET_IFNAME", "ib1", 1);
	chosen("", "127.0.0.3");
	chosen("ib0", "127.0.0.2");
	fails = 1;
	chosen("", NULL);
	fails = 0;
}
