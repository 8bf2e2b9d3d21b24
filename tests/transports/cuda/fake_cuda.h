/* SPDX-License-Identifier: MIT */
/* Stands for libcuda.so.1: all memory is a device's, copies are done at the second look. */
#ifndef FAKE_CUDA_H
#define FAKE_CUDA_H

#include <stdbool.h>

struct fake_cuda {
	/* The nth call of this function fails with the error (1: the next). */
	const char *fail_call;
	unsigned int fail_nth;
	int fail_error;
	bool host; /* pointers are of host memory */
	/* Open at the moment */
	int contexts, pushed, streams, events, pinned;
	unsigned int stream_flags, copies;
};

extern struct fake_cuda fake_cuda;

#endif
