// SPDX-License-Identifier: MIT
/*
 * Memory runs out: each operation is repeated with its first allocation failing, then its second, until it passes. A
 * failure is reported as such, changes nothing, leaks nothing (AddressSanitizer), and the next attempt succeeds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fabric/core/mem.h"
#include "fabric/core/ranges.h"
#include "fabric/endpoint/endpoint.h"
#include "fabric/engine/engine.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/server/conn.h"
#include "fabric/server/server.h"
#include "fabric/server/stream.h"
#include "fabric/subnet/group.h"
#include "tests/fabric/nic_client.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int left = -1; /* allocations before one that fails; -1: none fails */
static bool failed;

static bool fails(void)
{
	if (left < 0 || left--)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

/* The result of a call whose allocation number n fails; false: there is none of that number. */
static bool failing(int n, int (*call)(void *ctx), void *ctx, int *result)
{
	left = n;
	failed = false;
	*result = call(ctx);
	left = -1;
	return failed;
}

/* at least: allocations that the call is known to make */
static void each_fails(int (*call)(void *ctx), void *ctx, int refused, int at_least)
{
	int n, result;

	for (n = 0; failing(n, call, ctx, &result); n++)
		assert_int_equal(result, refused);
	assert_int_equal(result, 0);
	assert_true(n >= at_least);
}

static int make_fabric(void *ctx)
{
	const struct nic_opts nic = {
		.lid = 1, .requester = FAB_TPH_EXT, .st_entries = 64, .vectors = 8
	};
	const struct ep_opts ep = { .memory_size = EP_MIN_MEMORY, .completer = FAB_TPH_EXT };
	const struct eng_opts engine = { .requester = FAB_TPH_EXT, .st_entries = 64 };
	struct fab_fabric *fabric;
	struct nic *made;
	int ret;

	(void)ctx;
	ret = fab_fabric_new(&fabric);
	if (ret)
		return ret;
	ret = nic_new(fabric, "nic0", &nic, &made);
	if (!ret)
		ret = ep_new(fabric, "ep0", &ep);
	if (!ret)
		ret = eng_new(fabric, "eng0", &engine);
	fab_fabric_free(fabric);
	return ret;
}

static void a_fabric_is_made(void **state)
{
	(void)state;
	each_fails(make_fabric, NULL, -ENOMEM, 15);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static int watch(void *ctx)
{
	struct client *client = ctx;
	int ret = fab_loop_add_fd(client->rig.fabric->loop, client->vector[0], nothing, NULL);

	fab_loop_del_fd(client->rig.fabric->loop, client->vector[0]);
	return ret;
}

static void a_file_is_watched(void **state)
{
	each_fails(watch, *state, -ENOMEM, 1);
}

#define FILES 5 /* more than the first size of the table of files */

static int map_files(void *ctx)
{
	const int *fd = ctx;
	struct fab_mem *mem;
	int ret, i;

	ret = fab_mem_new(&mem);
	for (i = 0; !ret && i < FILES; i++)
		ret = fab_mem_map(mem, (uint64_t)i << 20, FAB_MEM_PAGE, fd[i], 0, FAB_MEM_READ);
	if (i && !ret)
		assert_non_null(fab_mem_range(mem, 0, FAB_MEM_READ));
	if (i)
		fab_mem_free(mem);
	return ret;
}

static void memory_is_mapped(void **state)
{
	int fd[FILES], i;

	(void)state;
	for (i = 0; i < FILES; i++) {
		fd[i] = memfd_create("guest", MFD_CLOEXEC);
		assert_true(fd[i] >= 0);
		assert_int_equal(ftruncate(fd[i], FAB_MEM_PAGE), 0);
	}
	each_fails(map_files, fd, -ENOMEM, 5);
	for (i = 0; i < FILES; i++)
		close(fd[i]);
}

static int map_between(void *ctx)
{
	return fab_mem_map(ctx, FAB_MEM_PAGE, FAB_MEM_PAGE, -1, 0, FAB_MEM_READ);
}

static void a_full_block_of_ranges_is_split(void **state)
{
	struct fab_mem *mem;
	uint64_t i;

	(void)state;
	assert_int_equal(fab_mem_new(&mem), 0);
	for (i = 0; i < FAB_RANGE_BLOCK; i++)
		assert_int_equal(fab_mem_map(mem, i * 2 * FAB_MEM_PAGE, FAB_MEM_PAGE, -1, 0,
					     FAB_MEM_READ),
				 0);
	each_fails(map_between, mem, -ENOMEM, 1);
	assert_int_equal(fab_mem_count(mem), FAB_RANGE_BLOCK + 1);
	fab_mem_free(mem);
}

static int make_server(void *ctx)
{
	char error[256];
	struct srv *srv;
	int ret = srv_new(ctx, NULL, NULL, &srv, error, sizeof(error));

	if (!ret)
		srv_free(srv);
	return ret;
}

static void a_server_is_made(void **state)
{
	char dir[] = "/tmp/fabric-test.XXXXXX", error[256];
	char *argv[] = { "server", "--dir", dir, "--endpoint", "a,bar-mb=1", NULL };
	struct srv_opts opts;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(srv_options_parse(&opts, 5, argv, error, sizeof(error)), 0);
	each_fails(make_server, &opts, -ENOMEM, 7);
	assert_int_equal(rmdir(dir), 0); /* its sockets are gone */
}

static int serve(void *ctx)
{
	struct client *client = ctx;
	int sock = fcntl(client->vector[0], F_DUPFD_CLOEXEC, 0), ret;
	struct srv_conn *conn;

	ret = srv_conn_new(&client->nic->dev, sock, nothing, NULL, &conn);
	if (!ret)
		srv_conn_free(conn);
	assert_int_equal(fcntl(sock, F_GETFD), -1); /* taken in any case */
	return ret;
}

static void a_client_is_served(void **state)
{
	each_fails(serve, *state, -ENOMEM, 2);
}

struct output {
	struct srv_out out;
	int sock[2];
};

static int send_much(void *ctx)
{
	static const char bytes[1 << 20]; /* more than the socket takes */
	struct output *output = ctx;

	return srv_out_send(&output->out, output->sock[0], bytes, sizeof(bytes), -1);
}

static void output_is_queued(void **state)
{
	struct output output;

	(void)state;
	srv_out_init(&output.out);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, output.sock), 0);
	each_fails(send_much, &output, -ENOMEM, 1);
	assert_true(output.out.bytes > 0);
	srv_out_clear(&output.out);
	close(output.sock[0]);
	close(output.sock[1]);
}

