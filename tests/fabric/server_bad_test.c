// SPDX-License-Identifier: MIT
/*
 * Clients that violate the protocol. Every case checks that the server still works and has closed
 * all files of the violating client and, at the end, that the server exits cleanly.
 */
#include "tests/fabric/client.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX
#define MAX_FDS 40

static int setup(void **ctx)
{
	static struct server server;

	server_start(&server, "--endpoint a,bar-mb=1 --endpoint b,bar-mb=1");
	*ctx = &server;
	return 0;
}

static int teardown(void **ctx)
{
	server_stop(*ctx);
	return 0;
}

/* The error of one message, after which the connection must work as before. */
static int error_of(struct client *client, unsigned int command, const void *body, uint32_t len,
		    const int *fds, unsigned int nfds)
{
	struct answer answer;
	int error = client_call(client, command, body, len, fds, nfds, &answer);

	if (answer.fd >= 0)
		close(answer.fd);
	client_check(client);
	return error;
}

static void unknown_and_unsupported_commands(void **ctx)
{
	static const unsigned int commands[] = { 0,
						 14,
						 15,
						 16,
						 999,
						 0xffff,
						 SRV_DMA_READ,
						 SRV_DMA_WRITE,
						 SRV_DEVICE_GET_REGION_IO_FDS };
	struct client client;
	unsigned int i;

	client_open(&client, *ctx, "a");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(error_of(&client, commands[i], NULL, 0, NULL, 0), EOPNOTSUPP);
		assert_int_equal(error_of(&client, commands[i], "12345678", 8, NULL, 0), EOPNOTSUPP);
	}
	client_close(&client);
}

/*
 * Every command in every length around its own: too short is an error, and so is too long where
 * the size is fixed.
 */
static void wrong_lengths(void **ctx)
{
	static const struct {
		unsigned int command;
		uint32_t min, max;
	} rows[] = {
		{ SRV_DMA_MAP, 32, 32 },
		{ SRV_DMA_UNMAP, 24, 24 },
		{ SRV_DEVICE_GET_INFO, 16, 100 },
		{ SRV_DEVICE_GET_REGION_INFO, 32, 100 },
		{ SRV_DEVICE_GET_IRQ_INFO, 16, 100 },
		{ SRV_DEVICE_SET_IRQS, 20, 84 },
		{ SRV_REGION_READ, 16, 16 },
		{ SRV_DEVICE_RESET, 0, 0 },
	};
	struct client client;
	uint8_t body[128] = { 0 };
	unsigned int i, command;
	uint32_t len;

	client_open(&client, *ctx, "a");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (len = 0; len < 100; len++) {
			int error = error_of(&client, rows[i].command, body, len, NULL, 0);

			if ((len < rows[i].min || len > rows[i].max) && error != EINVAL)
				fail_msg("command %u with %u bytes: error %d", rows[i].command, len,
					 error);
		}
	}
	memset(body, 0xff,
	       sizeof(body)); /* DEVICE_GET_INFO alone has no fields that could be wrong */
	for (command = SRV_DMA_MAP; command < SRV_DEVICE_RESET; command++)
		for (len = 0; command != SRV_DEVICE_GET_INFO && len < sizeof(body); len++)
			assert_int_not_equal(error_of(&client, command, body, len, NULL, 0), 0);
	client_close(&client);
}

