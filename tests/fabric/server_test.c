// SPDX-License-Identifier: MIT
/* The server over its sockets: answers to a well-behaved client and on the control socket. */
#include "tests/fabric/client.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "fabric/endpoint/regs.h"
#include "fabric/server/stream.h"

#define CONFIG	  VFIO_PCI_CONFIG_REGION_INDEX
#define BAR_SIZE  (1u << 20)
#define ARGUMENTS "--endpoint a,bar-mb=1 --endpoint b,bar-mb=1"

static int setup(void **ctx)
{
	static struct server server;

	server_start(&server, ARGUMENTS);
	*ctx = &server;
	return 0;
}

static int teardown(void **ctx)
{
	server_stop(*ctx);
	return 0;
}

static void version_tells_limits(void **ctx)
{
	static const char version[] = "\0\0\0\0{\"capabilities\":{}}";
	struct client client;
	struct answer answer;
	cJSON *json, *caps;

	client_connect(&client, *ctx, "a");
	assert_int_equal(client_call(&client, SRV_VERSION, version, sizeof(version), NULL, 0,
				     &answer),
			 0);
	assert_memory_equal(answer.body, "\0\0\0\0", 4);
	assert_int_equal(answer.body[answer.len - 1], '\0');
	json = cJSON_Parse((char *)answer.body + 4);
	caps = cJSON_GetObjectItem(json, "capabilities");
	assert_int_equal(cJSON_GetObjectItem(caps, "max_msg_fds")->valueint, SRV_MAX_FDS);
	assert_int_equal(cJSON_GetObjectItem(caps, "max_data_xfer_size")->valueint, SRV_MAX_XFER);
	assert_int_equal(cJSON_GetObjectItem(caps, "pgsizes")->valueint, 4096);
	cJSON_Delete(json);
	client_close(&client);
	client_connect(&client, *ctx, "a"); /* the text is optional */
	assert_int_equal(client_call(&client, SRV_VERSION, version, 4, NULL, 0, &answer), 0);
	client_close(&client);
}

static void device_info(void **ctx)
{
	const uint32_t asked[4] = { sizeof(asked) };
	uint32_t info[4];
	struct client client;
	struct answer answer;

	client_open(&client, *ctx, "a");
	assert_int_equal(client_call(&client, SRV_DEVICE_GET_INFO, asked, sizeof(asked), NULL, 0,
				     &answer),
			 0);
	memcpy(info, answer.body, sizeof(info));
	assert_int_equal(info[1], VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
	assert_int_equal(info[2], VFIO_PCI_NUM_REGIONS);
	assert_int_equal(info[3], VFIO_PCI_NUM_IRQS);
	client_close(&client);
}

static void regions(void **ctx)
{
	static const uint64_t sizes[VFIO_PCI_NUM_REGIONS] = {
		[0] = EP_REGS_SIZE, [2] = BAR_SIZE, [CONFIG] = 4096
	};
	struct vfio_region_info info;
	struct client client;
	struct answer answer;
	uint32_t i;

	client_open(&client, *ctx, "a");
	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		info = (struct vfio_region_info){ .argsz = sizeof(info), .index = i };
		assert_int_equal(client_call(&client, SRV_DEVICE_GET_REGION_INFO, &info,
					     sizeof(info), NULL, 0, &answer),
				 0);
		memcpy(&info, answer.body, sizeof(info));
		assert_int_equal(info.size, sizes[i]);
		assert_int_equal(info.flags,
				 (sizes[i] ? 3 : 0) | (i == 2 ? VFIO_REGION_INFO_FLAG_MMAP : 0));
		assert_int_equal(info.offset, 0);
		assert_int_equal(answer.fd >= 0, i == 2);
		if (answer.fd >= 0)
			close(answer.fd);
	}
	client_close(&client);
}

