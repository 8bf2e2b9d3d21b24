/* SPDX-License-Identifier: MIT */
/* Two connected queue pairs and a buffer at each end, for tests of errors between them. */
#ifndef RC_ERROR_RIG_H
#define RC_ERROR_RIG_H

#include "tests/fabric/rc_rig.h"

#define RIG_ERROR_LEN 8192u

struct rig_error {
	struct rig_pair pair;
	uint64_t near, far; /* buffers of RIG_ERROR_LEN bytes */
	uint32_t near_key, far_key;
	struct nic_sge sge;
};

/* The near buffer holds a pattern, the far one zeros. Close checks that a new connection still works. */
void rig_error_open(struct rig_error *e);
void rig_error_close(struct rig_error *e);
struct rig_wr rig_error_write(struct rig_error *e); /* RDMA write of the near buffer over the far one */

void rig_error_expect(struct rig_cq *cq, uint8_t opcode, uint8_t syndrome, uint16_t counter);
void rig_error_silence(struct rig_cq *cq); /* idle, without a completion */
void rig_error_local(struct rig_error *e, const struct rig_wr *wr, uint8_t syndrome);
void rig_error_remote(struct rig_error *e, const struct rig_wr *wr, uint8_t syndrome);

#endif
