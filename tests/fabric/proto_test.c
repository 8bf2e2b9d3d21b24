// SPDX-License-Identifier: MIT
/* vfio-user handlers in-process, on a function whose BAR0 is memory only in part. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/server/proto.h"
#include "tests/fabric/toy.h"

struct state {
	struct fab_fabric *fabric;
	struct toy *toy;
	struct srv_session session;
	struct srv_msg msg;
	_Alignas(8) uint8_t body[SRV_MAX_BODY];
	_Alignas(8) uint8_t reply[SRV_MAX_BODY];
};

static int setup(void **ctx)
{
	struct state *state = calloc(1, sizeof(*state));

	state->fabric = toy_fabric();
	state->toy = toy_add(state->fabric, "toy", &toy_opts);
	state->session = (struct srv_session){ .dev = &state->toy->dev, .versioned = true };
	*ctx = state;
	return 0;
}

static int teardown(void **ctx)
{
	fab_fabric_free(((struct state *)*ctx)->fabric);
	free(*ctx);
	return 0;
}

static int run(struct state *state, unsigned int command, uint32_t len)
{
	bool end = false;
	int ret;

	state->msg = (struct srv_msg){ .header = { .command = (uint16_t)command },
				       .body = state->body,
				       .len = len,
				       .reply = state->reply,
				       .reply_fd = -1 };
	ret = srv_proto_run(&state->session, &state->msg, &end);
	assert_false(end);
	if (!ret)
		srv_proto_act(&state->session, &state->msg);
	return ret;
}

static int region_info(struct state *state, uint32_t index, uint32_t argsz)
{
	struct vfio_region_info info = { .argsz = argsz, .index = index };

	memcpy(state->body, &info, sizeof(info));
	return run(state, SRV_DEVICE_GET_REGION_INFO, sizeof(info));
}

/* QEMU asks with room for the fixed part first, takes argsz from the answer and asks again. */
static void sparse_region_is_announced_then_told(void **ctx)
{
	struct state *state = *ctx;
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header header;
		uint32_t nr_areas, reserved;
		struct vfio_region_sparse_mmap_area area;
	} full;

	assert_int_equal(region_info(state, 0, 32), 0);
	assert_int_equal(state->msg.reply_len, 32);
	memcpy(&full.info, state->reply, sizeof(full.info));
	assert_int_equal(full.info.flags, 15); /* read, write, mmap, caps */
	assert_int_equal(full.info.argsz, 64);
	assert_int_equal(full.info.cap_offset, 32);
	assert_int_equal(state->msg.reply_fd, state->toy->dev.bar[0].fd);
	assert_int_equal(region_info(state, 0, 63), 0);
	assert_int_equal(state->msg.reply_len, 32);
	assert_int_equal(region_info(state, 0, 64), 0);
	assert_int_equal(state->msg.reply_len, 64);
	memcpy(&full, state->reply, sizeof(full));
	assert_int_equal(full.header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	assert_int_equal(full.header.next, 0);
	assert_int_equal(full.nr_areas, 1);
	assert_int_equal(full.area.offset, 0x1000);
	assert_int_equal(full.area.size, 0x1000);
	assert_int_equal(region_info(state, 0, 31), -EINVAL);
	assert_int_equal(region_info(state, 9, 32), -EINVAL);
	assert_int_equal(region_info(state, UINT32_MAX, 32), -EINVAL);
}

static int access_region(struct state *state, bool write, uint64_t off, const void *data,
			 uint32_t count)
{
	struct srv_region_access access = { .offset = off, .region = 0, .count = count };

	memcpy(state->body, &access, sizeof(access));
	if (write)
		memcpy(state->body + sizeof(access), data, count);
	return run(state, write ? SRV_REGION_WRITE : SRV_REGION_READ,
		   (uint32_t)sizeof(access) + (write ? count : 0));
}

static void access_over_registers_and_memory(void **ctx)
{
	struct state *state = *ctx;
	struct toy *toy = state->toy;
	uint8_t data[0x1000 + 14];
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3);
	assert_int_equal(access_region(state, true, 0xff9, data, sizeof(data)), 0);
	assert_memory_equal(toy->registers + 0xff9, data, 7);
	assert_memory_equal(toy->dev.bar[0].host, data + 7, 0x1000);
	assert_memory_equal(toy->registers + 0x2000, data + 7 + 0x1000, 7);
	assert_int_equal(toy->accesses, 6); /* 1 2 4 | 4 2 1 */
	for (i = 0; i < 6; i++)
		assert_int_equal(toy->access[i].off % toy->access[i].len, 0);
	assert_int_equal(access_region(state, false, 0xff9, NULL, sizeof(data)), 0);
	assert_memory_equal(state->reply + sizeof(struct srv_region_access), data, sizeof(data));
}

static void write_is_checked_before_it_is_answered(void **ctx)
{
	struct state *state = *ctx;

	assert_int_equal(access_region(state, true, TOY_BAR0_SIZE - 4, "12345", 5), -EINVAL);
	assert_int_equal(state->toy->accesses, 0);
	assert_int_equal(access_region(state, true, TOY_BAR0_SIZE - 4, "1234", 4), 0);
	assert_int_equal(state->toy->accesses, 1);
}

static void nothing_runs_before_version(void **ctx)
{
	struct state *state = *ctx;
	bool end = false;

	state->session.versioned = false;
	state->msg = (struct srv_msg){ .header = { .command = SRV_DEVICE_RESET },
				       .body = state->body,
				       .reply = state->reply,
				       .reply_fd = -1 };
	assert_int_equal(srv_proto_run(&state->session, &state->msg, &end), -EINVAL);
	assert_true(end);
	assert_int_equal(state->toy->resets, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(sparse_region_is_announced_then_told),
		TEST(access_over_registers_and_memory),
		TEST(write_is_checked_before_it_is_answered),
		TEST(nothing_runs_before_version),
	};

	return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