static void memory_bar_is_the_file(void **ctx)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = 2 };
	struct client client;
	struct answer answer;
	uint8_t data[3000], *map;
	unsigned int i;

	client_open(&client, *ctx, "a");
	assert_int_equal(client_call(&client, SRV_DEVICE_GET_REGION_INFO, &info, sizeof(info), NULL,
				     0, &answer),
			 0);
	map = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, answer.fd, 0);
	assert_true(map != MAP_FAILED);
	assert_true(ftruncate(answer.fd, 0) < 0); /* the client cannot shrink the server's memory */
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 5);
	assert_int_equal(client_write_region(&client, 2, BAR_SIZE - 3001, data, sizeof(data)), 0);
	client_check(&client); /* writes are answered before they are executed */
	assert_memory_equal(map + BAR_SIZE - 3001, data, sizeof(data));
	map[77] = 0x77;
	assert_int_equal(client_read_region(&client, 2, 77, data, 1), 0);
	assert_int_equal(data[0], 0x77);
	munmap(map, BAR_SIZE);
	close(answer.fd);
	client_close(&client);
}

static void config_space_and_reset(void **ctx)
{
	struct client client;
	struct answer answer;
	uint32_t id, bar = 0xfe000000;
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	uint8_t all[4096];

	client_open(&client, *ctx, "a");
	assert_int_equal(client_read_region(&client, CONFIG, 0, &id, 4), 0);
	assert_int_equal(id, EP_PCI_DEVICE << 16 | EP_PCI_VENDOR);
	assert_int_equal(client_write_region(&client, CONFIG, PCI_BASE_ADDRESS_0, &bar, 4), 0);
	assert_int_equal(client_write_region(&client, CONFIG, PCI_COMMAND, &command, 2), 0);
	assert_int_equal(client_call(&client, SRV_DEVICE_RESET, NULL, 0, NULL, 0, &answer), 0);
	assert_int_equal(client_read_region(&client, CONFIG, 0, all, sizeof(all)), 0);
	assert_memory_equal(all + PCI_BASE_ADDRESS_0, &bar, 4);
	assert_int_equal(all[PCI_COMMAND], 0);
	client_close(&client);
}

static void registers_are_trapped(void **ctx)
{
	struct client client;
	uint32_t value, row = 5;
	uint8_t several[16];

	client_open(&client, *ctx, "a");
	assert_int_equal(client_read_region(&client, 0, EP_MAGIC, &value, 4), 0);
	assert_int_equal(value, EP_MAGIC_VALUE);
	assert_int_equal(client_write_region(&client, 0, EP_ROW, &row, 4), 0);
	assert_int_equal(client_read_region(&client, 0, EP_ROW, &value, 4), 0);
	assert_int_equal(value, 5);
	assert_int_equal(client_read_region(&client, 0, EP_MAGIC, several, sizeof(several)), 0);
	memcpy(&value, several + 4, 4);
	assert_int_equal(value, EP_VERSION_VALUE);
	client_close(&client);
}

static int set_irqs(struct client *client, uint32_t flags, uint32_t start, uint32_t count,
		    const int *fds, unsigned int nfds)
{
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .flags = flags | VFIO_IRQ_SET_ACTION_TRIGGER,
				    .index = VFIO_PCI_MSIX_IRQ_INDEX,
				    .start = start,
				    .count = count };
	struct answer answer;

	return client_call(client, SRV_DEVICE_SET_IRQS, &set, sizeof(set), fds, nfds, &answer);
}

static void interrupts(void **ctx)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = VFIO_PCI_MSIX_IRQ_INDEX };
	int fds[2] = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC) };
	struct client client;
	struct answer answer;
	uint64_t value;

	client_open(&client, *ctx, "a");
	assert_int_equal(client_call(&client, SRV_DEVICE_GET_IRQ_INFO, &info, sizeof(info), NULL, 0,
				     &answer),
			 0);
	memcpy(&info, answer.body, sizeof(info));
	assert_int_equal(info.count, 2);
	assert_int_equal(info.flags, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE);
	assert_int_equal(set_irqs(&client, VFIO_IRQ_SET_DATA_EVENTFD, 0, 2, fds, 2), 0);
	assert_int_equal(set_irqs(&client, VFIO_IRQ_SET_DATA_NONE, 1, 1, NULL, 0), 0);
	assert_int_equal(read(fds[1], &value, sizeof(value)), sizeof(value));
	assert_int_equal(value, 1);
	assert_int_equal(set_irqs(&client, VFIO_IRQ_SET_DATA_EVENTFD, 1, 1, NULL, 0),
			 0); /* removes the trigger */
	assert_int_equal(set_irqs(&client, VFIO_IRQ_SET_DATA_NONE, 0, 2, NULL, 0), 0);
	assert_int_equal(read(fds[0], &value, sizeof(value)), sizeof(value));
	assert_int_equal(read(fds[1], &value, sizeof(value)), -1);
	assert_int_equal(set_irqs(&client, VFIO_IRQ_SET_DATA_NONE, 0, 0, NULL, 0),
			 0); /* disables all */
	assert_int_equal(set_irqs(&client, VFIO_IRQ_SET_DATA_NONE, 0, 2, NULL, 0), 0);
	assert_int_equal(read(fds[0], &value, sizeof(value)), -1);
	close(fds[0]);
	close(fds[1]);
	client_close(&client);
}

