// SPDX-License-Identifier: MIT
/*
 * One rank of a communicator of real NCCL, for run.sh: two of them on one GPU.
 *
 *	nccl_rank CASE RANK RANKS DIR
 *
 * The unique id goes through DIR. Each collective's result is compared with what the CPU
 * computes, and its digest printed, so that run.sh can compare networks.
 * CUDA's driver is loaded at run time; the program reports a machine without one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <nccl.h>

#include "tests/harness/args.h"

#define DIE(...)                                    \
	do {                                        \
		fprintf(stderr, "rank %d: ", rank); \
		fprintf(stderr, __VA_ARGS__);       \
		fputc('\n', stderr);                \
		fflush(NULL);                       \
		_exit(1);                           \
	} while (0)
#define NCCL(call)                                                               \
	do {                                                                     \
		ncclResult_t nccl_result = (call);                               \
		if (nccl_result != ncclSuccess && nccl_result != ncclInProgress) \
			DIE("%s: %s", #call, ncclGetErrorString(nccl_result));   \
	} while (0)
#define CU(call)                                                    \
	do {                                                        \
		int cu_result = (call);                             \
		if (cu_result)                                      \
			DIE("%s: CUDA error %d", #call, cu_result); \
	} while (0)

static int rank, ranks;
static const char *dir;

static int (*cu_init)(unsigned int);
static int (*cu_retain)(void **, int);
static int (*cu_set)(void *);
static int (*cu_alloc)(uintptr_t *, size_t);
static int (*cu_to_device)(uintptr_t, const void *, size_t);
static int (*cu_to_host)(void *, uintptr_t, size_t);
static int (*cu_stream)(void **, unsigned int);
static int (*cu_query)(void *);

static void *lookup(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		DIE("libcuda.so.1 lacks %s", name);
	return symbol;
}

static void cuda_start(void)
{
	void *library = dlopen("libcuda.so.1", RTLD_NOW), *ctx;

	if (!library) {
		printf("SKIP no CUDA driver: %s\n", dlerror());
		exit(77);
	}
	cu_init = lookup(library, "cuInit");
	cu_retain = lookup(library, "cuDevicePrimaryCtxRetain");
	cu_set = lookup(library, "cuCtxSetCurrent");
	cu_alloc = lookup(library, "cuMemAlloc_v2");
	cu_to_device = lookup(library, "cuMemcpyHtoD_v2");
	cu_to_host = lookup(library, "cuMemcpyDtoH_v2");
	cu_stream = lookup(library, "cuStreamCreate");
	cu_query = lookup(library, "cuStreamQuery");
	CU(cu_init(0));
	CU(cu_retain(&ctx, 0));
	CU(cu_set(ctx));
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Rank 0 writes the id of the @turn-th communicator, the others wait for the file. */
static ncclUniqueId unique_id(int turn)
{
	char name[512], part[520];
	ncclUniqueId id;
	FILE *file;

	snprintf(name, sizeof(name), "%s/id.%d", dir, turn);
	snprintf(part, sizeof(part), "%s.part", name);
	if (!rank) {
		NCCL(ncclGetUniqueId(&id));
		file = fopen(part, "w");
		if (!file || fwrite(&id, sizeof(id), 1, file) != 1 || fclose(file) ||
		    rename(part, name))
			DIE("cannot write %s", name);
		return id;
	}
	while (!(file = fopen(name, "r")))
		pause_ms(5);
	if (fread(&id, sizeof(id), 1, file) != 1)
		DIE("cannot read %s", name);
	fclose(file);
	return id;
}

struct run {
	ncclComm_t comm;
	void *stream;
	uintptr_t in, out;
	float *host;
	size_t room; /* values */
};

/* Whole numbers below 2^12, so that sums are exact in any order. */
static float value(int r, size_t i)
{
	return (float)((i * 7 + (size_t)r * 131 + 3) % 4093);
}

