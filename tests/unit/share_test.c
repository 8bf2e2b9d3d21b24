// SPDX-License-Identifier: MIT
/* Hand-over of buffers: lib/share*.c, with honest and hostile peers. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vfio.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/share/msg.h"
#include "tests/unit/test.h"

#define TPH_GET	   (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH)
#define NO_TIME_MS 20

static const struct tphbuf_tag tag_both = { TPHBUF_TAG_MASK, 0x1234, 0x5a, 2 };

static void make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

/* Receive on @sock; a failure does not change the buffer. */
static int receive(struct fixture *f, int sock, struct tphbuf_share_info *info,
		   struct tphbuf_buffer **buf)
{
	struct tphbuf_receive_opts opts = {
		.size = sizeof(opts),
		.timeout_ms = NO_TIME_MS,
	};
	int ret;

	*buf = NULL;
	if (info) {
		memset(info, 0, sizeof(*info));
		info->size = sizeof(*info);
	}
	ret = tphbuf_buffer_receive(f->ctx, sock, &opts, info, buf);
	if (ret)
		assert_null(*buf);
	return ret;
}

static void send_bad_arguments(void **state)
{
	const struct {
		struct tphbuf_send_opts o;
		const char *part;
	} cases[] = {
		{ { .size = 0 }, "size is not set" },
		{ { .size = sizeof(cases[0].o), .flags = 2 }, "flags 0x2" },
		{ { .size = sizeof(cases[0].o), .label = "a\nb" }, "label" },
		{ { .size = sizeof(cases[0].o), .label = "\x80" }, "label" },
		{ { .size = sizeof(cases[0].o), .label = "0123456789012345678901234567890123456789" },
		  "at most 39" },
	};
	struct tphbuf_buffer *foreign;
	struct fixture *f = *state;
	int pair[2], fd;
	size_t i;

	make_pair(pair);
	assert_int_equal(tphbuf_buffer_send(NULL, pair[0], NULL), -EINVAL);
	for (i = 0; i < NR(cases); i++) {
		assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], &cases[i].o), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, cases[i].part);
	}
	fd = fake_foreign_dmabuf(4096);
	assert_int_equal(tphbuf_buffer_import(f->ctx, fd, NULL, &foreign), 0);
	close(fd);
	{
		struct tphbuf_send_opts o = {
			.size = sizeof(o),
			.flags = TPHBUF_SEND_DEVICE,
		};

		assert_int_equal(tphbuf_buffer_send(foreign, pair[0], &o), -EOPNOTSUPP);
	}
	tphbuf_buffer_close(foreign);
	close_pair(pair);
}

static void sockets_of_other_kinds_are_refused(void **state)
{
	struct tphbuf_buffer *buf = NULL;
	struct fixture *f = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "SOCK_SEQPACKET");
	assert_int_equal(receive(f, pair[0], NULL, &buf), -EINVAL);
	close_pair(pair);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_send(f->buf, -1, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_send(f->buf, tphbuf_buffer_fd(f->buf), NULL), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "not a socket");
}

static void receive_bad_arguments(void **state)
{
	struct tphbuf_receive_opts unset = { 0 };
	struct tphbuf_share_info info = { .size = 0 };
	struct tphbuf_buffer *buf = NULL;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	assert_int_equal(tphbuf_buffer_receive(NULL, pair[0], NULL, NULL, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_receive(f->ctx, pair[0], NULL, NULL, NULL), -EINVAL);
	assert_int_equal(tphbuf_buffer_receive(f->ctx, pair[0], &unset, NULL, &buf), -EINVAL);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[1], NULL), 0);
	assert_int_equal(tphbuf_buffer_receive(f->ctx, pair[0], NULL, &info, &buf), -EINVAL);
	assert_null(buf);
	close_pair(pair);
}

