/* SPDX-License-Identifier: MIT */
/*
 * Registration of buffers with libfabric: what fi_mr_regattr() of a provider that takes dma-bufs (verbs; libfabric
 * 1.20 and later) needs. Header only, so that libtphbuf does not depend on libfabric.
 *
 *	struct fi_mr_dmabuf dmabuf;
 *	struct fi_mr_attr attr;
 *
 *	ret = tphbuf_fi_mr_attr(buf, 0, length, NULL, FI_REMOTE_WRITE, &dmabuf, &attr);
 *	if (!ret)
 *		ret = fi_mr_regattr(domain, &attr, TPHBUF_FI_MR_FLAGS, &mr);
 *
 * libfabric does not give the verbs region behind an fid_mr away, so tphbuf_ibv_applied() cannot be asked. A caller
 * that insists on the tag registers the range once with tphbuf_mr_register() and TPHBUF_MR_REQUIRE on the same RDMA
 * device first: the kernel decides by buffer and device.
 */
#ifndef TPHBUF_LIBFABRIC_H
#define TPHBUF_LIBFABRIC_H

#include <errno.h>
#include <rdma/fi_domain.h>
#include <stdint.h>
#include <string.h>

#include <tphbuf/buffer.h>

/* For the flags of fi_mr_regattr() */
#define TPHBUF_FI_MR_FLAGS FI_MR_DMABUF

/**
 * tphbuf_fi_mr_attr() - fill in the attributes of a registration
 * @buf: the buffer, open until fi_mr_regattr() has returned
 * @offset: first byte of the buffer
 * @length: bytes; 0 means to the end of the buffer
 * @base: the address that the first byte of the buffer shall have in work requests, page aligned; NULL: addresses are
 *	offsets in the buffer
 * @access: FI_SEND, FI_RECV, FI_READ, FI_WRITE, FI_REMOTE_READ, FI_REMOTE_WRITE
 * @dmabuf: the caller's, which @attr points to
 * @attr: result; requested_key, context and the rest are 0 for the caller to change
 *
 * Return: 0; -EINVAL if the range is not inside the buffer or @base is not page aligned.
 */
static inline int tphbuf_fi_mr_attr(const struct tphbuf_buffer *buf, uint64_t offset,
				    uint64_t length, void *base, uint64_t access,
				    struct fi_mr_dmabuf *dmabuf, struct fi_mr_attr *attr)
{
	uint64_t total = tphbuf_buffer_length(buf);

	if (!dmabuf || !attr || offset >= total || length > total - offset || (uintptr_t)base % 4096)
		return -EINVAL;
	memset(dmabuf, 0, sizeof(*dmabuf));
	dmabuf->fd = tphbuf_buffer_fd(buf);
	dmabuf->offset = offset;
	dmabuf->len = (size_t)(length ? length : total - offset);
	dmabuf->base_addr = base;
	memset(attr, 0, sizeof(*attr));
	attr->dmabuf = dmabuf;
	attr->iov_count = 1;
	attr->access = access;
	attr->iface = FI_HMEM_SYSTEM;
	return 0;
}

#endif
