// SPDX-License-Identifier: MIT
/*
 * The TLP trace: one JSON object a line.
 */
#include <inttypes.h>

#include "fabric/core/fabric.h"

static void trace_one(FILE *file, const struct fab_tlp_run *run, const struct fab_device *target,
		      unsigned int bar, uint64_t addr, uint32_t len)
{
	fprintf(file, "{\"requester\":\"%s\",\"target\":\"%s\",", run->requester->name,
		target ? target->name : "memory");
	if (target)
		fprintf(file, "\"bar\":%u,", bar);
	fprintf(file,
		"\"kind\":\"%s\",\"origin\":\"%s\",\"addr\":\"0x%" PRIx64 "\",\"len\":%u,\"th\":%s",
		fab_kind_name(run->kind), fab_origin_name(run->origin), addr, len,
		run->tph.th ? "true" : "false");
	if (run->tph.th)
		fprintf(file, ",\"width\":%u,\"st\":\"0x%x\",\"ph\":%u",
			run->tph.extended ? 16u : 8u, run->tph.st, run->tph.ph);
	fputs("}\n", file);
}

void fab_trace(struct fab_fabric *fabric, const struct fab_tlp_run *run,
	       const struct fab_device *target, unsigned int bar)
{
	uint64_t addr = run->addr, end = run->addr + run->len;
	uint64_t left;

	while (addr != end) {
		left = run->max_payload - (addr & (run->max_payload - 1));
		if (left > end - addr)
			left = end - addr;
		trace_one(fabric->trace, run, target, bar, addr, (uint32_t)left);
		addr += left;
	}
}