static void sent_buffer_is_received_unchanged(void **state)
{
	const struct tphbuf_range ranges[] = { { 0x8000, 0x1000 }, { 0, 0x2000 } };
	struct tphbuf_export_opts export = { sizeof(export), &tag_both };
	struct tphbuf_send_opts send = { .size = sizeof(send), .label = "slice 3" };
	struct tphbuf_buffer *buf, *got;
	struct tphbuf_share_info info;
	struct tphbuf_identity id;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	assert_int_equal(tphbuf_buffer_export(f->dev, 2, ranges, 2, &export, &buf), 0);
	id = tphbuf_buffer_identity(buf);
	assert_int_equal(tphbuf_buffer_send(buf, pair[0], &send), 0);
	/* A message in flight does not need its sender. */
	tphbuf_buffer_close(buf);
	close(pair[0]);
	assert_int_equal(receive(f, pair[1], &info, &got), 0);
	assert_int_equal(info.length, 0x3000);
	assert_memory_equal(&info.identity, &id, sizeof(id));
	assert_true(tphbuf_tag_equal(&info.tag, &tag_both));
	assert_int_equal(info.supported, TPHBUF_TAG_MASK);
	assert_int_equal(info.trust, TPHBUF_TAG_CLAIMED);
	assert_int_equal(info.source, TPHBUF_SOURCE_BAR);
	assert_int_equal(info.bar, 2);
	assert_string_equal(info.bdf, FAKE_BDF);
	assert_string_equal(info.label, "slice 3");
	assert_int_equal(info.nr_ranges, 2);
	assert_memory_equal(info.ranges, ranges, sizeof(ranges));
	assert_false(info.has_device);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.uid, getuid());
	assert_int_equal(tphbuf_buffer_length(got), 0x3000);
	assert_null(tphbuf_buffer_device(got));
	assert_true(fcntl(tphbuf_buffer_fd(got), F_GETFD) & FD_CLOEXEC);
	/* The peer has closed its socket. */
	tphbuf_buffer_close(got);
	assert_int_equal(receive(f, pair[1], NULL, &got), -ECONNRESET);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[1], NULL), -EPIPE);
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "peer is gone");
	close(pair[1]);
}

static void a_buffer_without_device_is_described_as_such(void **state)
{
	struct tphbuf_buffer *buf, *got;
	struct tphbuf_share_info info;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	assert_int_equal(tphbuf_buffer_udmabuf(f->ctx, 4096, &buf), 0);
	assert_int_equal(tphbuf_buffer_send(buf, pair[0], NULL), 0);
	assert_int_equal(receive(f, pair[1], &info, &got), 0);
	assert_int_equal(info.source, TPHBUF_SOURCE_UDMABUF);
	assert_int_equal(info.bar, -1);
	assert_string_equal(info.bdf, "");
	assert_string_equal(info.label, "");
	assert_int_equal(info.tag.valid, 0);
	assert_int_equal(info.supported, 0);
	assert_null(info.ranges);
	tphbuf_buffer_close(got);
	tphbuf_buffer_close(buf);
	close_pair(pair);
}

static void kernels_without_tags_are_no_failure(void **state)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.flags = TPHBUF_SEND_DEVICE,
	};
	struct tphbuf_share_info info;
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	assert_int_equal(receive(f, pair[1], NULL, &got), -ETIMEDOUT);
	fake.has_tph = false;
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], &send), 0);
	assert_int_equal(receive(f, pair[1], &info, &got), 0);
	assert_int_equal(info.supported, 0);
	assert_int_equal(info.trust, TPHBUF_TAG_CLAIMED);
	tphbuf_buffer_close(got);
	/* The last recorded failure is the earlier one. */
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "in time");
	fake.has_tph = true;
	fake_fail_feature(TPH_GET, ENODEV);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], NULL), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_TAG, "the device was closed");
	close_pair(pair);
}

static void the_device_can_come_along(void **state)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.flags = TPHBUF_SEND_DEVICE,
	};
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, 7, 1 };
	struct tphbuf_share_info info;
	struct tphbuf_device *dev;
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], &send), 0);
	/* The sender exits. */
	tphbuf_buffer_close(f->buf);
	f->buf = NULL;
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	close(pair[0]);
	assert_int_equal(receive(f, pair[1], &info, &got), 0);
	assert_true(info.has_device);
	assert_int_equal(info.trust, TPHBUF_TAG_CONFIRMED);
	dev = tphbuf_buffer_device(got);
	assert_non_null(dev);
	assert_string_equal(tphbuf_device_bdf(dev), FAKE_BDF);
	assert_int_equal(tphbuf_device_reset(dev), 0);
	assert_int_equal(tphbuf_buffer_tag_set(got, &tag), 0);
	assert_int_equal(fake_dmabuf_tag()->st, 7);
	tphbuf_buffer_close(got);
	close(pair[1]);
}