static void bad_region_accesses(void **ctx)
{
	static const struct {
		uint32_t region;
		uint64_t off;
		uint32_t count;
	} rows[] = {
		{ 0, 0, 0 },
		{ 0, 0x10000, 1 },
		{ 0, 0xfffe, 4 },
		{ 0, UINT64_MAX, 1 },
		{ 0, UINT64_MAX - 3, 8 },
		{ 1, 0, 4 },
		{ 2, 1 << 20, 1 },
		{ 2, (1 << 20) - 1, 2 },
		{ 2, 0, SRV_MAX_XFER + 1 },
		{ 2, 0, UINT32_MAX },
		{ 3, 0, 4 },
		{ 6, 0, 4 },
		{ CONFIG, 4096, 1 },
		{ CONFIG, 4095, 2 },
		{ CONFIG, 0, 4097 },
		{ CONFIG, 1ull << 32, 4 },
		{ 8, 0, 4 },
		{ 9, 0, 4 },
		{ UINT32_MAX, 0, 4 },
	};
	struct {
		struct srv_region_access access;
		uint8_t data[16];
	} request = { .data = { 0 } };
	struct client client;
	unsigned int i;

	client_open(&client, *ctx, "a");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.access = (struct srv_region_access){ .offset = rows[i].off,
							     .region = rows[i].region,
							     .count = rows[i].count };
		assert_int_equal(error_of(&client, SRV_REGION_READ, &request, 16, NULL, 0), EINVAL);
		assert_int_equal(error_of(&client, SRV_REGION_WRITE, &request,
					  16 + (rows[i].count < 16 ? rows[i].count : 16), NULL, 0),
				 EINVAL);
	}
	request.access =
		(struct srv_region_access){ .region = 0, .count = 4 }; /* count and data differ */
	assert_int_equal(error_of(&client, SRV_REGION_WRITE, &request, 16 + 3, NULL, 0), EINVAL);
	assert_int_equal(error_of(&client, SRV_REGION_WRITE, &request, 16 + 5, NULL, 0), EINVAL);
	client_close(&client);
}

static void bad_dma_maps(void **ctx)
{
	const uint32_t rw = SRV_DMA_FLAG_READ | SRV_DMA_FLAG_WRITE;
	const struct {
		struct srv_dma_map map;
		int error;
	} rows[] = {
		{ { 32, rw, 0, 0x100000, 0 }, EINVAL },
		{ { 31, rw, 0, 0x100000, 0x1000 }, EINVAL },
		{ { 32, 4, 0, 0x100000, 0x1000 }, EINVAL },
		{ { 32, rw, 0, 0x100001, 0x1000 }, EINVAL },
		{ { 32, rw, 0, 0x100000, 0x1001 }, EINVAL },
		{ { 32, rw, 1, 0x100000, 0x1000 }, EINVAL },
		{ { 32, rw, 0, 0x100000, 0x3000 }, EINVAL },
		{ { 32, rw, 0x2000, 0x100000, 0x1000 }, EINVAL },
		{ { 32, rw, 0, UINT64_MAX - 0xfff, 0x2000 }, EINVAL },
		{ { 32, rw, 0, 0x1000, UINT64_MAX - 0xfff }, EINVAL },
		{ { 32, rw, UINT64_MAX - 0xfff, 0x100000, 0x1000 }, EINVAL },
		{ { 32, rw, 0, 0x0, 0x1000 }, EEXIST },
		{ { 32, rw, 0, 0x1000, 0x2000 }, EEXIST },
		{ { 32, 0, 0, 0x100000, 0x1000 }, 0 },
	};
	int fd = memfd_create("guest", MFD_CLOEXEC), two[2] = { fd, fd };
	struct srv_dma_map map = { 32, rw, 0, 0x200000, 0x1000 };
	struct srv_dma_unmap unmap = { .argsz = 24, .addr = 0x1000, .size = 0x1000 };
	struct client client;
	unsigned int i, before;

	assert_int_equal(ftruncate(fd, 0x2000), 0);
	client_open(&client, *ctx, "a");
	assert_int_equal(client_map(&client, 0, 0x2000, fd, 0), 0);
	before = server_fds(*ctx);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (error_of(&client, SRV_DMA_MAP, &rows[i].map, sizeof(rows[i].map), &fd, 1) !=
		    rows[i].error)
			fail_msg("row %u", i);
	assert_int_equal(error_of(&client, SRV_DMA_MAP, &map, sizeof(map), two, 2), EINVAL);
	assert_int_equal(error_of(&client, SRV_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0),
			 EINVAL); /* cuts a mapping */
	unmap = (struct srv_dma_unmap){ .argsz = 24, .flags = 1, .addr = 0, .size = 0x2000 };
	assert_int_equal(error_of(&client, SRV_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0),
			 EINVAL); /* dirty bitmap */
	unmap = (struct srv_dma_unmap){ .argsz = 23, .addr = 0, .size = 0x2000 };
	assert_int_equal(error_of(&client, SRV_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0), EINVAL);
	assert_int_equal(server_fds(*ctx), before);
	client_close(&client);
	close(fd);
}

