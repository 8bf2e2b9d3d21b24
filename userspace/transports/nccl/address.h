/* SPDX-License-Identifier: MIT */
/* The TCP address of a rendezvous. */
#ifndef TRANSPORTS_NCCL_ADDRESS_H
#define TRANSPORTS_NCCL_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

union net_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

socklen_t net_address_size(const union net_address *addr);

/*
 * Listen on a free port of an interface. @ifname as NCCL_SOCKET_IFNAME: prefixes with
 * commas between them, "=NAME" for exact names, "^" in front to exclude; empty means the
 * first that is up, lo last. Return: 0, -errno; @fd is the caller's.
 */
int net_address_listen(const char *ifname, int *fd, union net_address *addr);

#endif
