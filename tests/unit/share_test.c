// SPDX-License-Identifier: MIT
/* Hand-over of buffers: lib/share*.c, with an honest peer. */
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/share_rig.h"

#define TPH_GET (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF_TPH)

static const struct tphbuf_tag tag_both = { TPHBUF_TAG_MASK, 0x1234, 0x5a, 2 };

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

/* To a peer that never reads: the call ends when no more fits. */
static void send_until_full(struct fixture *f, int sock)
{
	struct tphbuf_send_opts send = {
		.size = sizeof(send),
		.timeout_ms = NO_TIME_MS,
	};
	int ret = 0, i;

	for (i = 0; i < 10000 && !ret; i++)
		ret = tphbuf_buffer_send(f->buf, sock, &send);
	assert_int_equal(ret, -ETIMEDOUT);
}

static void silence_times_out(void **state)
{
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	assert_int_equal(receive(f, pair[1], NULL, &got), -ETIMEDOUT);
	assert_error_at(f->ctx, TPHBUF_STAGE_SHARE, "in time");
	send_until_full(f, pair[0]);
	close_pair(pair);
}

/* Signals neither end a call nor extend its timeout. */
static void signals_do_not_end_a_call(void **state)
{
	struct tphbuf_buffer *got;
	struct fixture *f = *state;
	int pair[2];

	make_pair(pair);
	interrupt_every(3000);
	assert_int_equal(receive(f, pair[1], NULL, &got), -ETIMEDOUT);
	send_until_full(f, pair[0]);
	interrupt_every(0);
	close_pair(pair);
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
		TEST(every_failing_call_is_handled, buffer),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
