/* SPDX-License-Identifier: MIT */
/*
 * Sizes and limits of the NIC model. Those that a capability reports are in the table of
 * commands/caps.c; the others bound what one guest can make the process hold.
 */
#ifndef NIC_LIMITS_H
#define NIC_LIMITS_H

#include <stdint.h>

#define NIC_BAR0_SIZE	     (32u << 20)
#define NIC_UAR_OFFSET	     0x10000u /* first UAR page; UAR n at n * 4096 */
#define NIC_PAGE	     4096u
#define NIC_MAX_UARS	     4096u
#define NIC_MAX_EQS	     64
#define NIC_LOG_MAX_EQ_SIZE  16
#define NIC_LOG_MAX_CQ	     12
#define NIC_LOG_MAX_CQ_SIZE  20
#define NIC_LOG_MAX_QP	     12
#define NIC_LOG_MAX_MKEY     16
#define NIC_LOG_MAX_PD	     12
#define NIC_LOG_MAX_XRCD     8
#define NIC_LOG_MAX_SRQ	     8
#define NIC_LOG_MAX_SRQ_SIZE 15
#define NIC_LOG_MAX_MCG	     8	/* multicast groups with attached queue pairs */
#define NIC_MAX_QP_MCG	     32 /* queue pairs of one of them */
#define NIC_MAX_INLINE_WQE   1024
#define NIC_MAX_SEND_WQE     (63 * 16) /* what ds in the control segment can say */
#define NIC_MAX_RECEIVE_WQE  512
#define NIC_MAX_SGE	     64
#define NIC_MAX_MESSAGE	     (1u << 30) /* cap log_max_msg = 30 */
#define NIC_ATOMIC_BYTES     8u
#define NIC_LOG_MAX_RA	     4 /* READs and atomics under way: the model runs one at a time */
#define NIC_MAX_PAS	     (1u << 20) /* queue pages that all objects of a NIC may hold */
#define NIC_MAX_MTT	     (1u << 24) /* translation entries that all keys of a NIC may hold */
#define NIC_MAX_FAULTS	     1024	/* page faults of a NIC that wait for the driver's answer */
#define NIC_FLUSH_BATCH	     64		/* completions with "flushed" that one work item writes */
#define NIC_SEND_BATCH	     16		/* send WQEs that one work item executes */
#define NIC_BATCH_BYTES	     (64u << 10) /* payload bytes after which it ends earlier */
#define NIC_MOVE_MAX \
	(4u << 20) /* payload bytes one work item may move: bounds the loop's latency */

#endif
