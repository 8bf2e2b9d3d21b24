// SPDX-License-Identifier: MIT
/* Choice of the interface for the rendezvous. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "address.h"

socklen_t net_address_size(const union net_address *addr)
{
	return addr->any.sa_family == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in);
}

/* True if an interface matches a list in the form of NCCL_SOCKET_IFNAME */
static bool name_matches(const char *list, const char *name)
{
	bool exclude = list[0] == '^', exact, found = false;
	size_t n;

	if (exclude)
		list++;
	exact = list[0] == '=';
	if (exact)
		list++;
	while (*list && !found) {
		n = strcspn(list, ",");
		if (n && !strncmp(list, name, n) && (!exact || !name[n]))
			found = true;
		list += n;
		if (*list)
			list++;
	}
	return found != exclude;
}

/* Smaller is better; -1: not usable */
static int rank_of(const struct ifaddrs *i, const char *ifname)
{
	int family = i->ifa_addr ? i->ifa_addr->sa_family : 0;

	if (!(i->ifa_flags & IFF_UP) || (family != AF_INET && family != AF_INET6))
		return -1;
	if (family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr))
		return -1;
	if (ifname[0] && !name_matches(ifname, i->ifa_name))
		return -1;
	return (i->ifa_flags & IFF_LOOPBACK ? 2 : 0) + (family == AF_INET6);
}

static int choose(const char *ifname, union net_address *addr)
{
	struct ifaddrs *all;
	int best = -1;

	if (getifaddrs(&all))
		return -errno;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		int rank = rank_of(i, ifname);

		if (rank < 0 || (best >= 0 && rank >= best))
			continue;
		best = rank;
		memset(addr, 0, sizeof(*addr));
		memcpy(addr, i->ifa_addr,
		       i->ifa_addr->sa_family == AF_INET ? sizeof(addr->in) : sizeof(addr->in6));
	}
	freeifaddrs(all);
	return best < 0 ? -ENODEV : 0;
}

int net_address_listen(const char *ifname, int *fd, union net_address *addr)
{
	socklen_t size = sizeof(*addr);
	int err = choose(ifname, addr);

	if (err)
		return err;
	*fd = socket(addr->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return -errno;
	if (bind(*fd, &addr->any, net_address_size(addr)) || listen(*fd, 64) ||
	    getsockname(*fd, &addr->any, &size)) {
		err = -errno;
		close(*fd);
	}
	return err;
}