static int join(void *ctx)
{
	struct subnet_port *port = ctx;

	return subnet_group_join(port->subnet->groups, port, 1);
}

static int add_port(void *ctx)
{
	struct subnet_port port = { .lid = 1, .guid = 0xa1 };
	int ret;

	(void)ctx;
	ret = subnet_port_add(&port, NULL);
	if (!ret)
		subnet_port_remove(&port);
	return ret;
}

static void a_port_joins(void **state)
{
	struct subnet_port port = { .lid = 1, .guid = 0xa1 };

	(void)state;
	each_fails(add_port, NULL, -ENOMEM, 2);
	assert_int_equal(subnet_port_add(&port, NULL), 0);
	each_fails(join, &port, -ENOMEM, 1);
	assert_int_equal(port.memberships, 1);
	subnet_port_remove(&port);
}

/* A command with its input, for each_fails(). */
struct command {
	struct client *client;
	uint32_t len;
	uint8_t in[1024] __attribute__((aligned(8))), out[16] __attribute__((aligned(8)));
};

static int run_command(void *ctx)
{
	struct command *cmd = ctx;

	memset(cmd->out, 0, sizeof(cmd->out));
	nic_cmd_run(cmd->client->nic, cmd->in, cmd->len, cmd->out, sizeof(cmd->out));
	return cmd->out[0];
}

