// SPDX-License-Identifier: MIT
/*
 * libfabric's verbs provider with memory of the host or of a device (memory.h), registered by its dma-buf:
 *	fi_ops register NIC MEMORY	a domain alone: registrations, keys, refused ones
 *	fi_ops server ADDRESS MEMORY	a connected endpoint: send, write, read; every byte is compared
 *	fi_ops client ADDRESS MEMORY
 */
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_eq.h>
#include <rdma/fi_rma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tphbuf/libfabric.h>

#include "tests/guest/memory.h"
#include "tests/harness/args.h"

#define SIZE  (1u << 20)
#define PORT  "47592"
#define WHOLE (FI_SEND | FI_RECV | FI_READ | FI_WRITE | FI_REMOTE_READ | FI_REMOTE_WRITE)

static struct memory memory;
static struct fi_info *info;
static struct fid_fabric *fabric;
static struct fid_domain *domain;
static struct fid_eq *events;
static struct fid_cq *completions;
static struct fid_ep *endpoint;

/* What a side tells its peer about its memory */
struct region {
	uint64_t addr, key;
};

static void check(long ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "fi_ops: %s: %s\n", what, fi_strerror((int)-ret));
	exit(1);
}

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fi_ops: %s\n", what);
	exit(1);
}

static struct fi_info *hints(void)
{
	struct fi_info *h = fi_allocinfo();

	require(!!h, "no memory");
	h->fabric_attr->prov_name = strdup("verbs");
	h->ep_attr->type = FI_EP_MSG;
	h->caps = FI_MSG | FI_RMA;
	h->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
	return h;
}

static void open_domain(void)
{
	struct fi_eq_attr attr = { .wait_obj = FI_WAIT_UNSPEC };

	check(fi_fabric(info->fabric_attr, &fabric, NULL), "fi_fabric");
	check(fi_eq_open(fabric, &attr, &events, NULL), "fi_eq_open");
}

static long try_register(uint64_t offset, uint64_t length, struct fid_mr **mr)
{
	struct fi_mr_dmabuf dmabuf;
	struct fi_mr_attr attr;
	int ret;

	ret = tphbuf_fi_mr_attr(memory.buf, offset, length, memory.addr, WHOLE, &dmabuf, &attr);
	return ret ? ret : fi_mr_regattr(domain, &attr, TPHBUF_FI_MR_FLAGS, mr);
}

static struct fid_mr *register_memory(void)
{
	struct fid_mr *mr;

	if (memory.buf)
		check(try_register(0, SIZE, &mr), "fi_mr_regattr of a dma-buf");
	else
		check(fi_mr_reg(domain, memory.addr, SIZE, WHOLE, 0, 0, 0, &mr, NULL), "fi_mr_reg");
	return mr;
}

static void registrations(const char *nic)
{
	struct fi_info *h = hints(), *at;
	struct fi_mr_dmabuf dmabuf;
	struct fid_mr *mr, *second;
	struct fi_mr_attr attr;

	check(fi_getinfo(FI_VERSION(1, 20), NULL, NULL, 0, h, &info), "fi_getinfo");
	for (at = info; at && strcmp(at->domain_attr->name, nic) != 0; at = at->next)
		;
	require(!!at, "no domain of that NIC");
	info = at;
	open_domain();
	check(fi_domain(fabric, info, &domain, NULL), "fi_domain");
	require(try_register(0, SIZE + 4096, &mr) == -EINVAL, "longer than the buffer");
	require(try_register(SIZE, 1, &mr) == -EINVAL, "after the end of the buffer");
	require(tphbuf_fi_mr_attr(memory.buf, 0, 1, memory.addr + 1, WHOLE, &dmabuf, &attr) ==
			-EINVAL,
		"a base that is not page aligned");
	require(tphbuf_fi_mr_attr(NULL, 0, 1, NULL, WHOLE, &dmabuf, &attr) == -EINVAL, "no buffer");
	check(tphbuf_fi_mr_attr(memory.buf, 0, 0, NULL, WHOLE, &dmabuf, &attr), "attributes");
	require(dmabuf.len == SIZE, "the whole buffer");
	dmabuf.fd = 0;
	require(fi_mr_regattr(domain, &attr, TPHBUF_FI_MR_FLAGS, &mr) < 0,
		"a descriptor that is no dma-buf");
	check(try_register(0, SIZE, &mr), "the whole buffer");
	check(try_register(4096 + 100, 1000, &second), "a part");
	require(fi_mr_key(mr) != FI_KEY_NOTAVAIL && fi_mr_key(mr) != fi_mr_key(second), "keys");
	check(fi_close(&mr->fid), "fi_close");
	check(fi_close(&second->fid), "fi_close");
	check(fi_close(&domain->fid), "fi_close of the domain");
}

static void wait_event(uint32_t want, struct fi_eq_cm_entry *entry)
{
	struct fi_eq_err_entry error = { 0 };
	uint32_t event = 0;
	long n = fi_eq_sread(events, &event, entry, sizeof(*entry), 100000, 0);

	if (n == -FI_EAVAIL && fi_eq_readerr(events, &error, 0) > 0)
		n = -error.err;
	check(n, "connection");
	require(event == want, "another event of the connection");
}

