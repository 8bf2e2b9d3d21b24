// SPDX-License-Identifier: MIT
/*
 * mpi_ops MEMORY: ranks 0 and 1 of an MPI program exchange messages in both directions, put and get, and sum, in memory
 * of the host or of a device (memory.h). Every byte is compared. MEMORY may have a part for each rank, with a slash between them.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/memory.h"

#define HALF  (1u << 20)
#define COUNT (HALF / sizeof(double))

static int rank;

static void require(int ok, const char *what, size_t size)
{
	if (ok)
		return;
	fprintf(stderr, "rank %d: %s, %zu bytes: the data is wrong\n", rank, what, size);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

static const size_t sizes[] = { 0, 1, 7, 64, 1000, 4096, 8191, 65536, 262145, HALF };

static void ping_pong(char *out, char *in)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int size = (int)sizes[i], tag = (int)i;

		memory_fill(out, sizes[i], (unsigned int)(rank + 2 * tag));
		memset(in, 0, sizes[i]);
		if (rank == 0) {
			MPI_Send(out, size, MPI_BYTE, 1, tag, MPI_COMM_WORLD);
			MPI_Recv(in, size, MPI_BYTE, 1, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		} else {
			MPI_Recv(in, size, MPI_BYTE, 0, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			MPI_Send(out, size, MPI_BYTE, 0, tag, MPI_COMM_WORLD);
		}
		require(memory_is(in, sizes[i], (unsigned int)(1 - rank + 2 * tag)), "ping-pong",
			sizes[i]);
	}
}

static void both_directions(char *out, char *in)
{
	for (int round = 0; round < 4; round++) {
		memory_fill(out, HALF, (unsigned int)(rank + round));
		MPI_Sendrecv(out, HALF, MPI_BYTE, 1 - rank, 5, in, HALF, MPI_BYTE, 1 - rank, 5,
			     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		require(memory_is(in, HALF, (unsigned int)(1 - rank + round)), "both directions",
			HALF);
	}
}

static void sums(double *out, double *in)
{
	for (int count = 1; count <= (int)COUNT; count = count * 7 + 1) {
		int ok = 1;

		for (int i = 0; i < count; i++)
			out[i] = i * (rank + 1);
		MPI_Allreduce(out, in, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
		for (int i = 0; i < count; i++)
			ok = ok && in[i] == 3.0 * i;
		require(ok, "all-reduce", (size_t)count * sizeof(double));
	}
}

/* One-sided: the target's memory is registered by the transport, and written by the peer's NIC. */
static void one_sided(char *out, char *in)
{
	MPI_Win window;

	memory_fill(out, HALF, (unsigned int)(rank + 9));
	memset(in, 0, HALF);
	MPI_Win_create(in, HALF, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
	MPI_Win_fence(0, window);
	MPI_Put(out, HALF, MPI_BYTE, 1 - rank, 0, HALF, MPI_BYTE, window);
	MPI_Win_fence(0, window);
	require(memory_is(in, HALF, (unsigned int)(1 - rank + 9)), "put", HALF);
	memset(out, 0, HALF);
	MPI_Win_fence(0, window);
	MPI_Get(out, HALF, MPI_BYTE, 1 - rank, 0, HALF, MPI_BYTE, window);
	MPI_Win_fence(0, window);
	require(memory_is(out, HALF, (unsigned int)(rank + 9)), "get", HALF);
	MPI_Win_free(&window);
}

int main(int argc, char **argv)
{
	struct memory memory;
	const char *text;
	int size;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	if (argc != 2 || size != 2) {
		fprintf(stderr, "usage: mpirun -n 2 mpi_ops MEMORY[/MEMORY OF RANK 1]\n");
		MPI_Abort(MPI_COMM_WORLD, 2);
	}
	text = strchr(argv[1], '/');
	if (text && rank == 0)
		argv[1][text - argv[1]] = '\0';
	memory_get(&memory, text && rank ? text + 1 : argv[1], 2 * HALF);
	ping_pong(memory.addr, memory.addr + HALF);
	both_directions(memory.addr, memory.addr + HALF);
	sums((double *)memory.addr, (double *)(memory.addr + HALF));
	one_sided(memory.addr, memory.addr + HALF);
	MPI_Finalize();
	if (rank == 0)
		puts("mpi_ops: ok");
	return 0;
}
