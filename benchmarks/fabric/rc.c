// SPDX-License-Identifier: MIT
/*
 * The cost of an RDMA WRITE inside the fabric, from the doorbell to the completion, without QEMU and without
 * sockets: host memory to host memory between two NICs. Figures of this process, not of any NIC.
 *
 *	fab_rc			timed, 8 bytes to 1 MiB, beside a plain copy of as many bytes; from contiguous pages,
 *				then from pages of which no two follow each other, as those of a process may be
 *	fab_rc BYTES N [pages]	N messages, for a tool that counts instructions; pages: such a source
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/fabric/rc_rig.h"
#include "tests/harness/args.h"

#define BATCH	 16u /* work requests to a doorbell, the last one signalled */
#define MAX_SIZE (1u << 20)

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bench {
	struct rig_pair pair;
	struct nic_sge sge;
	struct rig_wr wr;
	uint64_t source, target;
};

/* The pages of the source in reverse order */
static void scatter(struct bench *bench)
{
	struct nic_mkey *mkey = rig_mkey(bench->pair.rig.nic[0], bench->sge.lkey);

	for (uint32_t i = 0; i < mkey->mtts / 2; i++) {
		uint64_t entry = mkey->mtt[i];

		mkey->mtt[i] = mkey->mtt[mkey->mtts - 1 - i];
		mkey->mtt[mkey->mtts - 1 - i] = entry;
	}
}

static void bench_open(struct bench *bench)
{
	struct rig *rig = &bench->pair.rig;

	rig_pair_open(&bench->pair, false);
	bench->source = rig_alloc(rig, MAX_SIZE);
	bench->target = rig_alloc(rig, MAX_SIZE);
	rig_fill(rig, bench->source, MAX_SIZE, 1);
	bench->sge = (struct nic_sge){ .addr = RIG_VA + bench->source,
				       .lkey = rig_key(rig->nic[0], bench->pair.pd[0],
						       NIC_LOCAL_READ, bench->source, MAX_SIZE) };
	bench->wr = (struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
				     .sge = &bench->sge,
				     .nsge = 1,
				     .remote_va = RIG_VA + bench->target,
				     .rkey = rig_key(rig->nic[1], bench->pair.pd[1],
						     NIC_REMOTE_WRITE, bench->target, MAX_SIZE) };
}

static void write_messages(struct bench *bench, uint32_t bytes, uint32_t count)
{
	struct mlx5_cqe64 cqe;
	uint32_t i;

	bench->sge.len = bytes;
	for (i = 0; i < count; i++) {
		bench->wr.unsignalled = (i + 1) % BATCH && i + 1 != count;
		rig_post_quiet(&bench->pair.qp[0], &bench->wr);
		if (bench->wr.unsignalled)
			continue;
		rig_ring(&bench->pair.qp[0]);
		if (!rig_cq_wait(&bench->pair.cq[0], &cqe) || rig_cqe_opcode(&cqe) != MLX5_CQE_REQ)
			abort();
	}
}

static void copy_messages(struct bench *bench, uint32_t bytes, uint32_t count)
{
	void *to = rig_at(&bench->pair.rig, bench->target);
	const void *from = rig_at(&bench->pair.rig, bench->source);
	uint32_t i;

	for (i = 0; i < count; i++) {
		memcpy(to, from, bytes);
		__asm__ volatile("" : : "r"(to), "r"(from) : "memory");
	}
}

static double best_ns(struct bench *bench, uint32_t bytes, uint32_t count,
		      void (*run)(struct bench *bench, uint32_t bytes, uint32_t count))
{
	double best = 1e9, start;

	for (int round = 0; round < 7; round++) {
		start = seconds();
		run(bench, bytes, count);
		start = seconds() - start;
		best = start < best ? start : best;
	}
	return best * 1e9 / count;
}

static void compare(struct bench *bench, uint32_t size, const char *pages)
{
	uint32_t count = size >= 65536 ? 256 : 16384;
	double copy = best_ns(bench, size, count, copy_messages);
	double message = best_ns(bench, size, count, write_messages);

	printf("%8u bytes%s: memcpy %9.1f ns, RDMA WRITE %9.1f ns, memcpy/WRITE %.3f\n", size,
	       pages, copy, message, copy / message);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 8, 64, 4096, 65536, MAX_SIZE };
	uint32_t size = 0, n = 0;
	struct bench bench;

	args_count(argc, 0, 3, "[BYTES N [pages]]");
	if (argc > 1) {
		args_count(argc, 2, 3, "BYTES N [pages]");
		size = (uint32_t)args_number("BYTES", argv[1], 1, MAX_SIZE);
		n = (uint32_t)args_number("N", argv[2], 1, UINT32_MAX);
	}
	if (argc == 4)
		args_word("SOURCE", argv[3], "pages");
	bench_open(&bench);
	if (argc == 4)
		scatter(&bench);
	if (n) {
		write_messages(&bench, size, n);
	} else {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			compare(&bench, sizes[i], "");
		scatter(&bench);
		compare(&bench, 65536, ", scattered pages");
		compare(&bench, MAX_SIZE, ", scattered pages");
	}
	rig_pair_close(&bench.pair);
	return 0;
}
