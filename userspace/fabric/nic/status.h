/* SPDX-License-Identifier: MIT */
/*
 * Result of a step of a work request.
 */
#ifndef NIC_STATUS_H
#define NIC_STATUS_H

#include <stdint.h>

/* Each has one CQE syndrome (queues/cq.c) unless said otherwise. */
enum nic_status {
	NIC_OK = 0,
	NIC_LOCAL_LENGTH,	    /* 0x01 */
	NIC_LOCAL_QP_OP,	    /* 0x02 */
	NIC_LOCAL_PROT,		    /* 0x04 */
	NIC_FLUSHED,		    /* 0x05 */
	NIC_MW_BIND,		    /* 0x06 */
	NIC_BAD_RESPONSE,	    /* 0x10 */
	NIC_LOCAL_ACCESS,	    /* 0x11 */
	NIC_REMOTE_INVALID_REQUEST, /* 0x12 */
	NIC_REMOTE_ACCESS,	    /* 0x13 */
	NIC_REMOTE_OP,		    /* 0x14 */
	NIC_RETRY_EXCEEDED,	    /* 0x15 */
	NIC_RNR_EXCEEDED,	    /* 0x16 */
	NIC_AGAIN, /* not a syndrome: peer not ready, the work request stays at the head of its queue */
	NIC_FAULT, /* not a syndrome: translation absent, and a page fault may be raised for it */
};

#endif