/* Wait for the stream; an asynchronous error of the communicator ends the wait. */
static ncclResult_t finish(struct run *run)
{
	ncclResult_t state;
	int busy;

	while ((busy = cu_query(run->stream)) == 600) {
		if (ncclCommGetAsyncError(run->comm, &state) != ncclSuccess)
			return ncclInternalError;
		if (state != ncclSuccess && state != ncclInProgress)
			return state;
		pause_ms(1);
	}
	if (busy)
		DIE("the stream ended with CUDA error %d", busy);
	return ncclSuccess;
}

static void open_run(struct run *run, int turn, size_t room)
{
	memset(run, 0, sizeof(*run));
	run->room = room;
	NCCL(ncclCommInitRank(&run->comm, ranks, unique_id(turn), rank));
	CU(cu_stream(&run->stream, 1));
	CU(cu_alloc(&run->in, room * (size_t)ranks * sizeof(float)));
	CU(cu_alloc(&run->out, room * (size_t)ranks * sizeof(float)));
	run->host = malloc(room * (size_t)ranks * sizeof(float));
	if (!run->host)
		DIE("no memory");
}

static void fill(struct run *run, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run->host[i] = value(rank, i);
	CU(cu_to_device(run->in, run->host, n * sizeof(float)));
	for (size_t i = 0; i < run->room * (size_t)ranks; i++)
		run->host[i] = -1;
	CU(cu_to_device(run->out, run->host, run->room * (size_t)ranks * sizeof(float)));
}

static float want(const char *name, size_t count, size_t i)
{
	size_t at = i;
	float sum = 0;

	if (!strcmp(name, "all_gather"))
		return value((int)(i / count), i % count);
	if (!strcmp(name, "all_to_all"))
		return value((int)(i / count), (size_t)rank * count + i % count);
	if (!strcmp(name, "reduce_scatter"))
		at = (size_t)rank * count + i;
	for (int r = 0; r < ranks; r++)
		sum += value(r, at);
	return sum;
}

static void launch(struct run *run, const char *name, size_t count)
{
	const float *in = (const float *)run->in;
	float *out = (float *)run->out;
	cudaStream_t stream = run->stream;

	if (!strcmp(name, "all_reduce")) {
		NCCL(ncclAllReduce(in, out, count, ncclFloat, ncclSum, run->comm, stream));
	} else if (!strcmp(name, "all_gather")) {
		NCCL(ncclAllGather(in, out, count, ncclFloat, run->comm, stream));
	} else if (!strcmp(name, "reduce_scatter")) {
		NCCL(ncclReduceScatter(in, out, count, ncclFloat, ncclSum, run->comm, stream));
	} else {
		NCCL(ncclGroupStart());
		for (int r = 0; r < ranks; r++) {
			NCCL(ncclSend(in + count * (size_t)r, count, ncclFloat, r, run->comm,
				      stream));
			NCCL(ncclRecv(out + count * (size_t)r, count, ncclFloat, r, run->comm,
				      stream));
		}
		NCCL(ncclGroupEnd());
	}
}

static void collective(struct run *run, const char *name, size_t count)
{
	size_t n = !strcmp(name, "all_gather") || !strcmp(name, "all_to_all") ?
			   count * (size_t)ranks :
			   count;
	uint64_t digest = 14695981039346656037ull;
	ncclResult_t result;

	fill(run, count * (size_t)ranks);
	launch(run, name, count);
	result = finish(run);
	if (result != ncclSuccess)
		DIE("%s of %zu values: %s", name, count, ncclGetErrorString(result));
	CU(cu_to_host(run->host, run->out, n * sizeof(float)));
	for (size_t i = 0; i < n; i++) {
		if (run->host[i] != want(name, count, i))
			DIE("%s of %zu values: value %zu is %g, not %g", name, count, i,
			    (double)run->host[i], (double)want(name, count, i));
		digest = (digest ^ (uint64_t)run->host[i]) * 1099511628211ull;
	}
	printf("%s %zu %d %016llx\n", name, count, rank, (unsigned long long)digest);
	fflush(stdout);
}