/* What the NIC holds. */
static uint64_t held(const struct nic *nic)
{
	return (uint64_t)nic->eqs.used + nic->cqs.used + nic->mkeys.used + nic->qps.used +
	       nic->srqs.used + nic->counter_sets.used + nic->multicast_groups +
	       ((uint64_t)nic->pas_entries << 16) + ((uint64_t)nic->mtt_entries << 32);
}

/* The number of the object that the command makes in the end. */
static uint32_t creates(struct command *cmd, uint16_t opcode, int at_least)
{
	uint64_t before = held(cmd->client->nic);
	int n, result;

	DEVX_SET(alloc_pd_in, cmd->in, opcode, opcode);
	for (n = 0; failing(n, run_command, cmd, &result); n++) {
		assert_int_equal(result, NIC_CMD_NO_RES);
		assert_int_equal(DEVX_GET(alloc_pd_out, cmd->out, syndrome), NIC_SYN_LIMIT);
		assert_true(held(cmd->client->nic) == before);
	}
	assert_int_equal(result, NIC_CMD_OK);
	assert_true(n >= at_least);
	assert_true(held(cmd->client->nic) > before);
	return DEVX_GET(alloc_pd_out, cmd->out, pd);
}

static struct command *begin(struct client *client, uint32_t fixed, uint32_t pages)
{
	static struct command cmd;
	uint32_t i;

	memset(&cmd, 0, sizeof(cmd));
	cmd.client = client;
	cmd.len = fixed + pages * 8;
	for (i = 0; i < pages; i++) {
		uint64_t page = htobe64(rig_alloc(&client->rig, NIC_PAGE));

		memcpy(cmd.in + fixed + i * 8, &page, 8);
	}
	return &cmd;
}

