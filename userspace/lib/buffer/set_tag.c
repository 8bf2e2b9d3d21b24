// SPDX-License-Identifier: MIT
/*
 * The tag of a buffer: VFIO_DEVICE_FEATURE_DMA_BUF_TPH.
 *
 * Feature numbers are contended; another kernel may use ours for something
 * else. Before anything is written the number must prove itself:
 *  - a probe for GET and SET together succeeds; the features proposed for
 *    the same number have only one of the two;
 *  - a GET on the buffer fills in our layout: at least one supported
 *    namespace, no undefined bit, no tag in an unsupported namespace.
 * Both are asked once per open device.
 */
#include <errno.h>
#include <string.h>

#include "lib/core/internal.h"

_Static_assert(TPHBUF_TAG_ST == VFIO_DMA_BUF_TPH_ST, "namespace bits");
_Static_assert(TPHBUF_TAG_XST == VFIO_DMA_BUF_TPH_ST_EXT, "namespace bits");

struct request {
	struct vfio_feature_head head;
	struct vfio_device_feature_dma_buf_tph tph;
};

_Static_assert(offsetof(struct request, tph) == offsetof(struct vfio_device_feature, data),
	       "request layout");

/* Return: 0 or -errno, not recorded; so does get(). */
static int probe(struct tphbuf_device *dev)
{
	int ret;

	if (dev->tag_feature != TAG_FEATURE_UNASKED)
		return 0;
	ret = vfio_probe(dev->fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET |
					  VFIO_DEVICE_FEATURE_DMA_BUF_TPH);
	if (ret)
		return ret == -EINVAL ? -EPROTO : ret;
	dev->tag_feature = TAG_FEATURE_PROBED;
	return 0;
}

int tphbuf_device_tag_probe(struct tphbuf_device *dev)
{
	int ret;

	if (!dev)
		return -EINVAL;
	ret = probe(dev);
	if (ret)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_TAG, ret, "%s", dev->bdf);
	return 0;
}

static bool has_our_layout(const struct vfio_device_feature_dma_buf_tph *reply, int fd)
{
	return reply->dmabuf_fd == fd && reply->supported &&
	       !(reply->supported & ~TPHBUF_TAG_MASK) && !(reply->flags & ~reply->supported) &&
	       reply->ph <= TPHBUF_PH_MAX;
}

static int fail_tag(struct tphbuf_buffer *buf, int err)
{
	return ctx_fail_errno(buf->ctx, TPHBUF_STAGE_TAG, err, "%s", buf->dev->bdf);
}

int tag_read(int device_fd, int dmabuf_fd, struct tphbuf_tag_state *state)
{
	struct request request = { .tph.dmabuf_fd = dmabuf_fd };
	const struct vfio_device_feature_dma_buf_tph *reply = &request.tph;
	int ret;

	ret = vfio_feature(device_fd, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH,
			   &request.head, sizeof(request));
	if (!ret && !has_our_layout(reply, dmabuf_fd))
		ret = -EPROTO;
	if (ret)
		return ret < 0 ? ret : -EPROTO;

	memset(state, 0, sizeof(*state));
	state->supported = reply->supported;
	state->tag.valid = reply->flags;
	if (reply->flags & TPHBUF_TAG_ST)
		state->tag.st = reply->steering_tag;
	if (reply->flags & TPHBUF_TAG_XST)
		state->tag.xst = reply->steering_tag_ext;
	if (reply->flags)
		state->tag.ph = reply->ph;
	return 0;
}

/* Read the tag of @buf, after the feature is known to be there. */
static int get(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state)
{
	int ret = tag_read(buf->dev->fd, buf->fd, state);

	if (ret)
		return ret;
	buf->dev->tag_feature = TAG_FEATURE_PROVEN;
	buf->dev->tag_supported = state->supported;
	return 0;
}

static int set(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag)
{
	struct request request = {
		.tph.dmabuf_fd = buf->fd,
		.tph.flags = tag->valid,
	};
	int ret;

	if (tag->valid & TPHBUF_TAG_ST)
		request.tph.steering_tag = tag->st;
	if (tag->valid & TPHBUF_TAG_XST)
		request.tph.steering_tag_ext = tag->xst;
	if (tag->valid)
		request.tph.ph = tag->ph;
	ret = vfio_feature(buf->dev->fd, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH,
			   &request.head, sizeof(request));
	if (ret)
		return fail_tag(buf, ret < 0 ? ret : -EPROTO);
	__atomic_add_fetch(&buf->ctx->clock->changes, 1, __ATOMIC_RELEASE);
	return 0;
}

/* Make sure that @buf has its device and the feature its layout. 0 or a recorded error. */
static int prepare(struct tphbuf_buffer *buf)
{
	struct tphbuf_tag_state state;
	int ret;

	if (!buf->dev)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_TAG, -EOPNOTSUPP,
				"the buffer was imported without its device; tag it in the process that exported it, or import it with the device");
	if (buf->dev->tag_feature == TAG_FEATURE_PROVEN)
		return 0;
	ret = probe(buf->dev);
	if (!ret)
		ret = get(buf, &state);
	return ret ? fail_tag(buf, ret) : 0;
}

int tphbuf_buffer_tag_probe(struct tphbuf_buffer *buf, uint32_t *supported)
{
	int ret;

	if (!buf)
		return -EINVAL;
	if (!supported)
		return ctx_fail_null(buf->ctx, "supported");
	ret = prepare(buf);
	if (!ret)
		*supported = buf->dev->tag_supported;
	return ret;
}

int tphbuf_buffer_tag_set(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag)
{
	const char *why;
	int ret;

	if (!buf)
		return -EINVAL;
	ret = tphbuf_tag_check(tag, TPHBUF_TAG_MASK, &why);
	if (ret)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_ARGUMENT, ret, "%s", why);
	ret = prepare(buf);
	if (ret)
		return ret;
	ret = tphbuf_tag_check(tag, buf->dev->tag_supported, &why);
	if (ret)
		return ctx_fail(buf->ctx, TPHBUF_STAGE_TAG, ret, "%s: %s", buf->dev->bdf, why);
	return set(buf, tag);
}

int tphbuf_buffer_tag_clear(struct tphbuf_buffer *buf)
{
	const struct tphbuf_tag none = { 0 };

	return tphbuf_buffer_tag_set(buf, &none);
}

int buffer_tag_if_any(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state)
{
	int ret = probe(buf->dev);

	if (!ret)
		ret = get(buf, state);
	if (!ret)
		return 1;
	return tphbuf_is_unsupported(ret) ? 0 : fail_tag(buf, ret);
}

int tphbuf_buffer_tag_get(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state)
{
	struct tphbuf_tag_state s;
	int ret;

	if (!buf)
		return -EINVAL;
	if (!state)
		return ctx_fail_null(buf->ctx, "state");
	ret = prepare(buf);
	if (ret)
		return ret;
	ret = get(buf, &s);
	if (ret)
		return fail_tag(buf, ret);
	return ctx_info_out(buf->ctx, state, &s, tphbuf_tag_state);
}