static void the_kernel_has_the_last_word_on_the_tag(void **state)
{
	struct tphbuf_receive_opts opts = { .size = sizeof(opts) };
	struct tphbuf_share_info info = { .size = sizeof(info) };
	struct tphbuf_buffer *got = NULL;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	opts.dev = f->dev;
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], NULL), 0);
	fake_dmabuf_tag()->st = 0x66;
	assert_int_equal(tphbuf_buffer_receive(f->ctx, pair[1], &opts, &info, &got), 0);
	assert_int_equal(info.trust, TPHBUF_TAG_CORRECTED);
	assert_int_equal(info.tag.st, 0x66);
	tphbuf_buffer_close(got);

	/* A device that did not export it. */
	assert_int_equal(tphbuf_buffer_udmabuf(f->ctx, 4096, &got), 0);
	assert_int_equal(tphbuf_buffer_send(got, pair[0], NULL), 0);
	tphbuf_buffer_close(got);
	got = NULL;
	assert_int_equal(tphbuf_buffer_receive(f->ctx, pair[1], &opts, NULL, &got), -EINVAL);
	assert_null(got);
	close_pair(pair);
}

static void silence_times_out(void **state)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.timeout_ms = NO_TIME_MS,
	};
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2], ret = 0, i;

	make_pair(pair);
	assert_int_equal(receive(f, pair[1], NULL, &got), -ETIMEDOUT);
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "in time");
	/* A peer that never reads. */
	for (i = 0; i < 10000 && !ret; i++)
		ret = tphbuf_buffer_send(f->buf, pair[0], &send);
	assert_int_equal(ret, -ETIMEDOUT);
	close_pair(pair);
}

/* Signals neither end a call nor extend its timeout. */
static void signals_do_not_end_a_call(void **state)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.timeout_ms = NO_TIME_MS,
	};
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2], ret = 0, i;

	make_pair(pair);
	interrupt_every(3000);
	assert_int_equal(receive(f, pair[1], NULL, &got), -ETIMEDOUT);
	for (i = 0; i < 10000 && !ret; i++)
		ret = tphbuf_buffer_send(f->buf, pair[0], &send);
	interrupt_every(0);
	assert_int_equal(ret, -ETIMEDOUT);
	close_pair(pair);
}

/* A message as an attacker writes it. */
struct forged {
	struct share_msg head;
	struct tphbuf_range ranges[4];
};

static void good_message(struct fixture *f, struct forged *m)
{
	struct tphbuf_identity id = tphbuf_buffer_identity(f->buf);

	memset(m, 0, sizeof(*m));
	m->head.magic = SHARE_MAGIC;
	m->head.version = SHARE_VERSION;
	m->head.size = sizeof(m->head) + 2 * sizeof(m->ranges[0]);
	m->head.nr_ranges = 2;
	m->head.length = 0x10000;
	m->head.dev = id.dev;
	m->head.ino = id.ino;
	m->head.source = TPHBUF_SOURCE_BAR;
	m->head.bar = 2;
	strcpy(m->head.bdf, FAKE_BDF);
	m->ranges[0].length = 0x8000;
	m->ranges[1].offset = 0x8000;
	m->ranges[1].length = 0x8000;
}

static void send_raw(int sock, const void *data, size_t size, const int *fds, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)data, size };
	char control[CMSG_SPACE(300 * sizeof(int))] = { 0 };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (n) {
		hdr.msg_control = control;
		hdr.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &hdr, 0), size);
}

/* Send the message with @n descriptors of the buffer. Return: the receiver's result. */
static int forge(struct fixture *f, const void *data, size_t size, size_t n)
{
	struct tphbuf_buffer *got = NULL;
	unsigned int before;
	int pair[2], fds[253], ret;
	size_t i;

	make_pair(pair);
	for (i = 0; i < n; i++)
		fds[i] = tphbuf_buffer_fd(f->buf);
	send_raw(pair[0], data, size, fds, n);
	before = fake_count_fds();
	ret = receive(f, pair[1], NULL, &got);
	tphbuf_buffer_close(got);
	assert_int_equal(fake_count_fds(), before);
	close_pair(pair);
	return ret;
}

