// SPDX-License-Identifier: MIT
/*
 * Whether a memory region carries a tag.
 *
 * The kernel shows keys only to CAP_NET_ADMIN. With keys the region is found
 * by its lkey, and by its number once that is known. Otherwise all regions
 * that may be it are candidates; if they say the same, that is the answer,
 * else there is none.
 *
 * As owner the kernel names the thread that has registered the region, and
 * nobody if that has ended or is in another pid namespace (nldev.c,
 * fill_res_name_pid()). So a region without owner may be ours, too.
 */
#define _GNU_SOURCE /* gettid, tgkill */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs/applied.h"
#include "lib/verbs/nldev.h"

#define MAX_WALKS 3

struct search {
	const struct region_facts *region;
	bool exact;
	bool differ;
	unsigned int candidates;
	struct nldev_mr mr; /* the exact one, or the first candidate */
};

static bool same_answer(const struct nldev_mr *a, const struct nldev_mr *b)
{
	return a->has_tph == b->has_tph && a->tph == b->tph && a->st == b->st &&
	       a->st_width == b->st_width && a->ph == b->ph && !strcmp(a->reason, b->reason);
}

static bool may_be_it(const struct region_facts *region, const struct nldev_mr *mr)
{
	if (mr->of_kernel || !mr->has_length || mr->length != region->length)
		return false;
	if (region->of_this_thread)
		return mr->has_pid && mr->pid == (uint32_t)gettid();
	return !mr->has_pid || !tgkill(getpid(), (pid_t)mr->pid, 0);
}

static int consider(void *arg, const struct nldev_mr *mr)
{
	struct search *search = arg;
	const struct region_facts *region = search->region;

	if (mr->has_lkey || (region->mrn >= 0 && mr->has_mrn)) {
		if (mr->has_lkey ? mr->lkey == region->lkey : mr->mrn == (uint32_t)region->mrn) {
			search->exact = true;
			search->mr = *mr;
		}
		return 0;
	}
	if (!may_be_it(region, mr))
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
	{ "untagged", "the buffer had no tag when it was registered; set it before" },
	{ "other-namespace",
	  "the buffer has no tag of the width the NIC sends; set an st for an 8-bit NIC, an xst for an Extended one" },
	{ "nic-disabled",
	  "TPH is not enabled on the NIC; check the NIC's firmware, the root port's completer bits and pci=notph" },
	{ "tag-range", "the tag is above 0xff and the NIC has no ST table; use a smaller tag" },
	{ "table-full",
	  "the NIC's ST table has no entry left for tags of dma-bufs; deregister tagged regions or share tags" },
	{ "user-limit",
	  "this user has its share of the NIC's ST table; deregister tagged regions or share tags" },
	{ "table-error", "writing the NIC's ST table failed; see dmesg" },
	{ "data-direct",
	  "a data direct region is accessed by another function than the NIC; register without data direct" },
	{ "dmah",
	  "the region carries the hint of a DMA handle, and the buffer has no tag; set the tag before" },
};

static void take_reason(const struct nldev_mr *mr, struct tphbuf_applied *applied)
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
		unknown(applied,
			"the driver reports a tag that cannot be; use a libtphbuf built for this kernel");
		return;
	}
	applied->state = TPHBUF_APPLIED_YES;
	applied->tag = tag;
}

static void conclude(const struct search *search, struct tphbuf_applied *applied)
{
	const struct nldev_mr *mr = &search->mr;

	if (!search->exact && !search->candidates) {
		unknown(applied,
			"the kernel does not list the region; is the process in another pid namespace?");
		return;
	}
	if (search->exact || search->candidates == 1) {
		applied->mrn = mr->has_mrn ? (int32_t)mr->mrn : -1;
		applied->stale_faults = mr->stale_faults;
	}
	if (!search->exact && search->differ) {
		unknown(applied,
			"without CAP_NET_ADMIN the kernel shows no keys, and several regions of this length, some perhaps of others, differ; run with CAP_NET_ADMIN");
	} else if (!mr->has_tph) {
		unknown(applied,
			"this kernel or RDMA driver does not report it; boot a kernel with the dma-buf TPH series");
	} else if (!mr->tph) {
		take_reason(mr, applied);
	} else {
		take_tag(mr, applied);
	}
}

int applied_query(const struct region_facts *region, struct tphbuf_applied *applied)
{
	struct search search = { .region = region };
	int walk, ret = 0;

	memset(applied, 0, sizeof(*applied));
	applied->mrn = -1;
	/* The kernel walks by count: others that go away make it skip some. */
	for (walk = 0; walk < MAX_WALKS && !ret && !search.exact && !search.candidates; walk++)
		ret = nldev_walk_mr(region->dev_index, consider, &search);
	if (!ret)
		conclude(&search, applied);
	return ret;
}
