// SPDX-License-Identifier: MIT
/*
 * The cost of fab_dma() compared with a plain copy: 1 MiB, 4 KiB and 64 bytes into the
 * memory BAR of an endpoint, untagged and tagged. Figures of this process, not of any NIC.
 *
 *	fab_dma				timed
 *	fab_dma untagged|tagged N	N requests of 4 KiB, for a tool that counts instructions
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/pci_regs.h>

#include "fabric/core/dma.h"
#include "fabric/core/fabric.h"
#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/harness/args.h"

#define BUS  0x100000000ull
#define SIZE (8u << 20)

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_copy(uint8_t *to, const uint8_t *from, uint32_t len, int rounds)
{
	double start = seconds();
	int i;

	for (i = 0; i < rounds; i++) {
		memcpy(to + (size_t)i * len % SIZE, from, len);
		__asm__ volatile("" : : "r"(to), "r"(from) : "memory");
	}
	return (seconds() - start) / rounds;
}

static double time_dma(struct fab_dma *req, const uint8_t *from, int rounds)
{
	double start = seconds();
	int i;

	for (i = 0; i < rounds; i++) {
		req->addr = BUS + (uint64_t)i * req->len % SIZE;
		if (fab_dma(req, fab_dma_copy_out, (void *)from))
			abort();
	}
	return (seconds() - start) / rounds;
}

static void put(struct fab_device *dev, uint32_t off, uint32_t value, uint32_t len)
{
	fab_device_cfg_write(dev, off, &value, len);
}

static struct fab_dma request(struct fab_device *from, uint32_t len, bool tagged)
{
	return (struct fab_dma){
		.dev = from,
		.write = true,
		.len = len,
		.tph = { .th = tagged, .ph = tagged ? 2 : 0, .st = tagged ? 0x5a : 0 }
	};
}

static void compare(struct fab_device *from, struct fab_device *to, const uint8_t *source,
		    uint32_t len, bool tagged)
{
	const int most = (int)((256u << 20) / len), rounds = most > 200000 ? 200000 : most;
	struct fab_dma req = request(from, len, tagged);
	double copy = 1, dma = 1, t;

	for (int round = 0; round < 7; round++) {
		t = time_copy(to->bar[EP_MEMORY_BAR].host, source, len, rounds);
		copy = t < copy ? t : copy;
		t = time_dma(&req, source, rounds);
		dma = t < dma ? t : dma;
	}
	printf("%8u bytes %-8s memcpy %9.1f ns, fab_dma %9.1f ns, memcpy/fab_dma %.3f\n", len,
	       tagged ? "tagged" : "untagged", copy * 1e9, dma * 1e9, copy / dma);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 1 << 20, 4096, 64 };
	const struct ep_opts opts = { .memory_size = SIZE, .completer = FAB_TPH_EXT };
	struct fab_fabric *fabric;
	struct fab_device *from, *to;
	unsigned int i, n = 0;
	bool tagged = false;
	uint8_t *source;

	args_count(argc, 0, 2, "[untagged|tagged N]");
	if (argc > 1) {
		args_count(argc, 2, 2, "untagged|tagged N");
		tagged = args_word("KIND", argv[1], "untagged|tagged");
		n = (unsigned int)args_number("N", argv[2], 1, 1000000000);
	}
	source = malloc(SIZE);
	if (!source || fab_fabric_new(&fabric) || ep_new(fabric, "from", &opts) ||
	    ep_new(fabric, "to", &opts))
		return 1;
	from = fab_fabric_find(fabric, "from");
	to = fab_fabric_find(fabric, "to");
	put(from, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	put(to, PCI_BASE_ADDRESS_2, (uint32_t)BUS, 4);
	put(to, PCI_BASE_ADDRESS_3, BUS >> 32, 4);
	put(to, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	memset(source, 1, SIZE);
	memset(to->bar[EP_MEMORY_BAR].host, 2, SIZE);
	if (n) {
		struct fab_dma req = request(from, 4096, tagged);

		time_dma(&req, source, (int)n);
	} else {
		for (i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++)
			compare(from, to, source, sizes[i / 2], i & 1);
	}
	fab_fabric_free(fabric);
	free(source);
	return 0;
}