static void bad_interrupt_requests(void **ctx)
{
	const uint32_t event = VFIO_IRQ_SET_DATA_EVENTFD, none = VFIO_IRQ_SET_DATA_NONE,
		       trigger = VFIO_IRQ_SET_ACTION_TRIGGER;
	const struct {
		uint32_t argsz, flags, index, start, count;
		unsigned int nfds;
	} rows[] = {
		{ 19, none | trigger, 2, 0, 1, 0 },
		{ 20, trigger, 2, 0, 1, 0 },
		{ 20, none, 2, 0, 1, 0 },
		{ 20, none | event | trigger, 2, 0, 1, 0 },
		{ 20, none | trigger | VFIO_IRQ_SET_ACTION_MASK, 2, 0, 1, 0 },
		{ 20, none | VFIO_IRQ_SET_ACTION_UNMASK, 2, 0, 1, 0 },
		{ 20, none | trigger | 1u << 31, 2, 0, 1, 0 },
		{ 20, none | trigger, 5, 0, 0, 0 },
		{ 20, none | trigger, 2, 0, 3, 0 },
		{ 20, none | trigger, 2, 2, 1, 0 },
		{ 20, none | trigger, 2, 3, 0, 0 },
		{ 20, none | trigger, 2, 1, UINT32_MAX, 0 },
		{ 20, none | trigger, 0, 0, 1, 0 },
		{ 20, event | trigger, 2, 0, 2, 1 },
		{ 20, event | trigger, 2, 0, 1, 2 },
		{ 20, none | trigger, 2, 0, 1, 1 },
		{ 20, event | trigger, 2, 0, 3, 3 },
		{ 20, VFIO_IRQ_SET_DATA_BOOL | trigger, 2, 0, 2, 0 },
	};
	struct vfio_irq_set set;
	int fds[3];
	struct client client;
	unsigned int i, before;

	for (i = 0; i < 3; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	client_open(&client, *ctx, "a");
	before = server_fds(*ctx);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set = (struct vfio_irq_set){ .argsz = rows[i].argsz,
					     .flags = rows[i].flags,
					     .index = rows[i].index,
					     .start = rows[i].start,
					     .count = rows[i].count };
		if (error_of(&client, SRV_DEVICE_SET_IRQS, &set, sizeof(set), fds, rows[i].nfds) !=
		    EINVAL)
			fail_msg("row %u", i);
	}
	assert_int_equal(server_fds(*ctx), before);
	client_close(&client);
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

static void surplus_files_are_closed(void **ctx)
{
	static const unsigned int counts[] = { 1, SRV_MAX_FDS, SRV_MAX_FDS + 1, MAX_FDS };
	const uint32_t info[4] = { sizeof(info) };
	struct client client;
	unsigned int i, before;
	int fds[MAX_FDS];

	for (i = 0; i < MAX_FDS; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	client_open(&client, *ctx, "a");
	before = server_fds(*ctx);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		assert_int_equal(error_of(&client, SRV_DEVICE_GET_INFO, info, sizeof(info), fds,
					  counts[i]),
				 EINVAL);
		assert_int_equal(error_of(&client, 999, NULL, 0, fds, counts[i]),
				 counts[i] > SRV_MAX_FDS ? EINVAL : EOPNOTSUPP);
	}
	assert_int_equal(server_fds(*ctx), before);
	client_close(&client);
	for (i = 0; i < MAX_FDS; i++)
		close(fds[i]);
}

/* Files attached to every part of a message, one too many in all. */
static void surplus_files_in_pieces(void **ctx)
{
	const uint32_t info[4] = { sizeof(info) };
	const struct srv_header header = { .command = SRV_DEVICE_GET_INFO,
					   .size = sizeof(header) + sizeof(info) };
	int fds[4] = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC),
		       eventfd(0, EFD_CLOEXEC) };
	struct client client;
	struct answer answer;
	unsigned int i, before;

	client_open(&client, *ctx, "a");
	before = server_fds(*ctx);
	client_write(&client, &header, sizeof(header), fds, 4);
	for (i = 0; i < sizeof(info); i++)
		client_write(&client, (const uint8_t *)info + i, 1, fds, 4);
	assert_true(client_receive(&client, &answer));
	assert_int_equal(answer.header.error, EINVAL);
	client_check(&client);
	assert_int_equal(server_fds(*ctx), before);
	client_close(&client);
	for (i = 0; i < 4; i++)
		close(fds[i]);
}