static void objects_are_created(void **state)
{
	struct client *client = *state;
	uint32_t pd = client_pd(client), eqn, cqn, qpn;
	struct command *cmd;

	cmd = begin(client, DEVX_ST_SZ_BYTES(create_eq_in), 1);
	eqn = creates(cmd, MLX5_CMD_OP_CREATE_EQ, 2);
	cmd = begin(client, DEVX_ST_SZ_BYTES(create_cq_in), 1);
	DEVX_SET(create_cq_in, cmd->in, cq_context.c_eqn_or_apu_element, eqn & 0xff);
	cqn = creates(cmd, MLX5_CMD_OP_CREATE_CQ, 2);
	cmd = begin(client, DEVX_ST_SZ_BYTES(create_mkey_in), 2);
	DEVX_SET(create_mkey_in, cmd->in, memory_key_mkey_entry.access_mode_1_0,
		 MLX5_MKC_ACCESS_MODE_MTT);
	DEVX_SET(create_mkey_in, cmd->in, memory_key_mkey_entry.pd, pd);
	DEVX_SET(create_mkey_in, cmd->in, memory_key_mkey_entry.log_page_size, 12);
	DEVX_SET(create_mkey_in, cmd->in, memory_key_mkey_entry.translations_octword_size, 1);
	creates(cmd, MLX5_CMD_OP_CREATE_MKEY, 2);
	cmd = begin(client, DEVX_ST_SZ_BYTES(create_qp_in), 1);
	DEVX_SET(create_qp_in, cmd->in, qpc.st, MLX5_QPC_ST_UD);
	DEVX_SET(create_qp_in, cmd->in, qpc.pd, pd);
	DEVX_SET(create_qp_in, cmd->in, qpc.log_rq_stride, 2);
	DEVX_SET(create_qp_in, cmd->in, qpc.log_sq_size, 2);
	DEVX_SET(create_qp_in, cmd->in, qpc.cqn_snd, cqn);
	DEVX_SET(create_qp_in, cmd->in, qpc.cqn_rcv, cqn);
	qpn = creates(cmd, MLX5_CMD_OP_CREATE_QP, 2);
	cmd = begin(client, DEVX_BYTE_OFF(create_rmp_in, ctx.wq.pas), 1);
	DEVX_SET(create_rmp_in, cmd->in, ctx.state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(create_rmp_in, cmd->in, ctx.wq.wq_type, MLX5_WQ_TYPE_LINKED_LIST);
	DEVX_SET(create_rmp_in, cmd->in, ctx.wq.log_wq_stride, 6);
	DEVX_SET(create_rmp_in, cmd->in, ctx.wq.pd, pd);
	creates(cmd, MLX5_CMD_OP_CREATE_RMP, 2);
	cmd = begin(client, DEVX_ST_SZ_BYTES(alloc_q_counter_in), 0);
	creates(cmd, MLX5_CMD_OP_ALLOC_Q_COUNTER, 1);
	cmd = begin(client, DEVX_ST_SZ_BYTES(attach_to_mcg_in), 0);
	DEVX_SET(attach_to_mcg_in, cmd->in, qpn, qpn);
	*(uint8_t *)DEVX_ADDR_OF(attach_to_mcg_in, cmd->in, multicast_gid) = 0xff;
	creates(cmd, MLX5_CMD_OP_ATTACH_TO_MCG, 1);
}

/* A resize keeps the old ring. */
static void a_queue_is_resized(void **state)
{
	struct client *client = *state;
	struct client_queue eq = client_eq(client, 3, 0, 0), cq = client_cq(client, 3, eq.number);
	struct command *cmd = begin(client, DEVX_ST_SZ_BYTES(modify_cq_in), 1);
	const struct nic_cq *object = nic_ids_find(&client->nic->cqs, cq.number);
	int n, result;

	DEVX_SET(modify_cq_in, cmd->in, opcode, MLX5_CMD_OP_MODIFY_CQ);
	DEVX_SET(modify_cq_in, cmd->in, op_mod, MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ);
	DEVX_SET(modify_cq_in, cmd->in, cqn, cq.number);
	DEVX_SET(modify_cq_in, cmd->in,
		 modify_field_select_resize_field_select.resize_field_select.resize_field_select, 7);
	DEVX_SET(modify_cq_in, cmd->in, cq_context.log_cq_size, 4);
	for (n = 0; failing(n, run_command, cmd, &result); n++) {
		assert_int_equal(result, NIC_CMD_NO_RES);
		assert_int_equal(object->log_size, 3);
	}
	assert_int_equal(n, 1);
	assert_int_equal(result, NIC_CMD_OK);
	assert_int_equal(object->log_size, 4);
}

static int ring_command(void *ctx)
{
	struct client *client = ctx;
	uint8_t in[16] = { MLX5_CMD_OP_NOP >> 8, (uint8_t)MLX5_CMD_OP_NOP }, out[16],
		delivery = 0xff;

	client_post(client, 0, in, sizeof(in), sizeof(out));
	client_write32(client, 0x18, 1);
	client_run(client);
	assert_true(client_answer(client, 0, out, sizeof(out), &delivery));
	return delivery;
}

/* A command without memory is answered as not delivered, and not executed. */
static void a_command_is_delivered(void **state)
{
	struct client *client = *state;
	uint64_t executed = client->nic->commands;

	assert_int_equal(ring_command(client), NIC_DELIVERY_OK); /* what is allocated once */
	each_fails(ring_command, client, NIC_DELIVERY_FIRMWARE, 3);
	assert_int_equal(client->nic->commands, executed + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fabric_is_made),
		cmocka_unit_test_setup_teardown(a_file_is_watched, client_setup, client_teardown),
		cmocka_unit_test(memory_is_mapped),
		cmocka_unit_test(a_full_block_of_ranges_is_split),
		cmocka_unit_test(a_server_is_made),
		cmocka_unit_test_setup_teardown(a_client_is_served, client_setup, client_teardown),
		cmocka_unit_test(output_is_queued),
		cmocka_unit_test(a_port_joins),
		cmocka_unit_test_setup_teardown(objects_are_created, client_setup, client_teardown),
		cmocka_unit_test_setup_teardown(a_queue_is_resized, client_setup, client_teardown),
		cmocka_unit_test_setup_teardown(a_command_is_delivered, client_setup,
						client_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
