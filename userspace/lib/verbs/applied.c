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
	if (!search->exact && search->differ) {
		unknown(applied, "without CAP_NET_ADMIN the kernel shows no keys, and regions of this length differ; run with CAP_NET_ADMIN");
	} else if (!mr->has_tph) {
		unknown(applied, "this kernel or RDMA driver does not report it; boot a kernel with the dma-buf TPH series");
	} else if (!mr->tph) {
		applied->state = TPHBUF_APPLIED_NO;
		snprintf(applied->reason, sizeof(applied->reason), "%s",
			 mr->reason[0] ? mr->reason :
			 "the driver gives no reason");
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