static void guest_memory(void **ctx)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct client client;
	unsigned int before;

	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	client_open(&client, *ctx, "a");
	before = server_fds(*ctx);
	assert_int_equal(client_map(&client, 0, 0x80000, fd, 0), 0);
	assert_int_equal(client_map(&client, 0x80000, 0x80000, fd, 0x80000), 0);
	assert_int_equal(client_map(&client, 1ull << 40, 0x1000, -1, 0), 0);
	assert_int_equal(client_map(&client, 0x1000, 0x1000, fd, 0), EEXIST);
	assert_int_equal(client_unmap(&client, 0, 0x80000), 0);
	assert_int_equal(client_map(&client, 0x1000, 0x1000, fd, 0), 0);
	assert_int_equal(client_unmap(&client, 0, 1ull << 41), 0);
	assert_int_equal(server_fds(*ctx), before); /* files of mappings are not kept */
	client_close(&client);
	close(fd);
}

/* A guest with a translating IOMMU: one message and one descriptor for each page of 4 KiB. */
static void many_small_ranges(void **ctx)
{
	const uint64_t ranges = 20000;
	unsigned int files = server_fds(*ctx);
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct client client;
	uint64_t i;

	assert_int_equal(ftruncate(fd, (off_t)(ranges * 4096)), 0);
	client_open(&client, *ctx, "a");
	for (i = 0; i < ranges; i++)
		if (client_map(&client, i * 0x2000, 0x1000, fd, (ranges - 1 - i) * 0x1000))
			fail_msg("range %lu refused", (unsigned long)i);
	assert_in_range(server_fds(*ctx), files, files + 1); /* the connection */
	assert_int_equal(client_map(&client, 0, 0x1000, fd, 0), EEXIST);
	assert_int_equal(client_unmap(&client, 0, ranges * 0x2000), 0);
	client_check(&client);
	client_close(&client);
	close(fd);
}

static void unmap_all(void **ctx)
{
	struct srv_dma_unmap unmap = { .argsz = sizeof(unmap), .flags = SRV_UNMAP_FLAG_ALL };
	struct client client;
	struct answer answer;

	client_open(&client, *ctx, "a");
	assert_int_equal(client_map(&client, 0, 0x1000, -1, 0), 0);
	assert_int_equal(client_call(&client, SRV_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, &answer),
			 0);
	assert_int_equal(client_map(&client, 0, 0x1000, -1, 0), 0);
	unmap.size = 0x1000;
	assert_int_equal(client_call(&client, SRV_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, &answer),
			 EINVAL);
	client_close(&client);
}

/* More answers than socket buffers hold: the server must wait for the client, not lose or reorder any. */
static void pipelined_commands_are_answered_in_order(void **ctx)
{
	struct srv_region_access access = { .region = 2, .count = SRV_MAX_XFER };
	const unsigned int count = 64;
	struct client client, other;
	struct answer answer;
	uint16_t first = 0;
	unsigned int i;

	client_open(&client, *ctx, "a");
	client_open(&other, *ctx, "b");
	for (i = 0; i < count; i++) {
		access.offset = i;
		if (i)
			client_send(&client, SRV_REGION_READ, SRV_TYPE_COMMAND, &access,
				    sizeof(access), NULL, 0);
		else
			first = client_send(&client, SRV_REGION_READ, SRV_TYPE_COMMAND, &access,
					    sizeof(access), NULL, 0);
	}
	client_check(&other); /* does not wait for the other client */
	for (i = 0; i < count; i++) {
		assert_true(client_receive(&client, &answer));
		assert_int_equal(answer.header.id, first + i);
		memcpy(&access, answer.body, sizeof(access));
		assert_int_equal(access.offset, i);
		assert_int_equal(answer.len, sizeof(access) + SRV_MAX_XFER);
	}
	client_check(&client);
	client_close(&other);
	client_close(&client);
}

