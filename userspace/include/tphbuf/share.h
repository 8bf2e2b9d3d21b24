/* SPDX-License-Identifier: MIT */
/*
 * Hand a tagged buffer to another process: one message over a connected unix
 * socket of type SOCK_SEQPACKET carries the dma-buf descriptor and its
 * description (length, ranges, tag, device, identity). The sockets are the
 * caller's: socketpair(2), or accept(2) and connect(2). Whoever can connect
 * gets the buffer.
 *
 * The process that owns the accelerator:
 *
 *	tphbuf_buffer_send(buf, sock, NULL);
 *
 * The process that owns the NIC:
 *
 *	struct tphbuf_share_info info = { .size = sizeof(info) };
 *
 *	tphbuf_buffer_receive(ctx, sock, NULL, &info, &buf);
 *	tphbuf_mr_register(buf, pd, NULL, &mr);
 *
 * Neither side trusts the other. The receiver compares what the message says
 * with what the kernel says (length, identity, that it is a dma-buf) and
 * refuses a message that lies; the tag, the device and the ranges cannot be
 * checked by a process that has not opened the device, and are what the
 * sender claims. To insist on the claimed tag, register with
 * TPHBUF_MR_REQUIRE and tphbuf_mr_opts.tag = &info.tag.
 *
 * A peer can delay the receiver: it can send a descriptor whose close() waits,
 * for example of a file of FUSE or of a network file system that it serves, or
 * of a socket with SO_LINGER that it sets again at the last moment or that
 * arrives when the process has no descriptor left. A process that must not be
 * delayed receives in a thread or process of its own.
 *
 * A dma-buf of a vfio device dies when the last descriptor of the device is
 * closed. A buffer that has to outlive its sender needs TPHBUF_SEND_DEVICE;
 * the receiver then holds the device open as long as the buffer. That gives
 * it full power over the device, so it is not the default.
 */
#ifndef TPHBUF_SHARE_H
#define TPHBUF_SHARE_H

#include <tphbuf/buffer.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_LABEL_MAX 40 /* longest label with its NUL */

/* Bits of tphbuf_send_opts.flags */
#define TPHBUF_SEND_DEVICE (1u << 0) /* hand over the device, too */

/**
 * struct tphbuf_send_opts - options of tphbuf_buffer_send()
 * @size: sizeof(struct tphbuf_send_opts)
 * @flags: TPHBUF_SEND_ bits
 * @label: text for people, up to TPHBUF_LABEL_MAX - 1 printable ASCII
 *	characters; NULL for none
 * @timeout_ms: how long to wait for room in the socket; 0 means 10 s
 */
struct tphbuf_send_opts {
	size_t size;
	uint32_t flags;
	const char *label;
	uint32_t timeout_ms;
};

/**
 * tphbuf_buffer_send() - send a buffer with its description
 * @buf: the buffer; the sender keeps it
 * @sock: a connected SOCK_SEQPACKET unix socket, the caller's
 * @opts: options or NULL
 *
 * The tag is read from the kernel first if the buffer has its device.
 *
 * Return: 0; -EINVAL (no such socket type, label, flags), -EOPNOTSUPP
 * (TPHBUF_SEND_DEVICE without a device), -ETIMEDOUT, -EPIPE (the peer is
 * gone), errors of sendmsg() and of tphbuf_buffer_tag_get(). Signals do not
 * end it, nor tphbuf_buffer_receive().
 */
TPHBUF_API int tphbuf_buffer_send(struct tphbuf_buffer *buf, int sock,
				  const struct tphbuf_send_opts *opts);

/* How far tphbuf_share_info.tag can be believed */
enum tphbuf_tag_trust {
	TPHBUF_TAG_CLAIMED,   /* said by the sender; not checked */
	TPHBUF_TAG_CONFIRMED, /* the kernel says the same */
	TPHBUF_TAG_CORRECTED, /* the kernel says otherwise; @tag is its word */
};

/**
 * struct tphbuf_share_info - the description that came with a buffer
 * @size: sizeof(struct tphbuf_share_info)
 * @length: bytes, as the kernel says
 * @identity: of the dma-buf, as the kernel says
 * @tag: the tag; see @trust
 * @supported: namespaces the device can consume; 0 if the sender did not know
 * @trust: how far @tag can be believed
 * @source: where the memory lies, claimed
 * @bar: BAR of the device, claimed; -1 if none
 * @bdf: PCI address of the device, claimed; empty if none
 * @label: the sender's text, claimed; printable ASCII
 * @ranges: parts of the BAR, claimed; NULL if none. The buffer's; valid as
 *	long as that is open
 * @nr_ranges: their number
 * @has_device: the device came with the buffer, see TPHBUF_SEND_DEVICE
 * @pid: process at the other end of the socket when it was connected
 * @uid: its user
 */
struct tphbuf_share_info {
	size_t size;
	uint64_t length;
	struct tphbuf_identity identity;
	struct tphbuf_tag tag;
	uint32_t supported;
	enum tphbuf_tag_trust trust;
	enum tphbuf_source source;
	int32_t bar;
	char bdf[TPHBUF_BDF_MAX];
	char label[TPHBUF_LABEL_MAX];
	const struct tphbuf_range *ranges;
	size_t nr_ranges;
	bool has_device;
	int32_t pid;
	uint32_t uid;
};

/**
 * struct tphbuf_receive_opts - options of tphbuf_buffer_receive()
 * @size: sizeof(struct tphbuf_receive_opts)
 * @dev: the device that exported the buffer, if it is open here, to check
 *	and set the tag; NULL otherwise
 * @timeout_ms: how long to wait for the message; 0 means 10 s
 */
struct tphbuf_receive_opts {
	size_t size;
	struct tphbuf_device *dev;
	uint32_t timeout_ms;
};

/**
 * tphbuf_buffer_receive() - receive a buffer
 * @ctx: the context the buffer will belong to
 * @sock: a connected SOCK_SEQPACKET unix socket, the caller's
 * @opts: options or NULL
 * @info: NULL, or where the description goes; @info->size set by the caller
 * @buf: where the buffer goes
 *
 * On failure every descriptor that came is closed again. A device that comes
 * along must be a character device that sysfs shows as vfio's, or what a vfio
 * group gives out; no other file is asked anything.
 *
 * Return: 0; -EPROTO (not such a message, or it contradicts itself or the
 * kernel), -EPROTONOSUPPORT (another version), -EMSGSIZE (too long or cut
 * off), -ECONNRESET (the peer closed), -ETIMEDOUT, -EMFILE (no descriptor
 * left for the buffer), -EINVAL (the descriptor is no dma-buf; @opts->dev did
 * not export it; a device that comes along is not what the message says),
 * errors of recvmsg().
 */
TPHBUF_API int tphbuf_buffer_receive(struct tphbuf_ctx *ctx, int sock,
				     const struct tphbuf_receive_opts *opts,
				     struct tphbuf_share_info *info, struct tphbuf_buffer **buf);

#ifdef __cplusplus
}
#endif

#endif
