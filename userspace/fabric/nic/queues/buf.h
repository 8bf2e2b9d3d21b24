/* SPDX-License-Identifier: MIT */
/*
 * Queues in guest memory, as the page lists of the CREATE commands.
 */
#ifndef NIC_BUF_H
#define NIC_BUF_H

#include <stdint.h>

#include "fabric/core/tlp.h"

struct nic;

/* Pages of a queue as CREATE_x gave them (PAS list). */
struct nic_buf {
	uint64_t *page;
	uint32_t npages;
	uint8_t page_shift; /* >= 12 */
	uint64_t offset;    /* of the queue in the first page */
};
/* The page size and the offset in the first page, as contexts have them: log2(size / 4096), 64ths of a page. */
void nic_buf_layout(struct nic_buf *buf, uint32_t log_page_size, uint32_t page_offset);
/*
 * Take over a PAS list (big endian) for a queue of bytes bytes. -EINVAL: too few pages for it; -ENOSPC: over the
 * NIC's limit. Pages beyond the queue are not kept.
 */
int nic_buf_init(struct nic *nic, struct nic_buf *buf, const uint8_t *pas, uint32_t npas,
		 uint64_t bytes);
void nic_buf_free(struct nic *nic, struct nic_buf *buf);
/* Bytes [off, off + len) of the queue; the caller has reduced off modulo the queue. -EFAULT outside the pages. */
int nic_buf_read(struct nic *nic, const struct nic_buf *buf, uint32_t off, void *to, uint32_t len,
		 enum fab_origin origin);
int nic_buf_write(struct nic *nic, const struct nic_buf *buf, uint32_t off, const void *from,
		  uint32_t len, enum fab_origin origin);
/* The same for an entry with the owner bit in its last byte: the guest sees that byte change last. */
int nic_buf_publish(struct nic *nic, const struct nic_buf *buf, uint32_t off, const void *entry,
		    uint32_t len, enum fab_origin origin);

#endif
