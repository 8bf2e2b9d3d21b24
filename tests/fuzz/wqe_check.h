/* SPDX-License-Identifier: MIT */
/* The two sides of fuzz_wqe, and whether they are as the model says. */
#ifndef FUZZ_WQE_CHECK_H
#define FUZZ_WQE_CHECK_H

#include "tests/fabric/rc_rig.h"
#include "tests/fuzz/queues.h"
#include "tests/fuzz/wqe_model.h"

/* Tags of the model as the NIC sends them. */
extern const struct wqe_tag {
	uint16_t index;
	uint8_t st, ph;
} wqe_tags[TAGS];

struct wqe_guest {
	struct rig_pair pair;
	struct fuzz_queues connected;
	uint64_t buffer[2], guard[2][2]; /* pages without key before and behind each buffer */
	struct nic_mkey *mkey[2][MODEL_KEYS];
	uint16_t blocks; /* posted */
};

/* A side's part of the BAR */
uint8_t *wqe_bar_bytes(struct wqe_guest *guest, int side);

/* Each polls or reads all there is. */
void wqe_check_completions(struct wqe_guest *guest, struct model *model);
void wqe_check_buffers(struct wqe_guest *guest, const struct model *model);
void wqe_check_tlps(struct wqe_guest *guest, const struct model *model);

#endif
