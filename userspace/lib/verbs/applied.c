// SPDX-License-Identifier: MIT
/* Whether a memory region carries a tag, see applied.h. */
#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <stdio.h>
#include <string.h>

#include "lib/verbs/applied.h"
#include "lib/verbs/nldev.h"
#include "lib/verbs/query_mr.h"

/* Word, error of a registration that requires the tag, and text of a cause. */
static const struct {
	const char *code;
	int err;
	const char *text;
} causes[] = {
	[TPHBUF_CAUSE_NOT_DMABUF] = { "not-dmabuf", EINVAL,
				      "the region is not one of a dma-buf; register the buffer" },
	[TPHBUF_CAUSE_APPLIED] = { "", 0, "" },
	[TPHBUF_CAUSE_DRIVER] = { "driver", EOPNOTSUPP,
				  "the driver of the RDMA device has no support for tags of dma-bufs; use mlx5" },
	[TPHBUF_CAUSE_EXPORTER] = { "exporter", EMEDIUMTYPE,
				    "the exporter of the dma-buf has no support for tags; use device memory exported by vfio" },
	[TPHBUF_CAUSE_UNTAGGED] = { "untagged", ENODATA,
				    "the buffer had no tag when it was registered; set it before" },
	[TPHBUF_CAUSE_OTHER_NAMESPACE] = { "other-namespace", EPROTOTYPE,
					   "the buffer has no tag of the width the NIC sends; set an st for an 8-bit NIC, an xst for an Extended one" },
	[TPHBUF_CAUSE_HOST_BRIDGE] = { "host-bridge", EXDEV,
				       "NIC and device do not meet below a common switch, or a port redirects their requests upwards, and a host bridge may replace the tag; put both under one switch without ACS redirection" },
	[TPHBUF_CAUSE_NIC_DISABLED] = { "nic-disabled", ENXIO,
					"TPH is not enabled on the NIC; check the NIC's firmware, the root port's completer bits and pci=notph" },
	[TPHBUF_CAUSE_TAG_RANGE] = { "tag-range", ERANGE,
				     "the tag is above 0xff and the NIC has no ST table; use a smaller tag" },
	[TPHBUF_CAUSE_TABLE_FULL] = { "table-full", ENOSPC,
				      "the NIC's ST table has no entry left for tags of dma-bufs; deregister tagged regions or share tags" },
	[TPHBUF_CAUSE_TABLE_ERROR] = { "table-error", EIO,
				       "writing the NIC's ST table failed; see dmesg" },
	[TPHBUF_CAUSE_DATA_DIRECT] = { "data-direct", EREMOTE,
				       "a data direct region is accessed by another function than the NIC; register without data direct" },
	[TPHBUF_CAUSE_DMAH] = { "dmah", EEXIST,
				"the region carries the hint of a DMA handle, and the buffer has no tag; set the tag before" },
	[TPHBUF_CAUSE_CHANGED] = { "changed", EAGAIN,
				   "the region carries no hint, and the tag of the buffer changed after registration; register again" },
};

#define NR_CAUSES  (sizeof(causes) / sizeof(causes[0]))

#define SAME(name) _Static_assert((int)TPHBUF_CAUSE_##name == (int)IB_UVERBS_MR_TPH_##name, #name)
SAME(NOT_DMABUF);
SAME(APPLIED);
SAME(DRIVER);
SAME(EXPORTER);
SAME(UNTAGGED);
SAME(OTHER_NAMESPACE);
SAME(HOST_BRIDGE);
SAME(NIC_DISABLED);
SAME(TAG_RANGE);
SAME(TABLE_FULL);
SAME(TABLE_ERROR);
SAME(DATA_DIRECT);
SAME(DMAH);
SAME(CHANGED);

static void set_unknown(struct tphbuf_applied *applied, const char *reason)
{
	applied->state = TPHBUF_APPLIED_UNKNOWN;
	applied->cause = TPHBUF_CAUSE_UNKNOWN;
	snprintf(applied->reason, sizeof(applied->reason), "%s", reason);
}

static void set_cause(struct tphbuf_applied *applied, uint32_t cause)
{
	applied->state = TPHBUF_APPLIED_NO;
	applied->cause = (enum tphbuf_cause)cause;
	if (cause < NR_CAUSES) {
		snprintf(applied->code, sizeof(applied->code), "%s", causes[cause].code);
		snprintf(applied->reason, sizeof(applied->reason), "%s", causes[cause].text);
		return;
	}
	snprintf(applied->code, sizeof(applied->code), "%u", cause);
	snprintf(applied->reason, sizeof(applied->reason),
		 "the kernel gives reason %u, which this libtphbuf does not know; use one built for this kernel",
		 cause);
}

static void set_tag(struct tphbuf_applied *applied, const struct mr_tph *tph)
{
	struct tphbuf_tag tag = { .ph = tph->ph };

	if (tph->st_width == 8 && tph->st <= UINT8_MAX) {
		tag.valid = TPHBUF_TAG_ST;
		tag.st = (uint8_t)tph->st;
	} else if (tph->st_width == 16) {
		tag.valid = TPHBUF_TAG_XST;
		tag.xst = tph->st;
	}
	if (!tag.valid || tph->ph > TPHBUF_PH_MAX) {
		set_unknown(applied,
			    "the kernel reports a tag that cannot be; use a libtphbuf built for this kernel");
		return;
	}
	applied->state = TPHBUF_APPLIED_YES;
	applied->cause = TPHBUF_CAUSE_APPLIED;
	applied->tag = tag;
}

int applied_query(const struct ibv_mr *mr, uint32_t dev_index, struct tphbuf_applied *applied)
{
	struct mr_tph tph;
	uint32_t driver_id;
	int ret;

	memset(applied, 0, sizeof(*applied));
	ret = nldev_driver_id(dev_index, &driver_id);
	if (!ret)
		ret = query_mr_tph(mr, driver_id, &tph);
	if (ret == -EPROTONOSUPPORT) {
		set_unknown(applied,
			    "this kernel does not tell whether a region carries a tag; boot a kernel with the dma-buf TPH series");
		return 0;
	}
	if (ret)
		return ret;
	applied->stale_faults = tph.stale_faults;
	if (tph.state == IB_UVERBS_MR_TPH_APPLIED)
		set_tag(applied, &tph);
	else
		set_cause(applied, tph.state);
	return 0;
}

int applied_error(const struct tphbuf_applied *applied)
{
	if (applied->state == TPHBUF_APPLIED_UNKNOWN)
		return -EPROTONOSUPPORT;
	if ((size_t)applied->cause < NR_CAUSES)
		return -causes[applied->cause].err;
	return -ENODATA;
}
