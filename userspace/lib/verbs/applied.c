// SPDX-License-Identifier: MIT
/*
 * Whether a memory region carries a tag.
 *
 * The kernel shows keys only to CAP_NET_ADMIN. With keys the region is found
 * by its lkey. Without, all regions of this process with the same length are
 * candidates; if they all say the same, that is the answer, otherwise there
 * is none.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs/applied.h"
#include "lib/verbs/nldev.h"

struct search {
	uint32_t lkey;
	uint32_t pid;
	uint64_t length;
	bool exact;
	bool differ;
	unsigned int candidates;
	struct nldev_mr mr;	/* the exact one, or the first candidate */
};

static bool same_answer(const struct nldev_mr *a, const struct nldev_mr *b)
{
	return a->has_tph == b->has_tph && a->tph == b->tph && a->st == b->st &&
	       a->st_width == b->st_width && a->ph == b->ph &&
	       !strcmp(a->reason, b->reason);
}

static int consider(void *arg, const struct nldev_mr *mr)
{
	struct search *search = arg;

	if (mr->has_lkey) {
		if (mr->lkey == search->lkey) {
			search->exact = true;
			search->mr = *mr;
		}
		return 0;
	}
	if (!mr->has_pid || mr->pid != search->pid || !mr->has_length ||
	    mr->length != search->length)
		return 0;
	if (!search->candidates++)
		search->mr = *mr;
	else if (!same_answer(&search->mr, mr))
		search->differ = true;
	return 0;
}

static void unknown(struct tphbuf_applied *applied, const char *reason)
{
	applied->state = TPHBUF_APPLIED_UNKNOWN;
	snprintf(applied->reason, sizeof(applied->reason), "%s", reason);
}

/* The words mlx5_ib reports as tph_reason. */
static const struct {
	const char *code;
	const char *text;
} reasons[] = {
	{ "untagged",
	  "the buffer had no tag when it was registered; set it before" },
	{ "other-namespace",
	  "the buffer has no tag of the width the NIC sends; set an st for an 8-bit NIC, an xst for an Extended one" },
	{ "nic-disabled",
	  "TPH is not enabled on the NIC; check the NIC's firmware, the root port's completer bits and pci=notph" },
	{ "tag-range",
	  "the tag is above 0xff and the NIC has no ST table; use a smaller tag" },
	{ "table-full",
	  "the NIC's ST table has no entry left for tags of dma-bufs; deregister tagged regions or share tags" },
	{ "user-limit",
	  "this user has its share of the NIC's ST table; deregister tagged regions or share tags" },
	{ "table-error",
	  "writing the NIC's ST table failed; see dmesg" },
	{ "data-direct",
	  "a data direct region is accessed by another function than the NIC; register without data direct" },
	{ "dmah",
	  "the region carries the hint of a DMA handle, and the buffer has no tag; set the tag before" },
};

static void take_reason(const struct nldev_mr *mr,
			struct tphbuf_applied *applied)
{
	const char *text = "the RDMA driver gives no reason this library knows";
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(mr->reason, reasons[i].code))
			text = reasons[i].text;
	applied->state = TPHBUF_APPLIED_NO;
	snprintf(applied->code, sizeof(applied->code), "%s", mr->reason);
	snprintf(applied->reason, sizeof(applied->reason), "%s", text);
}

static void take_tag(const struct nldev_mr *mr, struct tphbuf_applied *applied)
{
	struct tphbuf_tag tag = { .ph = (uint8_t)mr->ph };

	if (mr->st_width == 8 && mr->st <= UINT8_MAX) {
		tag.valid = TPHBUF_TAG_ST;
		tag.st = (uint8_t)mr->st;
	} else if (mr->st_width == 16 && mr->st <= UINT16_MAX) {
		tag.valid = TPHBUF_TAG_XST;
		tag.xst = (uint16_t)mr->st;
	}
	if (!tag.valid || mr->ph > TPHBUF_PH_MAX) {
		unknown(applied, "the driver reports a tag that cannot be; use a libtphbuf built for this kernel");
		return;
	}
	applied->state = TPHBUF_APPLIED_YES;
	applied->tag = tag;
}

static void conclude(const struct search *search,
		     struct tphbuf_applied *applied)
{
	const struct nldev_mr *mr = &search->mr;

	if (!search->exact && !search->candidates) {
		unknown(applied, "the kernel does not list the region; is the process in another pid namespace?");
		return;
	}
	if (mr->has_mrn && (search->exact || search->candidates == 1))
		applied->mrn = (int32_t)mr->mrn;
	applied->stale_faults = mr->stale_faults;
	if (!search->exact && search->differ) {
		unknown(applied, "without CAP_NET_ADMIN the kernel shows no keys, and regions of this length differ; run with CAP_NET_ADMIN");
	} else if (!mr->has_tph) {
		unknown(applied, "this kernel or RDMA driver does not report it; boot a kernel with the dma-buf TPH series");
	} else if (!mr->tph) {
		take_reason(mr, applied);
	} else {
		take_tag(mr, applied);
	}
}

int applied_query(uint32_t dev_index, uint32_t lkey, uint64_t length,
		  struct tphbuf_applied *applied)
{
	struct search search = {
		.lkey = lkey,
		.pid = (uint32_t)getpid(),
		.length = length,
	};
	int ret;

	memset(applied, 0, sizeof(*applied));
	applied->mrn = -1;
	ret = nldev_walk_mr(dev_index, consider, &search);
	if (!ret)
		conclude(&search, applied);
	return ret;
}