static void wait_completion(const char *what)
{
	struct fi_cq_err_entry error = { 0 };
	struct fi_cq_entry entry;
	long n;

	do {
		n = fi_cq_read(completions, &entry, 1);
	} while (n == -FI_EAGAIN);
	if (n == -FI_EAVAIL && fi_cq_readerr(completions, &error, 0) > 0)
		n = -error.err;
	check(n, what);
}

static void open_endpoint(struct fi_info *of)
{
	struct fi_cq_attr attr = { .format = FI_CQ_FORMAT_CONTEXT, .size = 64 };

	check(fi_domain(fabric, of, &domain, NULL), "fi_domain");
	check(fi_cq_open(domain, &attr, &completions, NULL), "fi_cq_open");
	check(fi_endpoint(domain, of, &endpoint, NULL), "fi_endpoint");
	check(fi_ep_bind(endpoint, &events->fid, 0), "bind");
	check(fi_ep_bind(endpoint, &completions->fid, FI_SEND | FI_RECV), "bind");
	check(fi_enable(endpoint), "fi_enable");
}

static void exchange(const struct region *mine, struct region *peer, struct region *wire,
		     struct fid_mr *wire_mr)
{
	wire[0] = *mine;
	check(fi_send(endpoint, wire, sizeof(*wire), fi_mr_desc(wire_mr), 0, NULL), "fi_send");
	wait_completion("exchange");
	wait_completion("exchange");
	*peer = wire[1];
}

/* Each side writes its first half into the peer's second half, and reads it back into its first half. */
static void transfer(unsigned int seed)
{
	struct fid_mr *mr = register_memory(), *wire_mr;
	struct region mine = { (uintptr_t)memory.addr, fi_mr_key(mr) }, peer;
	struct region *wire = aligned_alloc(4096, 4096);
	uint32_t half = SIZE / 2;

	require(!!wire, "no memory");
	check(fi_mr_reg(domain, wire, 4096, FI_SEND | FI_RECV, 0, 0, 0, &wire_mr, NULL),
	      "fi_mr_reg");
	check(fi_recv(endpoint, &wire[1], sizeof(*wire), fi_mr_desc(wire_mr), 0, NULL), "fi_recv");
	memory_fill(memory.addr, half, seed);
	exchange(&mine, &peer, wire, wire_mr);
	check(fi_write(endpoint, memory.addr, half, fi_mr_desc(mr), 0, peer.addr + half, peer.key,
		       NULL),
	      "fi_write");
	wait_completion("write");
	memset(memory.addr, 0, half);
	check(fi_read(endpoint, memory.addr, half, fi_mr_desc(mr), 0, peer.addr + half, peer.key,
		      NULL),
	      "fi_read");
	wait_completion("read");
	require(memory_is(memory.addr, half, seed), "read back: the data is wrong");
	/* The peer has written when it has sent again. */
	check(fi_recv(endpoint, &wire[1], sizeof(*wire), fi_mr_desc(wire_mr), 0, NULL), "fi_recv");
	exchange(&mine, &peer, wire, wire_mr);
	require(memory_is(memory.addr + half, half, 3 - seed),
		"written by the peer: the data is wrong");
}

static void server(const char *address)
{
	struct fi_eq_cm_entry entry;
	struct fid_pep *passive;

	check(fi_getinfo(FI_VERSION(1, 20), address, PORT, FI_SOURCE, hints(), &info), "fi_getinfo");
	open_domain();
	check(fi_passive_ep(fabric, info, &passive, NULL), "fi_passive_ep");
	check(fi_pep_bind(passive, &events->fid, 0), "bind");
	check(fi_listen(passive), "fi_listen");
	puts("listening");
	fflush(stdout);
	wait_event(FI_CONNREQ, &entry);
	open_endpoint(entry.info);
	check(fi_accept(endpoint, NULL, 0), "fi_accept");
	wait_event(FI_CONNECTED, &entry);
	transfer(1);
}

static void client(const char *address)
{
	struct fi_eq_cm_entry entry;

	check(fi_getinfo(FI_VERSION(1, 20), address, PORT, 0, hints(), &info), "fi_getinfo");
	open_domain();
	open_endpoint(info);
	check(fi_connect(endpoint, info->dest_addr, NULL, 0), "fi_connect");
	wait_event(FI_CONNECTED, &entry);
	transfer(2);
}

int main(int argc, char **argv)
{
	static void (*const roles[])(const char *where) = { registrations, server, client };
	unsigned int role;

	args_count(argc, 3, 3, "register NIC MEMORY | server|client ADDRESS MEMORY");
	role = args_word("ROLE", argv[1], "register|server|client");
	memory_get(&memory, argv[3], SIZE);
	roles[role](argv[2]);
	printf("fi_ops %s: ok\n", argv[1]);
	return 0;
}
