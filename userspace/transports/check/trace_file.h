/* SPDX-License-Identifier: MIT */
/* A trace of TPHBUF_NET_TRACE, read into memory: the calls of each process in order. */
#ifndef TRANSPORTS_CHECK_TRACE_FILE_H
#define TRANSPORTS_CHECK_TRACE_FILE_H

#include <stddef.h>
#include <stdint.h>

#define TRACE_RANKS 8
#define TRACE_PARTS 8

enum trace_call {
	TRACE_INIT,
	TRACE_DEVICES,
	TRACE_LISTEN,
	TRACE_CONNECT,
	TRACE_ACCEPT,
	TRACE_CLOSE_LISTEN,
	TRACE_REG,
	TRACE_REG_DMABUF,
	TRACE_DEREG,
	TRACE_ISEND,
	TRACE_IRECV,
	TRACE_IFLUSH,
	TRACE_TEST,
	TRACE_CLOSE_SEND,
	TRACE_CLOSE_RECV,
	TRACE_FINALIZE,
	TRACE_CALLS
};

struct trace_part {
	uint32_t mr;
	size_t at, size;
	int tag;
};

struct trace_line {
	enum trace_call call;
	int rank, result;
	uint32_t ctx, listen, comm, mr, req; /* numbers of objects */
	char token[33];
	size_t size, page, offset;
	int optional, n;
	struct trace_part part[TRACE_PARTS];
	int sizes[TRACE_PARTS]; /* of a test */
};

struct trace {
	struct trace_line *lines;
	size_t n;
	int ranks;
};

/* NULL, or why not */
const char *trace_read(const char *file, struct trace *trace);
/* The rank whose connect has this token; -1: none */
int trace_connector(const struct trace *trace, const char *token);
int trace_listener(const struct trace *trace, const char *token);

#endif