static void forged_messages_are_refused(void **state)
{
	static const struct {
		size_t offset, size;
		uint64_t value;
		int ret;
	} cases[] = {
#define FIELD(name) offsetof(struct forged, name), sizeof(((struct forged *)NULL)->name)
		{ FIELD(head.magic), 0, -EPROTO },
		{ FIELD(head.magic), 0x74706266, -EPROTO },
		{ FIELD(head.version), 0, -EPROTONOSUPPORT },
		{ FIELD(head.version), 2, -EPROTONOSUPPORT },
		{ FIELD(head.flags), 2, -EPROTO },
		{ FIELD(head.flags), SHARE_HAS_DEVICE, -EPROTO },
		{ FIELD(head.size), 0, -EPROTO },
		{ FIELD(head.size), 0xffffffff, -EPROTO },
		{ FIELD(head.nr_ranges), 0, -EPROTO },
		{ FIELD(head.nr_ranges), 3, -EPROTO },
		{ FIELD(head.nr_ranges), 0xffffffff, -EPROTO },
		{ FIELD(head.nr_ranges), 0x10000002, -EPROTO },
		{ FIELD(head.length), 0, -EPROTO },
		{ FIELD(head.length), 0x8000, -EPROTO },
		{ FIELD(head.length), UINT64_MAX, -EPROTO },
		{ FIELD(head.dev), 0xdead, -EPROTO },
		{ FIELD(head.ino), 0, -EPROTO },
		{ FIELD(head.ino), 0xdeadbeef, -EPROTO },
		{ FIELD(head.tag_valid), 4, -EPROTO },
		{ FIELD(head.tag_ph), 4, -EPROTO },
		{ FIELD(head.supported), 8, -EPROTO },
		{ FIELD(head.source), 99, -EPROTO },
		{ FIELD(head.source), TPHBUF_SOURCE_HEAP, -EPROTO },
		{ FIELD(head.bar), 6, -EPROTO },
		{ FIELD(head.bar), 0xffffffff, -EPROTO },
		{ FIELD(head.bar), 0x80000000, -EPROTO },
		{ FIELD(head.reserved), 1, -EPROTO },
		{ FIELD(head.bdf[0]), 0, -EPROTO },
		{ FIELD(head.bdf[0]), 'x', -EPROTO },
		{ FIELD(head.bdf[4]), 0, -EPROTO },
		{ FIELD(head.bdf[23]), 'x', -EPROTO },
		{ FIELD(head.label[0]), '\n', -EPROTO },
		{ FIELD(head.label[0]), 0xff, -EPROTO },
		{ FIELD(head.label[1]), 'x', -EPROTO },
		{ FIELD(ranges[0].length), 0, -EPROTO },
		{ FIELD(ranges[0].length), 0x9000, -EPROTO },
		{ FIELD(ranges[0].length), 0x8001, -EPROTO },
		{ FIELD(ranges[0].length), ~0xfffull, -EPROTO },
		{ FIELD(ranges[1].offset), 0x8001, -EPROTO },
		{ FIELD(ranges[1].offset), ~0xfffull, -EPROTO },
#undef FIELD
	};
	struct fixture *f = *state;
	struct forged m;
	size_t i;

	good_message(f, &m);
	assert_int_equal(forge(f, &m, m.head.size, 1), 0);
	for (i = 0; i < NR(cases); i++) {
		int ret;

		good_message(f, &m);
		memcpy((char *)&m + cases[i].offset, &cases[i].value, cases[i].size);
		ret = forge(f, &m, sizeof(m.head) + 2 * sizeof(m.ranges[0]), 1);
		if (ret != cases[i].ret)
			fail_msg("case %zu: %d", i, ret);
		assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "refused");
	}
	/* A tag in a namespace that the message declares unsupported. */
	good_message(f, &m);
	m.head.supported = TPHBUF_TAG_ST;
	m.head.tag_valid = TPHBUF_TAG_XST;
	assert_int_equal(forge(f, &m, m.head.size, 1), -EPROTO);
	/* The first BAR is one like any other, and only a BAR has a number. */
	good_message(f, &m);
	m.head.bar = 0;
	assert_int_equal(forge(f, &m, m.head.size, 1), 0);
	m.head.source = TPHBUF_SOURCE_HEAP;
	memset(m.head.bdf, 0, sizeof(m.head.bdf));
	assert_int_equal(forge(f, &m, m.head.size, 1), -EPROTO);
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "do not go together");
	/* The last of the sources. */
	m.head.source = TPHBUF_SOURCE_DRM;
	m.head.bar = -1;
	m.head.nr_ranges = 0;
	m.head.size = sizeof(m.head);
	assert_int_equal(forge(f, &m, m.head.size, 1), 0);
	m.head.source = TPHBUF_SOURCE_DRM + 1;
	assert_int_equal(forge(f, &m, m.head.size, 1), -EPROTO);
	/* A label that fills its field. */
	good_message(f, &m);
	memset(m.head.label, 'x', sizeof(m.head.label));
	assert_int_equal(forge(f, &m, m.head.size, 1), -EPROTO);
	m.head.label[sizeof(m.head.label) - 1] = '\0';
	assert_int_equal(forge(f, &m, m.head.size, 1), 0);
}