static void no_reply_when_none_is_wanted(void **ctx)
{
	const struct {
		struct srv_region_access access;
		uint32_t value;
	}
	__attribute__((packed)) request = { .access = { .offset = EP_ROW, .region = 0, .count = 4 },
					    .value = 9 };
	struct client client;
	uint32_t value;

	client_open(&client, *ctx, "a");
	client_send(&client, SRV_REGION_WRITE, SRV_NO_REPLY, &request, sizeof(request), NULL, 0);
	client_send(&client, 999, SRV_NO_REPLY, NULL, 0, NULL, 0); /* and no error */
	assert_int_equal(client_read_region(&client, 0, EP_ROW, &value, 4), 0);
	assert_int_equal(value, 9);
	client_close(&client);
}

static void half_a_message_stops_no_other_client(void **ctx)
{
	const uint32_t info[4] = { sizeof(info) };
	const struct srv_header header = { .id = 7,
					   .command = SRV_DEVICE_GET_INFO,
					   .size = sizeof(header) + sizeof(info) };
	uint8_t message[sizeof(header) + sizeof(info)];
	struct client slow, other;
	struct answer answer;
	size_t i;

	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), info, sizeof(info));
	client_open(&slow, *ctx, "a");
	client_open(&other, *ctx, "b");
	for (i = 0; i < sizeof(message); i++) {
		client_write(&slow, message + i, 1, NULL, 0);
		client_check(&other);
	}
	assert_true(client_receive(&slow, &answer));
	assert_int_equal(answer.header.id, 7);
	assert_int_equal(answer.len, sizeof(info));
	client_close(&other);
	client_close(&slow);
}

static void second_client_is_refused(void **ctx)
{
	struct client first, second;
	struct answer answer;

	client_open(&first, *ctx, "a");
	client_connect(&second, *ctx, "a");
	assert_false(client_receive(&second, &answer));
	client_check(&first);
	client_close(&second);
	client_close(&first);
}

static void a_new_client_finds_a_new_device(void **ctx)
{
	struct client client;
	uint32_t value = 0xfe000000;
	uint8_t byte = 1;
	int i;

	client_open(&client, *ctx, "a");
	assert_int_equal(client_write_region(&client, CONFIG, PCI_BASE_ADDRESS_0, &value, 4), 0);
	assert_int_equal(client_write_region(&client, 2, 5, &byte, 1), 0);
	assert_int_equal(client_map(&client, 0, 0x1000, -1, 0), 0);
	client_close(&client);
	for (i = 0; i < 2; i++) {
		client_open(&client, *ctx, "a");
		assert_int_equal(client_read_region(&client, CONFIG, PCI_BASE_ADDRESS_0, &value, 4),
				 0);
		assert_int_equal(value, 0);
		assert_int_equal(client_read_region(&client, 2, 5, &byte, 1), 0);
		assert_int_equal(byte, 0);
		assert_int_equal(client_map(&client, 0, 0x1000, -1, 0), 0);
		client_close(&client);
	}
}

static void control_commands(void **ctx)
{
	char answer[16384];
	cJSON *json;

	server_ask(*ctx, "report", answer, sizeof(answer));
	json = cJSON_Parse(answer);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "report"),
								"devices")),
			 2);
	cJSON_Delete(json);
	server_ask(*ctx, "clear", answer, sizeof(answer));
	assert_string_equal(answer, "{\"ok\":true}\n");
	server_ask(*ctx, "save", answer, sizeof(answer)); /* no --report */
	assert_non_null(strstr(answer, "\"ok\":false"));
	server_ask(*ctx, "unheard", answer, sizeof(answer));
	assert_non_null(strstr(answer, "unknown command"));
}