/* These make the stream unusable: an error, if any, then the server hangs up. */
static void broken_framing_ends_the_connection(void **ctx)
{
	static const struct srv_header headers[] = {
		{ 1, SRV_DEVICE_GET_INFO, 0, 0, 0 },
		{ 1, SRV_DEVICE_GET_INFO, 15, 0, 0 },
		{ 1, SRV_DEVICE_GET_INFO, 16 + SRV_MAX_BODY + 1, 0, 0 },
		{ 1, SRV_DEVICE_GET_INFO, UINT32_MAX, 0, 0 },
		{ 1, SRV_DEVICE_RESET, 16, SRV_TYPE_REPLY, 0 }, /* an answer to nothing */
		{ 1, SRV_DEVICE_RESET, 16, 2, 0 },
		{ 1, SRV_DEVICE_RESET, 16, SRV_ERROR, 0 },
		{ 1, SRV_DEVICE_RESET, 16, 0x80000000, 0 },
	};
	struct client client;
	struct answer answer;
	unsigned int i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		client_open(&client, *ctx, "a");
		client_write(&client, &headers[i], sizeof(headers[i]), NULL, 0);
		if (client_receive(&client, &answer)) {
			assert_int_equal(answer.header.flags, SRV_TYPE_REPLY | SRV_ERROR);
			assert_int_equal(answer.header.error, EINVAL);
			assert_false(client_receive(&client, &answer));
		}
		client_close(&client);
	}
	client_open(&client, *ctx, "a");
	client_check(&client);
	client_close(&client);
}

static void bad_versions(void **ctx)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} rows[] = {
		{ "\1\0\0\0{}", 7 }, /* major 1 */
		{ "\0\0\0\0{}", 6 }, /* no end of the string */
		{ "\0\0\0\0{\"a\":", 10 }, { "\0\0\0\0[1]", 8 }, { "\0\0\0\0x", 6 },
		{ "\0\0\0\0\0", 5 },	   { "\0\0", 2 },	 { "", 0 },
	};
	struct client client;
	struct answer answer;
	uint8_t *deep = calloc(1, 5000);
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		client_connect(&client, *ctx, "a");
		if (client_call(&client, SRV_VERSION, rows[i].bytes, rows[i].len, NULL, 0,
				&answer) != EINVAL)
			fail_msg("row %u", i);
		client_close(&client);
	}
	client_connect(&client, *ctx, "a");
	memset(deep + 4, '[', 4000); /* nested without end, then longer than is read */
	assert_int_equal(client_call(&client, SRV_VERSION, deep, 4005, NULL, 0, &answer), EINVAL);
	memset(deep + 4, '[', 4990);
	assert_int_equal(client_call(&client, SRV_VERSION, deep, 4995, NULL, 0, &answer), EINVAL);
	client_close(&client);
	free(deep);
	client_open(&client, *ctx, "a"); /* twice */
	assert_int_equal(error_of(&client, SRV_VERSION, "\0\0\0\0{}", 7, NULL, 0), EINVAL);
	client_close(&client);
}

