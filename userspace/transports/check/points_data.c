// SPDX-License-Identifier: MIT
/* Contract points about isend, irecv, iflush and test. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define MAX_N 64

static const char *c15_many(struct plugin *p)
{
	void *recv[NCCL_MAX_REQUESTS], *send[NCCL_MAX_REQUESTS * MAX_N], *data[MAX_N], *mrs[MAX_N];
	int tags[MAX_N], got[MAX_N + 1], n, total;
	size_t sizes[MAX_N], piece = 512;
	struct nccl_props_v12 props;
	struct region from, to;
	struct pair pair;
	const char *why;

	HOLDS(pair_prepare(&pair, p, NCCL_MAX_REQUESTS * MAX_N * piece, &from, &to));
	TRY(np_properties(p, 0, &props));
	n = props.max_recvs;
	total = np_requests(p) * n;
	pattern_fill(from.data, (size_t)total * piece, 4);
	for (int i = 0; i < np_requests(p); i++) {
		for (int k = 0; k < n; k++) {
			data[k] = to.data + (size_t)(i * n + k) * piece;
			sizes[k] = piece;
			tags[k] = k;
			mrs[k] = to.mr;
		}
		recv[i] = NULL;
		TRY(np_irecv(p, pair.recv, n, data, sizes, tags, mrs, &recv[i]));
		NEED(recv[i], "irecv %d got no request: NCCL posts %d", i, np_requests(p));
	}
	for (int i = 0; i < total; i++) {
		int polled = 0;

		send[i] = NULL;
		while (!send[i]) {
			TRY(np_isend(p, pair.send, from.data + (size_t)i * piece, piece, i % n,
				     from.mr, &send[i]));
			/* The announcement may need the receiver's progress. */
			if (!send[i])
				TRY(np_test(p, recv[np_requests(p) - 1], &polled, got));
			NEED(!polled, "the last receive is done before its sends");
		}
	}
	for (int i = 0; i < total; i++) {
		if ((why = wait_request(p, send[i], NULL)))
			return reason("send %d: %s", i, why);
	}
	for (int i = 0; i < np_requests(p); i++) {
		if ((why = wait_request(p, recv[i], got)))
			return reason("receive %d: %s", i, why);
	}
	NEED(pattern_differs(to.data, (size_t)total * piece, 4) == (size_t)total * piece,
	     "the data is wrong");
	return NULL;
}

static const char *c16_retry(struct plugin *p)
{
	void *send = NULL, *recv = NULL, *data, *mr;
	int tag = 3, tries = 0, done = 0;
	size_t size = 5000;
	struct region from, to;
	struct pair pair;
	const char *why;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &to));
	pattern_fill(from.data, size, 6);
	for (; tries < 200 && !send; tries++)
		TRY(np_isend(p, pair.send, from.data, size, tag, from.mr, &send));
	data = to.data;
	mr = to.mr;
	while (!recv)
		TRY(np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv));
	if (!send &&
	    (why = send_until(&pair, from.data, size, tag, from.mr, recv, &done, NULL, &send)))
		return why;
	if ((why = wait_request(p, send, NULL)) || (!done && (why = wait_request(p, recv, NULL))))
		return why;
	NEED(pattern_differs(to.data, size, 6) == size, "the data is wrong after %d refusals",
	     tries);
	return NULL;
}

static const char *c17_grouped(struct plugin *p)
{
	static const int order[] = { 2, 0, 3, 1 };
	static const size_t lengths[] = { 1000, 0, 17, 4096 };
	void *send[4], *recv = NULL, *data[4], *mrs[4];
	int tags[4], got[MAX_N] = { 0 }, done = 0;
	size_t sizes[4];
	struct nccl_props_v12 props;
	struct region from, to;
	struct pair pair;
	const char *why;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &to));
	TRY(np_properties(p, 0, &props));
	if (props.max_recvs < 4)
		return "SKIP maxRecvs is below 4";
	for (int i = 0; i < 4; i++) {
		data[i] = to.data + 8192 * i;
		sizes[i] = 8192;
		tags[i] = 40 - 10 * i; /* descending */
		mrs[i] = to.mr;
		pattern_fill(from.data + 8192 * i, 8192, (unsigned int)i);
	}
	while (!recv)
		TRY(np_irecv(p, pair.recv, 4, data, sizes, tags, mrs, &recv));
	for (int i = 0; i < 4; i++) {
		int k = order[i];

		HOLDS(send_until(&pair, from.data + 8192 * k, lengths[k], tags[k], from.mr, recv,
				 &done, got, &send[i]));
	}
	for (int i = 0; i < 4; i++) {
		HOLDS(wait_request(p, send[i], NULL));
	}
	if (!done && (why = wait_request(p, recv, got)))
		return why;
	for (int i = 0; i < 4; i++) {
		NEED((size_t)got[i] == lengths[i], "part %d has %d bytes, not %zu", i, got[i],
		     lengths[i]);
		NEED(pattern_differs(data[i], lengths[i], (unsigned int)i) == lengths[i],
		     "part %d has the data of another tag", i);
	}
	return NULL;
}

