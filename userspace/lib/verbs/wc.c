// SPDX-License-Identifier: MIT
/*
 * What a completion status means for a work request on a dma-buf region.
 * Statuses: ibv_poll_cq(3), InfiniBand Architecture Specification 1, 11.6.2.
 */
#include <infiniband/verbs.h>

#include <tphbuf/mr.h>

static const char *const texts[] = {
	[IBV_WC_SUCCESS] = "the work request is done",
	[IBV_WC_LOC_LEN_ERR] = "the local buffer is shorter than the message; give a longer one",
	[IBV_WC_LOC_QP_OP_ERR] = "the work request does not fit the queue pair; check its fields",
	[IBV_WC_LOC_PROT_ERR] =
		"the local region refused the access: its buffer was revoked (device closed, in reset, or memory decoding off) or re-tagged while it was revoked, or the addresses or keys are wrong; see tphbuf_mr_applied(), switch the device's memory on, register again",
	[IBV_WC_WR_FLUSH_ERR] =
		"the queue pair was in error already; look at the first completion that failed, and set the queue pair up again",
	[IBV_WC_MW_BIND_ERR] = "the memory window could not be bound; regions of dma-bufs allow none",
	[IBV_WC_BAD_RESP_ERR] = "the answer made no sense; see the peer",
	[IBV_WC_LOC_ACCESS_ERR] =
		"the local region does not allow the access that the peer's message needs: its buffer was revoked, or local writes are not allowed; register again with IBV_ACCESS_LOCAL_WRITE",
	[IBV_WC_REM_INV_REQ_ERR] =
		"the peer's queue pair does not allow the request; check its access flags and the message length",
	[IBV_WC_REM_ACCESS_ERR] =
		"the peer's region refused the access: its buffer was revoked (device closed, in reset, or memory decoding off) or re-tagged while it was revoked, or the address, rkey or access flags are wrong; let the peer look with tphbuf_mr_applied() and register again",
	[IBV_WC_REM_OP_ERR] =
		"the peer failed while it did the request, for instance because its buffer was revoked in between; see its completions and its kernel log",
	[IBV_WC_RETRY_EXC_ERR] =
		"the peer did not answer: its process or its port is gone, or its NIC could not reach the memory; see the peer and the link",
	[IBV_WC_RNR_RETRY_EXC_ERR] =
		"the peer posted no receive in time; post more, or raise rnr_retry",
	[IBV_WC_FATAL_ERR] = "the NIC failed; see its kernel log",
	[IBV_WC_GENERAL_ERR] = "the NIC gives no reason; see its kernel log",
};

const char *tphbuf_explain_wc(int status)
{
	const char *text = NULL;

	if (status >= 0 && (size_t)status < sizeof(texts) / sizeof(texts[0]))
		text = texts[status];
	return text ? text : "a status that has no special meaning for dma-bufs; see ibv_poll_cq(3)";
}