static void commands_before_version_end_the_connection(void **ctx)
{
	struct client client;
	struct answer answer;

	client_connect(&client, *ctx, "a");
	assert_int_equal(client_call(&client, SRV_DEVICE_RESET, NULL, 0, NULL, 0, &answer), EINVAL);
	assert_false(client_receive(&client, &answer));
	client_close(&client);
}

/* The client disconnects at every byte of a message that carries a file. */
static void disconnect_in_the_middle(void **ctx)
{
	const struct srv_dma_map map = { 32, SRV_DMA_FLAG_READ, 0, 0, 0x1000 };
	const struct srv_header header = { .command = SRV_DMA_MAP,
					   .size = sizeof(header) + sizeof(map) };
	uint8_t message[sizeof(header) + sizeof(map)];
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct client client, other;
	unsigned int before;
	size_t len;

	assert_int_equal(ftruncate(fd, 0x1000), 0);
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), &map, sizeof(map));
	client_open(&other, *ctx, "b");
	before = server_fds(*ctx);
	for (len = 1; len < sizeof(message); len++) {
		client_open(&client, *ctx, "a");
		client_write(&client, message, len, &fd, 1);
		client_close(&client);
		client_check(&other);
	}
	client_open(&client, *ctx, "a"); /* served after the server has handled the last disconnect */
	client_close(&client);
	client_check(&other);
	client_check(&other);
	assert_int_equal(server_fds(*ctx), before);
	client_close(&other);
	close(fd);
}

static uint32_t some_value(void)
{
	switch (random() % 6) {
	case 0:
		return (uint32_t)random() % 16;
	case 1:
		return 1u << random() % 32;
	case 2:
		return UINT32_MAX - (uint32_t)random() % 4096;
	case 3:
		return (uint32_t)random() & ~0xfffu;
	default:
		return (uint32_t)random() % 128;
	}
}

/* Well-framed random messages: every message is answered, and the function works afterwards. */
static void random_messages(void **ctx)
{
	int fds[3] = { memfd_create("guest", MFD_CLOEXEC), eventfd(0, EFD_CLOEXEC), STDERR_FILENO };
	uint32_t body[32];
	struct client client;
	struct answer answer;
	unsigned int i, j, before;

	assert_int_equal(ftruncate(fds[0], 1 << 20), 0);
	client_open(&client, *ctx, "a");
	before = server_fds(*ctx);
	srandom(2);
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < 32; j++)
			body[j] = some_value();
		client_call(&client, 1 + (unsigned int)random() % 15, body,
			    (uint32_t)random() % 129, fds, (unsigned int)random() % 4, &answer);
		if (answer.fd >= 0)
			close(answer.fd);
	}
	client_check(&client);
	client_close(&client);
	client_open(&client, *ctx, "a");
	assert_int_equal(server_fds(*ctx), before);
	client_close(&client);
	close(fds[0]);
	close(fds[1]);
}

/* Random bytes without framing; the server hangs up on most of them. */
static void random_bytes(void **ctx)
{
	uint8_t noise[512];
	struct client client;
	unsigned int i, j;

	srandom(3);
	for (i = 0; i < 300; i++) {
		client_open(&client, *ctx, "a");
		for (j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)(random() % 3 ? 0 : random());
		client_write(&client, noise, 1 + (size_t)random() % sizeof(noise), NULL, 0);
		client_close(&client);
	}
	client_open(&client, *ctx, "b");
	client_check(&client);
	client_close(&client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(unknown_and_unsupported_commands),
		TEST(wrong_lengths),
		TEST(bad_region_accesses),
		TEST(bad_dma_maps),
		TEST(bad_interrupt_requests),
		TEST(surplus_files_are_closed),
		TEST(surplus_files_in_pieces),
		TEST(broken_framing_ends_the_connection),
		TEST(bad_versions),
		TEST(commands_before_version_end_the_connection),
		TEST(disconnect_in_the_middle),
		TEST(random_messages),
		TEST(random_bytes),
	};

	return cmocka_run_group_tests_name("server bad input", tests, NULL, NULL);
}