static const char *c18_optional(struct plugin *p)
{
	void *send = NULL, *recv = NCCL_OPTIONAL_RECV_COMPLETION, *data, *mr;
	int tag = 1, done = 0;
	size_t size = 3000;
	struct region from, to;
	struct pair pair;
	const char *why;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &to));
	data = to.data;
	mr = to.mr;
	pattern_fill(from.data, size, 8);
	TRY(np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv));
	NEED(recv != NCCL_OPTIONAL_RECV_COMPLETION, "irecv left the marker as the request");
	if (!recv)
		return "SKIP irecv gave no request";
	if ((why = send_until(&pair, from.data, size, tag, from.mr, recv, &done, NULL, &send)) ||
	    (why = wait_request(p, send, NULL)) || (!done && (why = wait_request(p, recv, NULL))))
		return why;
	NEED(pattern_differs(to.data, size, 8) == size, "the data is wrong");
	return NULL;
}

static const char *c19_sizes(struct plugin *p)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 4095, 4097, 60001 };
	struct region from, to;
	struct pair pair;
	int got;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &to));
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(to.data, 0xee, 65536);
		pattern_fill(from.data, sizes[i], i);
		HOLDS(pair_transfer(&pair, &from, sizes[i], &to, 65536, &got));
		NEED((size_t)got == sizes[i], "%zu bytes sent, the receiver was told %d", sizes[i],
		     got);
		NEED(pattern_differs(to.data, sizes[i], i) == sizes[i],
		     "%zu bytes: the data is wrong", sizes[i]);
		for (size_t k = sizes[i]; k < 65536; k++)
			NEED((unsigned char)to.data[k] == 0xee,
			     "byte %zu behind a message of %zu was written", k, sizes[i]);
	}
	return NULL;
}

static const char *c20_test_sizes(struct plugin *p)
{
	void *send = NULL, *recv = NULL, *data, *mr;
	int tag = 1, done = 0, sizes[4] = { -7, -7, -7, -7 };
	size_t size = 100;
	struct region from, to;
	struct pair pair;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &to));
	data = to.data;
	mr = to.mr;
	TRY(np_irecv(p, pair.recv, 1, &data, &size, &tag, &mr, &recv));
	TRY(np_test(p, recv, &done, sizes + 1));
	NEED(!done && sizes[1] == -7, "test wrote a size although nothing is done");
	HOLDS(send_until(&pair, from.data, size, tag, from.mr, recv, &done, sizes + 1, &send));
	HOLDS(wait_request(p, send, NULL));
	while (!done)
		TRY(np_test(p, recv, &done, sizes + 1));
	NEED(sizes[1] == 100, "the size is %d, not 100", sizes[1]);
	NEED(sizes[0] == -7 && sizes[2] == -7 && sizes[3] == -7,
	     "test of one receive wrote more than one size");
	return NULL;
}

static const char *c21_flush(struct plugin *p)
{
	void *flush = NULL, *data[2], *mrs[2];
	int sizes[2] = { 0, 0 };
	struct region from, to;
	struct pair pair;
	const char *why;

	HOLDS(pair_prepare(&pair, p, 65536, &from, &to));
	data[0] = data[1] = to.data;
	mrs[0] = mrs[1] = to.mr;
	for (unsigned int i = 0; i < 20; i++) {
		pattern_fill(from.data, 65536, i);
		HOLDS(pair_transfer(&pair, &from, 65536, &to, 65536, NULL));
		sizes[0] = 65536;
		flush = NULL;
		TRY(np_iflush(p, pair.recv, 2, data, sizes, mrs, &flush));
		if (flush && (why = wait_request(p, flush, NULL)))
			return why;
		NEED(pattern_differs(to.data, 65536, i) == 65536,
		     "after the flush the data is not there");
	}
	sizes[0] = 0;
	flush = NULL; /* NCCL clears it, so a plugin may leave it alone */
	TRY(np_iflush(p, pair.recv, 2, data, sizes, mrs, &flush));
	if (flush)
		return wait_request(p, flush, NULL);
	return NULL;
}

static const char *c22_extremes(struct plugin *p)
{
	size_t large = (40u << 20) + 1;
	struct region from, to;
	struct pair pair;
	const char *why;
	int got = -1;

	HOLDS(pair_prepare(&pair, p, large, &from, &to));
	if ((why = pair_transfer(&pair, &from, 0, &to, 4096, &got)))
		return reason("0 bytes: %s", why);
	NEED(got == 0, "0 bytes sent, the receiver was told %d", got);
	pattern_fill(from.data, large, 2);
	if ((why = pair_transfer(&pair, &from, large, &to, large, &got)))
		return reason("%zu bytes: %s", large, why);
	NEED((size_t)got == large && pattern_differs(to.data, large, 2) == large,
	     "%zu bytes: wrong at %zu", large, pattern_differs(to.data, large, 2));
	return NULL;
}

const struct point points_data[] = {
	{ "C15", "as many receives of maxRecvs parts each as NCCL posts", c15_many },
	{ "C16", "isend without a request is called again with the same arguments", c16_retry },
	{ "C17", "tags choose within a grouped receive; parts may be empty", c17_grouped },
	{ "C18", "the marker for optional completion is not a request", c18_optional },
	{ "C19", "a receive may be larger than the send; sizes are exact", c19_sizes },
	{ "C20", "test writes a size for each part when done, and no more", c20_test_sizes },
	{ "C21", "a flush ends, and one of no bytes needs no request", c21_flush },
	{ "C22", "messages of 0 bytes and of more than 40 MiB", c22_extremes },
	{ NULL, NULL, NULL },
};
