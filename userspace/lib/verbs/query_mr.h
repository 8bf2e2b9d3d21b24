/* SPDX-License-Identifier: MIT */
/*
 * UVERBS_METHOD_QUERY_MR: what the kernel says about one memory region of this
 * process, by its handle. libibverbs has no call for the outputs about TPH, so
 * the ioctl is made here, from the kernel's uapi headers.
 */
#ifndef TPHBUF_QUERY_MR_H
#define TPHBUF_QUERY_MR_H

#include <infiniband/verbs.h>
#include <stdint.h>

struct mr_tph {
	uint32_t state;	  /* enum ib_uverbs_mr_tph_state */
	uint8_t st_width; /* bits: 8 or 16; 0 unless applied */
	uint16_t st;
	uint8_t ph;
	uint64_t stale_faults;
};

/**
 * query_mr_tph() - ask whether the requests of a region carry a hint
 * @mr: a region of this process
 * @driver_id: enum rdma_driver_id of its device, see nldev.h
 * @tph: result
 *
 * Return: 0; -EPROTONOSUPPORT if the kernel has no such outputs; -errno of the
 * ioctl.
 */
int query_mr_tph(const struct ibv_mr *mr, uint32_t driver_id, struct mr_tph *tph);

#endif