/* The health buffer of BAR0 is big endian: severity at 0x238, syndrome in byte 0x23d. */
static void control_health(void **ctx)
{
	static const char *const bad[] = {
		"health",	  "health n",	       "health n bad",
		"health a fatal", "health none fatal", "health n fatal x",
		"health nfatal",  "healthy n fatal",   "report now"
	};
	struct server server;
	struct client client;
	uint8_t health[8];
	char answer[256];
	size_t i;

	(void)ctx;
	server_start(&server, "--nic n --endpoint a,bar-mb=1");
	client_open(&client, &server, "n");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		server_ask(&server, bad[i], answer, sizeof(answer));
		assert_non_null(strstr(answer, "\"ok\":false"));
	}
	assert_int_equal(client_read_region(&client, 0, 0x238, health, 8), 0);
	assert_memory_equal(health, "\0\0\0\0\0\0\0\0", 8);
	server_ask(&server, "health n fatal", answer, sizeof(answer));
	assert_string_equal(answer, "{\"ok\":true}\n");
	assert_int_equal(client_read_region(&client, 0, 0x238, health, 8), 0);
	assert_memory_equal(health, "\x80\0\0\0\0\x01\0\0", 8);
	server_ask(&server, "health n ok", answer, sizeof(answer));
	assert_int_equal(client_read_region(&client, 0, 0x238, health, 8), 0);
	assert_memory_equal(health, "\0\0\0\0\0\0\0\0", 8);
	client_close(&client);
	server_stop(&server);
}

static void control_lines_in_parts_and_too_long(void **ctx)
{
	int sock = server_control(*ctx);
	char answer[256], line[300];
	ssize_t n;

	assert_int_equal(send(sock, "cle", 3, 0), 3);
	usleep(20000);
	assert_int_equal(send(sock, "ar\nclear\n", 9, 0), 9);
	for (n = 0; n < 2 * 12;)
		n += recv(sock, answer + n, sizeof(answer) - (size_t)n, 0);
	assert_int_equal(n, 24);
	assert_memory_equal(answer, "{\"ok\":true}\n{\"ok\":true}\n", 24);
	memset(line, 'x', sizeof(line));
	assert_int_equal(send(sock, line, sizeof(line), MSG_NOSIGNAL), sizeof(line));
	assert_true(recv(sock, answer, sizeof(answer), 0) <= 0);
	close(sock);
	server_ask(*ctx, "clear", answer, sizeof(answer));
}

static void once_ends_with_the_last_client(void **ctx)
{
	char report[] = "/tmp/fabric-report.XXXXXX", arguments[128], text[64];
	struct server server;
	struct client a, b;
	int fd = mkstemp(report);

	(void)ctx;
	assert_true(fd >= 0);
	snprintf(arguments, sizeof(arguments), "--once --report %s %s", report, ARGUMENTS);
	server_start(&server, arguments);
	server_ask(&server, "clear", text, sizeof(text)); /* no client of a function */
	client_open(&a, &server, "a");
	client_open(&b, &server, "b");
	client_close(&a);
	client_check(&b);
	client_close(&b);
	assert_int_equal(server_wait(&server), 0);
	close(fd);
	fd = open(report, O_RDONLY | O_CLOEXEC); /* written at exit */
	assert_true(read(fd, text, sizeof(text)) > 10);
	assert_int_equal(text[0], '{');
	close(fd);
	unlink(report);
}

static void socket_paths_have_a_longest_length(void **ctx)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = "/tmp/tphbuf-XXXXXX";
	size_t len;
	int fd;

	(void)ctx;
	assert_non_null(mkdtemp(path));
	len = strlen(path);
	memset(path + len, 'x', sizeof(path) - len);
	path[len] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(srv_listen(path), -ENAMETOOLONG);
	path[sizeof(path) - 2] = '\0';
	fd = srv_listen(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
	path[len] = '\0';
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(version_tells_limits),
		TEST(device_info),
		TEST(regions),
		TEST(memory_bar_is_the_file),
		TEST(config_space_and_reset),
		TEST(registers_are_trapped),
		TEST(interrupts),
		TEST(guest_memory),
		TEST(many_small_ranges),
		TEST(unmap_all),
		TEST(pipelined_commands_are_answered_in_order),
		TEST(no_reply_when_none_is_wanted),
		TEST(half_a_message_stops_no_other_client),
		TEST(second_client_is_refused),
		TEST(a_new_client_finds_a_new_device),
		TEST(control_commands),
		TEST(control_health),
		TEST(control_lines_in_parts_and_too_long),
		cmocka_unit_test(once_ends_with_the_last_client),
		cmocka_unit_test(socket_paths_have_a_longest_length),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
