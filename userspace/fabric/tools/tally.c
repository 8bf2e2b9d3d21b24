// SPDX-License-Identifier: MIT
/*
 * fabric-tally: print the TLPs that the fabric's endpoint has counted, in the guest that owns
 * the endpoint. The program reads the endpoint's register file (endpoint/regs.h) through vfio.
 *
 * Exit status: 0; 1 when the endpoint cannot be read; 2 for a bad command line.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fabric/endpoint/regs.h"
#include "fabric/tools/vfio.h"
#include "version.h"

static const char help[] =
	"usage: fabric-tally BDF [--clear | --take]\n"
	"Print the TLPs that arrived at the memory BAR of a tphbuf-fabric endpoint, as JSON.\n"
	"BDF is the endpoint's PCI address in this guest; the endpoint is bound to vfio-pci.\n"
	"\n"
	"  --clear    set the counters to zero first\n"
	"  --take     set the counters to zero after they were printed\n"
	"  --help     print this text\n"
	"  --version  print the version\n";

/* Registers of one endpoint. ok turns false with the first access that fails. */
struct endpoint {
	int fd;
	int64_t base;
	bool ok;
};

static uint64_t reg_read(struct endpoint *ep, uint32_t off, size_t len)
{
	uint64_t value = 0;

	if (pread(ep->fd, &value, len, ep->base + off) != (ssize_t)len)
		ep->ok = false;
	return value;
}

static void reg_write(struct endpoint *ep, uint32_t off, uint32_t value)
{
	if (pwrite(ep->fd, &value, sizeof(value), ep->base + off) != sizeof(value))
		ep->ok = false;
}

static void print_row(struct endpoint *ep, uint32_t row, const char **comma)
{
	reg_write(ep, EP_ROW, row);
	if (!reg_read(ep, EP_ROW_TH, 4))
		return;
	printf("%s{\"kind\": \"%s\", \"width\": %u, \"st\": \"0x%x\", \"ph\": %u, \"count\": %" PRIu64
	       "}",
	       *comma, reg_read(ep, EP_ROW_KIND, 4) == EP_KIND_MWR ? "write" : "read",
	       (unsigned int)reg_read(ep, EP_ROW_WIDTH, 4), (unsigned int)reg_read(ep, EP_ROW_ST, 4),
	       (unsigned int)reg_read(ep, EP_ROW_PH, 4), reg_read(ep, EP_ROW_TLPS, 8));
	*comma = ", ";
}

static void print_tally(struct endpoint *ep)
{
	uint32_t rows = (uint32_t)reg_read(ep, EP_ROWS, 4), i;
	const char *comma = "";

	printf("{\"writes\": %" PRIu64 ", \"writes_tagged\": %" PRIu64 ", \"reads\": %" PRIu64
	       ", \"reads_tagged\": %" PRIu64 ", \"tags\": [",
	       reg_read(ep, EP_MWR_TLPS, 8), reg_read(ep, EP_MWR_TAGGED, 8),
	       reg_read(ep, EP_MRD_TLPS, 8), reg_read(ep, EP_MRD_TAGGED, 8));
	for (i = 0; i < rows && ep->ok; i++)
		print_row(ep, i, &comma);
	puts("]}");
}

static int complain(const char *bdf, const char *what)
{
	fprintf(stderr, "fabric-tally: %s: %s\n", bdf, what);
	return 1;
}

enum zero { ZERO_NEVER, ZERO_BEFORE, ZERO_AFTER };

static int run(const char *bdf, enum zero zero)
{
	struct endpoint ep = { .ok = true };
	struct tool_vfio vfio;
	char error[512] = "";
	int ret;

	ret = tool_vfio_open(bdf, &vfio, error, sizeof(error));
	if (ret)
		return complain(bdf, error);
	ep.fd = vfio.device;
	ep.base = tool_vfio_region(&vfio, EP_REGS_BAR);
	ret = ep.base < 0 ? (int)ep.base : tool_vfio_decode(&vfio);
	if (ret) {
		ret = complain(bdf, strerror(-ret));
	} else if (reg_read(&ep, EP_MAGIC, 4) != EP_MAGIC_VALUE) {
		ret = complain(bdf, "not an endpoint of tphbuf-fabric");
	} else {
		if (zero == ZERO_BEFORE)
			reg_write(&ep, EP_CLEAR, 1);
		print_tally(&ep);
		if (zero == ZERO_AFTER)
			reg_write(&ep, EP_CLEAR, 1);
		if (!ep.ok)
			ret = complain(bdf, "a register could not be accessed");
		else if (fflush(stdout))
			ret = complain(bdf, strerror(errno));
	}
	tool_vfio_close(&vfio);
	return ret;
}

static bool is_bdf(const char *text)
{
	unsigned int domain, bus, dev, fn;
	char rest;

	return sscanf(text, "%4x:%2x:%2x.%1x%c", &domain, &bus, &dev, &fn, &rest) == 4 &&
	       strlen(text) >= strlen("0000:00:00.0");
}

int main(int argc, char **argv)
{
	enum zero zero = ZERO_NEVER;

	if (argc == 3 && !strcmp(argv[2], "--clear"))
		zero = ZERO_BEFORE;
	else if (argc == 3 && !strcmp(argv[2], "--take"))
		zero = ZERO_AFTER;
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("fabric-tally " PROGRAM_VERSION);
		return 0;
	}
	if (argc < 2 || argc > 3 || (argc == 3 && zero == ZERO_NEVER)) {
		fputs(help, stderr);
		return 2;
	}
	if (!is_bdf(argv[1])) {
		fprintf(stderr, "fabric-tally: '%s' is not a PCI address such as 0000:05:00.0\n",
			argv[1]);
		return 2;
	}
	return run(argv[1], zero);
}
