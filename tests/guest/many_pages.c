// SPDX-License-Identifier: MIT
/*
 * many_pages NIC PEER MIB: an MR of MIB mebibytes in pages of 4 KiB, none physically next to its neighbour, so
 * that a translating IOMMU has an entry for each. PEER writes into pages over the whole range and reads them
 * back.
 *
 * The memory is a file of FILE_BYTES mapped again and again: an entry for each page of the MR costs the guest
 * no page of its own.
 */
#include "tests/guest/rdma.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/args.h"

#define PAGE	   4096u
#define FILE_BYTES (64u << 20)
#define FILE_PAGES (FILE_BYTES / PAGE)
#define STEP \
	4099u /* coprime to FILE_PAGES: pages are allocated in another order than they are mapped */
#define PROBES 256u
#define LEN    300u /* crosses a page at some probes */
#define REMOTE (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE)

/* One mapping of the whole file at addr, or where the kernel likes. */
static uint8_t *map_file(int fd, uint8_t *addr)
{
	int flags = MAP_SHARED | (addr ? MAP_FIXED : 0);
	uint8_t *at = mmap(addr, FILE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);

	require(at != MAP_FAILED, "mmap: %m");
	return at;
}

static uint8_t *map_range(size_t len)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	uint8_t *range, *file;
	size_t at;
	uint32_t i;

	require(fd >= 0 && !ftruncate(fd, FILE_BYTES), "memfd: %m");
	file = map_file(fd, NULL);
	for (i = 0; i < FILE_PAGES; i++)
		file[(size_t)(i * STEP % FILE_PAGES) * PAGE] = 0;
	munmap(file, FILE_BYTES);
	range = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(range != MAP_FAILED, "%zu bytes of addresses: %m", len);
	for (at = 0; at < len; at += FILE_BYTES)
		map_file(fd, range + at);
	close(fd);
	return range;
}

/* Frame number of the page at addr (Documentation/admin-guide/mm/pagemap.rst). */
static uint64_t frame(int pagemap, const uint8_t *addr)
{
	uint64_t entry = 0;

	require(pread(pagemap, &entry, sizeof(entry),
		      (off_t)((uintptr_t)addr / PAGE * sizeof(entry))) == sizeof(entry),
		"/proc/self/pagemap: %m");
	return entry & ((1ull << 55) - 1);
}

/* Hardly a page may follow its neighbour: the IOMMU could map both by one entry. */
static void require_scattered(const uint8_t *range)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint32_t i, next = 0;

	require(pagemap >= 0, "/proc/self/pagemap: %m");
	for (i = 1; i < FILE_PAGES; i++)
		next += frame(pagemap, range + (size_t)i * PAGE) ==
			frame(pagemap, range + (size_t)(i - 1) * PAGE) + 1;
	close(pagemap);
	require(next < FILE_PAGES / 100, "%u of %u pages follow their neighbour", next, FILE_PAGES);
}

static void transfer(struct side *side, enum ibv_wr_opcode opcode, const struct memory *own,
		     const struct ibv_mr *mr, const uint8_t *at)
{
	struct ibv_sge sge = { .addr = (uintptr_t)own->addr, .length = LEN, .lkey = own->mr->lkey };
	struct ibv_send_wr wr = {
		.opcode = opcode,
		.sg_list = &sge,
		.num_sge = 1,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { .remote_addr = (uintptr_t)at, .rkey = mr->rkey },
	};

	post(side, &wr);
	poll_ok(side, opcode == IBV_WR_RDMA_WRITE ? IBV_WC_RDMA_WRITE : IBV_WC_RDMA_READ);
}

/* Writes that arrive where the CPU sees them, and come back by reads. */
static void probe(struct side *side, struct memory *own, const struct ibv_mr *mr, uint8_t *range,
		  size_t len)
{
	size_t step = (len - LEN) / (PROBES - 1);
	uint32_t i;

	for (i = 0; i < PROBES; i++) {
		uint8_t *at = range + i * step;

		fill(own->addr, LEN, i + 1);
		transfer(side, IBV_WR_RDMA_WRITE, own, mr, at);
		compare("written", at, LEN, i + 1, 0);
		memset(own->addr, 0, LEN);
		transfer(side, IBV_WR_RDMA_READ, own, mr, at);
		compare("read back", own->addr, LEN, i + 1, 0);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	struct port nic, peer;
	struct side near, far;
	struct memory own;
	double start, mapped;
	size_t len;
	uint8_t *range;
	struct ibv_mr *mr;

	args_count(argc, 3, 3, "NIC PEER MIB");
	len = args_number("MIB", argv[3], FILE_BYTES >> 20, 1 << 20) << 20;
	if (len % FILE_BYTES)
		args_bad("MIB '%s' is not a multiple of %u", argv[3], FILE_BYTES >> 20);
	port_open(&nic, argv[1]);
	port_open(&peer, argv[2]);
	memory_alloc(&own, &peer, PAGE, REMOTE);
	link_open(&far, &peer, &near, &nic, &(struct link_opts){ 0 });
	range = map_range(len);
	require_scattered(range);
	start = seconds();
	mr = ibv_reg_mr(nic.pd, range, len, REMOTE);
	require(mr, "ibv_reg_mr of %zu pages of 4 KiB: %m", len / PAGE);
	mapped = seconds();
	probe(&far, &own, mr, range, len);
	require(!ibv_dereg_mr(mr), "ibv_dereg_mr: %m");
	printf("%zu pages registered in %.1f s, written and released in %.1f s\n", len / PAGE,
	       mapped - start, seconds() - mapped);
	link_close(&far, &near);
	memory_free(&own);
	port_close(&nic);
	port_close(&peer);
	return 0;
}
