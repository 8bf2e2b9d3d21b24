// SPDX-License-Identifier: MIT
/*
 * Queues in guest memory. The driver names a queue by the bus addresses of its
 * pages; they are copied when the queue is created and bounded by what the
 * queue needs, so later accesses can fail on the bus only.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/dma.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/buf.h"

void nic_buf_layout(struct nic_buf *buf, uint32_t log_page_size, uint32_t page_offset)
{
	*buf = (struct nic_buf){ .page_shift = (uint8_t)(log_page_size + 12) };
	buf->offset = (uint64_t)page_offset << (buf->page_shift - 6);
}

int nic_buf_init(struct nic *nic, struct nic_buf *buf, const uint8_t *pas, uint32_t npas,
		 uint64_t bytes)
{
	uint64_t need = (buf->offset + bytes + (1ull << buf->page_shift) - 1) >> buf->page_shift;
	uint64_t entry;
	uint32_t i;

	buf->page = NULL;
	buf->npages = 0;
	if (need > npas)
		return -EINVAL;
	if (need > NIC_MAX_PAS - nic->pas_entries)
		return -ENOSPC;
	buf->page = calloc(need ? need : 1, sizeof(*buf->page));
	if (!buf->page)
		return -ENOMEM;
	for (i = 0; i < need; i++) {
		memcpy(&entry, pas + i * sizeof(entry), sizeof(entry));
		buf->page[i] = be64toh(entry) & ~(uint64_t)(NIC_PAGE - 1);
	}
	buf->npages = (uint32_t)need;
	nic->pas_entries += buf->npages;
	return 0;
}

void nic_buf_free(struct nic *nic, struct nic_buf *buf)
{
	nic->pas_entries -= buf->npages;
	free(buf->page);
	buf->page = NULL;
	buf->npages = 0;
}

/* One request per page touched. */
static int buf_dma(struct nic *nic, const struct nic_buf *buf, uint32_t off, uint32_t len,
		   struct fab_dma *req, fab_dma_piece_fn fn, uint8_t *data)
{
	uint64_t pos = (uint64_t)buf->offset + off, page = 1ull << buf->page_shift, in_page;
	int ret;

	req->dev = &nic->dev;
	while (len) {
		if (pos >> buf->page_shift >= buf->npages)
			return -EFAULT;
		in_page = pos & (page - 1);
		req->addr = buf->page[pos >> buf->page_shift] + in_page;
		req->len = page - in_page < len ? (uint32_t)(page - in_page) : len;
		ret = fab_dma(req, fn, data);
		if (ret)
			return ret;
		pos += req->len;
		data += req->len;
		len -= req->len;
	}
	return 0;
}

static void piece_publish(void *ctx, void *host, uint32_t off, uint32_t len)
{
	const uint8_t *from = (const uint8_t *)ctx + off;
	uint8_t *to = host;

	memcpy(to, from, len - 1);
	__atomic_store_n(to + len - 1, from[len - 1], __ATOMIC_RELEASE);
}

int nic_buf_read(struct nic *nic, const struct nic_buf *buf, uint32_t off, void *to, uint32_t len,
		 enum fab_origin origin)
{
	struct fab_dma req = { .origin = origin };

	return buf_dma(nic, buf, off, len, &req, fab_dma_copy_in, to);
}

int nic_buf_write(struct nic *nic, const struct nic_buf *buf, uint32_t off, const void *from,
		  uint32_t len, enum fab_origin origin)
{
	struct fab_dma req = { .origin = origin, .write = true };

	return buf_dma(nic, buf, off, len, &req, fab_dma_copy_out, (uint8_t *)from);
}

int nic_buf_publish(struct nic *nic, const struct nic_buf *buf, uint32_t off, const void *entry,
		    uint32_t len, enum fab_origin origin)
{
	struct fab_dma req = { .origin = origin, .write = true };

	return buf_dma(nic, buf, off, len, &req, piece_publish, (uint8_t *)entry);
}
