// SPDX-License-Identifier: MIT
/*
 * reg_latency BDF NIC TAG COUNT: CPU time of ibv_reg_dmabuf_mr() on one buffer, COUNT pairs of untagged
 * and tagged, in the order A B B A. Prints one line "tagged|untagged MICROSECONDS" for each registration; the first pair of each
 * kind is left out, because it creates the memory key that later ones reuse from the driver's
 * pool, and writes the tag to the NIC's table.
 *
 * The time is that of the calling thread: verbs library, RDMA core, NIC driver and exporter, without the
 * wait for the NIC. make bench runs this program with a clock that counts instructions
 * (benchmarks/guest/count.sh).
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <string.h>
#include <tphbuf/tphbuf.h>

#include "benchmarks/micro/clock.h"
#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define LENGTH (1u << 20)

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "reg_latency: %s: %s\n", what, why);
	return 1;
}

static int measure(struct ibv_pd *pd, struct tphbuf_buffer *buf, double *us)
{
	double start = thread_us();
	struct ibv_mr *mr = ibv_reg_dmabuf_mr(pd, 0, LENGTH, 0, tphbuf_buffer_fd(buf),
					      IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);

	*us = thread_us() - start;
	return mr ? ibv_dereg_mr(mr) : errno;
}

static int run(struct ibv_pd *pd, struct tphbuf_buffer *buf, const struct tphbuf_tag *tag, int count)
{
	static const struct tphbuf_tag none;
	double us;

	for (int i = 0; i < 2 * (count + 1); i++) {
		const int tagged = (i ^ i >> 1) & 1; /* 0 1 1 0 */

		if (tphbuf_buffer_tag_set(buf, tagged ? tag : &none) || measure(pd, buf, &us))
			return -1;
		if (i >= 2)
			printf("%s %.2f\n", tagged ? "tagged" : "untagged", us);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct tphbuf_range range = { 0, LENGTH };
	struct tphbuf_buffer *buf;
	struct tphbuf_device *dev;
	struct tphbuf_ctx *ctx;
	struct tphbuf_tag tag;
	struct ibv_pd *pd;
	const char *why;
	int count;

	args_count(argc, 4, 4, "BDF NIC TAG COUNT");
	if (tphbuf_tag_parse(argv[3], &tag, &why))
		args_bad("TAG '%s': %s", argv[3], why);
	count = (int)args_number("COUNT", argv[4], 1, 1000000000);
	if (tphbuf_ctx_new(NULL, &ctx))
		return failed("context", "out of memory");
	if (tphbuf_device_open(ctx, argv[1], NULL, &dev) || tphbuf_device_memory(dev, true) ||
	    tphbuf_buffer_export(dev, 2, &range, 1, NULL, &buf))
		return failed(argv[1], tphbuf_ctx_error(ctx));
	pd = open_pd(argv[2]);
	if (!pd)
		return failed(argv[2], strerror(errno));
	if (run(pd, buf, &tag, count))
		return failed("measurement", tphbuf_ctx_error(ctx));
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	tphbuf_ctx_free(ctx);
	return 0;
}