static void messages_of_wrong_size_are_refused(void **state)
{
	struct fixture *f = *state;
	struct forged m;
	char *large;
	size_t size;

	good_message(f, &m);
	for (size = 1; size < m.head.size; size++)
		assert_int_equal(forge(f, &m, size, 1), -EPROTO);
	assert_int_equal(forge(f, &m, m.head.size + 1, 1), -EPROTO);
	assert_int_equal(forge(f, &m, sizeof(m), 1), -EPROTO);
	large = calloc(1, SHARE_MSG_MAX + 1);
	memcpy(large, &m, sizeof(m));
	assert_int_equal(forge(f, large, SHARE_MSG_MAX + 1, 1), -EMSGSIZE);
	free(large);
	/* No bytes but a descriptor. */
	assert_int_equal(forge(f, &m, 0, 1), -EPROTO);
}

static void descriptor_count_must_match_the_message(void **state)
{
	struct fixture *f = *state;
	struct forged m;

	good_message(f, &m);
	assert_int_equal(forge(f, &m, m.head.size, 0), -EPROTO);
	assert_int_equal(forge(f, &m, m.head.size, 2), -EPROTO);
	assert_int_equal(forge(f, &m, m.head.size, 253), -EPROTO);
	m.head.flags = SHARE_HAS_DEVICE;
	assert_int_equal(forge(f, &m, m.head.size, 1), -EPROTO);
	assert_int_equal(forge(f, &m, m.head.size, 3), -EPROTO);
}

static void other_descriptors_are_refused(void **state)
{
	struct tphbuf_buffer *got = NULL;
	struct fixture *f = *state;
	int pair[2], fds[2], i;
	struct forged m;

	good_message(f, &m);
	make_pair(pair);
	/* Not a dma-buf; a dma-buf, but another one of the same length. */
	for (i = 0; i < 2; i++) {
		fds[0] = i ? fake_foreign_dmabuf(0x10000) : open("/dev/null", O_RDWR | O_CLOEXEC);
		send_raw(pair[0], &m, m.head.size, fds, 1);
		close(fds[0]);
		assert_int_equal(receive(f, pair[1], NULL, &got), i ? -EPROTO : -EINVAL);
	}
	/* A descriptor that is not a device. */
	m.head.flags = SHARE_HAS_DEVICE;
	fds[0] = tphbuf_buffer_fd(f->buf);
	fds[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
	send_raw(pair[0], &m, m.head.size, fds, 2);
	close(fds[1]);
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, 1, ENOTTY);
	assert_int_equal(receive(f, pair[1], NULL, &got), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_OPEN, "not a vfio device");
	close_pair(pair);
}

/* A connected socket of TCP that has sent what its peer does not read. */
static int unread_socket(int *listener, int *peer)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct linger linger = { .l_onoff = 1, .l_linger = 30 };
	static const char data[65536];
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*listener, (void *)&address, size), 0);
	assert_int_equal(getsockname(*listener, (void *)&address, &size), 0);
	assert_int_equal(listen(*listener, 1), 0);
	assert_int_equal(connect(fd, (void *)&address, size), 0);
	*peer = accept(*listener, NULL, NULL);
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return fd;
}