static void all_collectives(struct run *run)
{
	static const char *const names[] = { "all_reduce", "all_gather", "reduce_scatter",
					     "all_to_all" };
	static const size_t counts[] = { 1, 1023, 65537, 262144 };

	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 4; k++)
			collective(run, names[i], counts[k]);
	}
}

static void case_register(struct run *run)
{
	void *in, *out;

	NCCL(ncclCommRegister(run->comm, (void *)run->in, run->room * (size_t)ranks * 4, &in));
	NCCL(ncclCommRegister(run->comm, (void *)run->out, run->room * (size_t)ranks * 4, &out));
	collective(run, "all_reduce", 65536);
	collective(run, "all_to_all", 65536);
	NCCL(ncclCommDeregister(run->comm, in));
	NCCL(ncclCommDeregister(run->comm, out));
}

static void case_split(struct run *run)
{
	ncclComm_t parent = run->comm, child;

	NCCL(ncclCommSplit(parent, 0, ranks - 1 - rank, &child, NULL));
	run->comm = child;
	rank = ranks - 1 - rank;
	collective(run, "all_reduce", 4096);
	rank = ranks - 1 - rank;
	NCCL(ncclCommDestroy(child));
	run->comm = parent;
	collective(run, "all_reduce", 4096);
}

/* Rank 0 starts a collective that the other never joins, and aborts. */
static void case_abort(struct run *run)
{
	collective(run, "all_reduce", 1024);
	if (!rank) {
		fill(run, 1024);
		launch(run, "all_reduce", 1024);
		pause_ms(500);
		if (cu_query(run->stream) != 600)
			DIE("the collective ended although the peer did not join");
	}
	NCCL(ncclCommAbort(run->comm));
	printf("abort 0 %d returned\n", rank);
	fflush(stdout);
	_exit(0);
}

/* The last rank is killed; the others must get an error within the time limit of run.sh. */
static void case_killed(struct run *run)
{
	ncclResult_t result;

	collective(run, "all_reduce", 1024);
	if (rank == ranks - 1)
		_exit(0);
	fill(run, 262144);
	launch(run, "all_reduce", 262144);
	result = finish(run);
	if (result == ncclSuccess)
		DIE("the collective ended well although the peer is dead");
	printf("killed 0 %d %s\n", rank, ncclGetErrorString(result));
	fflush(stdout);
	NCCL(ncclCommAbort(run->comm));
	_exit(0);
}

int main(int argc, char **argv)
{
	struct run run;
	int version, turns = 1;
	const char *name;

	args_count(argc, 4, 4, "CASE RANK RANKS FOLDER");
	args_word("CASE", argv[1], "again|collectives|register|split|abort|killed|once");
	name = argv[1];
	ranks = (int)args_number("RANKS", argv[3], 1, 64);
	rank = (int)args_number("RANK", argv[2], 0, (uint64_t)ranks - 1);
	dir = argv[4];
	cuda_start();
	NCCL(ncclGetVersion(&version));
	fprintf(stderr, "NCCL %d\n", version);
	if (!strcmp(name, "again"))
		turns = 3;
	for (int turn = 0; turn < turns; turn++) {
		open_run(&run, turn, 262144);
		if (!strcmp(name, "collectives"))
			all_collectives(&run);
		else if (!strcmp(name, "register"))
			case_register(&run);
		else if (!strcmp(name, "split"))
			case_split(&run);
		else if (!strcmp(name, "abort"))
			case_abort(&run);
		else if (!strcmp(name, "killed"))
			case_killed(&run);
		else
			collective(&run, "all_reduce", 1024);
		NCCL(ncclCommDestroy(run.comm));
	}
	printf("end 0 %d ok\n", rank);
	return 0;
}
