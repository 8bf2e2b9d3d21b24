// SPDX-License-Identifier: MIT
/* Hand-over of buffers: messages of a hostile peer. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vfio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/share/msg.h"
#include "tests/unit/share_rig.h"

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
}

static void fields_that_contradict_each_other_are_refused(void **state)
{
	struct fixture *f = *state;
	struct forged m;

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(forged_messages_are_refused, buffer),
		TEST(fields_that_contradict_each_other_are_refused, buffer),
		TEST(messages_of_wrong_size_are_refused, buffer),
		TEST(descriptor_count_must_match_the_message, buffer),
		TEST(other_descriptors_are_refused, buffer),
		TEST(no_peer_makes_close_wait, buffer),
		TEST(ancillary_data_of_the_kernel_is_ignored, buffer),
		TEST(random_messages_are_refused, buffer),
	};

	return cmocka_run_group_tests_name("share_forged", tests, NULL, NULL);
}