/* Closing a peer's descriptors takes no longer than the timeout. */
static void no_peer_makes_close_wait(void **state)
{
	struct tphbuf_buffer *got = NULL;
	struct fixture *f = *state;
	int pair[2], fds[4], listener, peer;
	struct timespec before, after;
	struct forged m;
	size_t i;

	good_message(f, &m);
	make_pair(pair);
	/* As an extra descriptor, in place of the buffer, in place of the device. */
	for (i = 0; i < 3; i++) {
		fds[0] = fds[1] = fds[2] = tphbuf_buffer_fd(f->buf);
		m.head.flags = i == 1 ? SHARE_HAS_DEVICE : 0;
		fds[i] = unread_socket(&listener, &peer);
		send_raw(pair[0], &m, m.head.size, fds, i + 1);
		close(fds[i]);
		clock_gettime(CLOCK_MONOTONIC, &before);
		assert_int_equal(receive(f, pair[1], NULL, &got), i == 2 ? -EPROTO : -EINVAL);
		clock_gettime(CLOCK_MONOTONIC, &after);
		assert_in_range(after.tv_sec - before.tv_sec, 0, 5);
		close(peer);
		close(listener);
	}
	close_pair(pair);
}

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

/* The caller's socket options may add control messages. */
static void ancillary_data_of_the_kernel_is_ignored(void **state)
{
	static const int options[] = { SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD };
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2], fds[253], one = 1;
	unsigned int before;
	struct forged m;
	size_t i;

	good_message(f, &m);
	make_pair(pair);
	/* An old kernel lacks the last one. */
	for (i = 0; i < NR(options); i++)
		setsockopt(pair[1], SOL_SOCKET, options[i], &one, sizeof(one));
	before = fake_count_fds();
	assert_int_equal(tphbuf_buffer_send(f->buf, pair[0], NULL), 0);
	assert_int_equal(receive(f, pair[1], NULL, &got), 0);
	tphbuf_buffer_close(got);
	assert_int_equal(fake_count_fds(), before);
	for (i = 0; i < NR(fds); i++)
		fds[i] = tphbuf_buffer_fd(f->buf);
	send_raw(pair[0], &m, m.head.size, fds, NR(fds));
	assert_int_equal(receive(f, pair[1], NULL, &got), -EPROTO);
	assert_int_equal(fake_count_fds(), before);
	close_pair(pair);
}

static void random_messages_are_refused(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = 1, i, good = 0;
	struct forged m;

	for (i = 0; i < 2000; i++) {
		size_t size, byte = (size_t)rand_r(&seed) % sizeof(m.head);
		int ret;

		good_message(f, &m);
		size = i % 3 ? m.head.size : 1 + (size_t)rand_r(&seed) % sizeof(m);
		((char *)&m)[byte] ^= (char)(1 << rand_r(&seed) % 8);
		ret = forge(f, &m, size, 1);
		if (!ret)
			good++;
		else if (ret != -EPROTO && ret != -EPROTONOSUPPORT)
			fail_msg("round %u: %d", i, ret);
	}
	/* The tag, the namespaces, the label and the address may differ. */
	assert_true(good < 1000);
}

static int op_share(struct fixture *f)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.flags = TPHBUF_SEND_DEVICE,
	};
	struct tphbuf_buffer *got;
	int pair[2], ret;

	make_pair(pair);
	ret = tphbuf_buffer_send(f->buf, pair[0], &send);
	if (!ret)
		ret = receive(f, pair[1], NULL, &got);
	if (!ret)
		tphbuf_buffer_close(got);
	close_pair(pair);
	return ret;
}

static void every_failing_call_is_handled(void **state)
{
	sweep_faults(*state, op_share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(send_bad_arguments, buffer),
		TEST(sockets_of_other_kinds_are_refused, buffer),
		TEST(receive_bad_arguments, buffer),
		TEST(sent_buffer_is_received_unchanged, buffer),
		TEST(a_buffer_without_device_is_described_as_such, buffer),
		TEST(kernels_without_tags_are_no_failure, buffer),
		TEST(the_device_can_come_along, buffer),
		TEST(the_kernel_has_the_last_word_on_the_tag, buffer),
		TEST(silence_times_out, buffer),
		TEST(signals_do_not_end_a_call, buffer),
		TEST(forged_messages_are_refused, buffer),
		TEST(messages_of_wrong_size_are_refused, buffer),
		TEST(descriptor_count_must_match_the_message, buffer),
		TEST(other_descriptors_are_refused, buffer),
		TEST(no_peer_makes_close_wait, buffer),
		TEST(ancillary_data_of_the_kernel_is_ignored, buffer),
		TEST(random_messages_are_refused, buffer),
		TEST(every_failing_call_is_handled, buffer),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
