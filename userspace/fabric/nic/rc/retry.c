// SPDX-License-Identifier: MIT
/*
 * Timers of the reliable connection: receiver not ready, no answer, and the poll for
 * receives that are posted to a QP in ERR.
 */
#include "fabric/nic/counters.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/qp.h"
#include "fabric/nic/rc/retry.h"
#include "fabric/nic/status.h"

#define US_PER_MS 1000u

/*
 * One wait for an acknowledge never takes longer than this. The encoding goes
 * up to 2.4 hours; the longest sequence of 8 waits is 4 s here.
 */
#define ACK_WAIT_MAX_US (500 * US_PER_MS)

/* Unlimited retries with the shortest timer would wake the loop each 10 us; after some tries the wait is at least this. */
#define RNR_SLOW_AFTER	     16u
#define RNR_SLOW_US	     (1 * US_PER_MS)
#define RNR_UNLIMITED	     7

#define FLUSH_WAIT_MIN_US    (1 * US_PER_MS)
#define FLUSH_WAIT_MAX_SHIFT 10u /* about 1 s */

/* InfiniBand specification, table "Encoding for RNR NAK Timer Field", in units of 10 us. */
static const uint32_t rnr_timer[32] = {
	65536, 1,    2,	   3,	 4,    6,     8,     12,    16,	   24,	  32,
	48,    64,   96,   128,	 192,  256,   384,   512,   768,   1024,  1536,
	2048,  3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152,
};

static enum nic_status wait(struct nic_qp *qp, uint64_t us)
{
	qp->waiting = true;
	fab_timer_arm(qp->nic->dev.fabric->loop, &qp->timer, us);
	return NIC_AGAIN;
}

enum nic_status nic_retry_later(struct nic_qp *qp)
{
	uint64_t us = ACK_WAIT_MAX_US;

	qp->nic->retry_events++;
	nic_count(qp, NIC_Q_ACK_TIMEOUT);
	/* Code 0 is an infinite timeout: tries are not counted. */
	if (qp->ack_timeout) {
		if (qp->retry_tries > qp->retry_count)
			return NIC_RETRY_EXCEEDED;
		qp->retry_tries++;
		us = (4096ull << (qp->ack_timeout & 31)) / 1000;
	}
	return wait(qp, us < ACK_WAIT_MAX_US ? us : ACK_WAIT_MAX_US);
}

enum nic_status nic_retry_rnr(struct nic_qp *qp, uint8_t min_rnr)
{
	uint64_t us = rnr_timer[min_rnr & 31] * 10ull;

	nic_count(qp, NIC_Q_RNR_NAK);
	if (qp->rnr_retry != RNR_UNLIMITED && qp->rnr_tries >= qp->rnr_retry)
		return NIC_RNR_EXCEEDED;
	if (qp->rnr_tries < RNR_SLOW_AFTER)
		qp->rnr_tries++;
	else if (us < RNR_SLOW_US)
		us = RNR_SLOW_US;
	return wait(qp, us);
}

void nic_retry_flush(struct nic_qp *qp, bool found)
{
	uint64_t us;

	if (found)
		qp->retry_tries = 0;
	us = (uint64_t)FLUSH_WAIT_MIN_US << qp->retry_tries;
	if (qp->retry_tries < FLUSH_WAIT_MAX_SHIFT)
		qp->retry_tries++;
	wait(qp, us);
}
