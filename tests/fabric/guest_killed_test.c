// SPDX-License-Identifier: MIT
/*
 * A guest is killed at a random time: while its driver brings up the NICs, or under tagged traffic. The fabric must free
 * all that the guest had and serve the next one, whose writes carry exactly its tag. The guest is a process with
 * connections as QEMU has them, and a driver of its own. KILLS is the number of guests, SEED repeats a run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <endian.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fabric/core/pci.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/keys/mkey.h"
#include "fabric/nic/limits.h"
#include "fabric/nic/queues/qp.h"
#include "tests/fabric/client.h"
#include "tests/harness/args.h"

#define ARGUMENTS \
	"--nic=nic0,lid=1,tph=ext --nic=nic1,lid=2,tph=ext --endpoint=ep0,bar-mb=64,completer=ext"
#define BUS	      0x40000000ull
#define MEMORY	      (4u << 20)
#define EP_BUS	      0x800000000ull /* BAR2 of the endpoint */
#define NIC_BUS	      0x900000000ull
#define VA	      0x700000000000ull
#define WINDOW	      (16u * NIC_PAGE)
#define TPH_CAP	      0x110u
#define ST_INDEX      3u
#define ST	      0x1234u
#define PH	      2u
#define VARIANT	      0x42u
#define DEFAULT_KILLS 12u
#define WRITES	      40u
#define LEN	      4096u

struct port {
	struct client client;
	uint64_t queue, in_box, ring, cq_ring, cq_dbr, qp_dbr;
	uint32_t pd, cqn, key, qpn, ci;
	uint16_t pi;
	uint8_t token;
};

struct guest {
	uint8_t *memory;
	int fd;
	uint64_t used;
	struct port nic[2];
	struct client endpoint;
};

static struct server server;
static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % limit;
}

static uint64_t place(struct guest *guest, uint32_t bytes)
{
	uint64_t bus = BUS + guest->used;

	guest->used += (bytes + NIC_PAGE - 1) / NIC_PAGE * NIC_PAGE;
	assert_true(guest->used <= MEMORY);
	return bus;
}

static void *at(struct guest *guest, uint64_t bus)
{
	return guest->memory + (bus - BUS);
}

static void config(struct client *client, uint32_t off, uint32_t value, uint32_t len)
{
	assert_int_equal(client_write_region(client, VFIO_PCI_CONFIG_REGION_INDEX, off, &value, len),
			 0);
}

static void bar_at(struct client *client, uint32_t bar, uint64_t bus)
{
	config(client, PCI_BASE_ADDRESS_0 + 4 * bar, (uint32_t)bus, 4);
	config(client, PCI_BASE_ADDRESS_0 + 4 * bar + 4, (uint32_t)(bus >> 32), 4);
	config(client, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void bar_write32(struct client *client, uint64_t off, uint32_t value)
{
	value = htobe32(value);
	assert_int_equal(client_write_region(client, 0, off, &value, sizeof(value)), 0);
}

/* Output is at most 16 bytes, input fits into one mailbox. */
static void command(struct guest *guest, struct port *port, const void *in, uint32_t in_len,
		    void *out)
{
	volatile uint8_t *entry = at(guest, port->queue);
	uint8_t *box = at(guest, port->in_box), *bytes = (uint8_t *)entry;
	int i;

	assert_in_range(in_len, 16, 16 + 512);
	port->token++;
	memset(box, 0, 576);
	memset(bytes, 0, 64);
	memcpy(box, (const uint8_t *)in + 16, in_len - 16);
	box[0x23d] = port->token;
	memcpy(bytes + 16, in, 16);
	DEVX_SET(cmd_queue_entry, bytes, type, 7);
	DEVX_SET(cmd_queue_entry, bytes, input_length, in_len);
	DEVX_SET(cmd_queue_entry, bytes, output_length, 16);
	DEVX_SET64(cmd_queue_entry, bytes, input_mailbox_pointer_63_32,
		   in_len > 16 ? port->in_box : 0);
	DEVX_SET(cmd_queue_entry, bytes, token, port->token);
	DEVX_SET(cmd_queue_entry, bytes, ownership, 1);
	bar_write32(&port->client, 0x18, 1);
	for (i = 0; i < 100000 && entry[63] & 1; i++)
		usleep(20);
	assert_false(entry[63] & 1);
	memcpy(out, bytes + 32, 16);
	assert_int_equal(((uint8_t *)out)[0], NIC_CMD_OK);
}

static uint32_t simple(struct guest *guest, struct port *port, uint16_t opcode, uint32_t value)
{
	NIC_LAYOUT(alloc_pd_in, in) = { 0 };
	NIC_LAYOUT(alloc_pd_out, out);

	DEVX_SET(dealloc_pd_in, in, opcode, opcode);
	DEVX_SET(dealloc_pd_in, in, pd, value);
	command(guest, port, in, sizeof(in), out);
	return DEVX_GET(alloc_pd_out, out, pd);
}

static uint32_t create(struct guest *guest, struct port *port, const void *in, uint32_t len)
{
	NIC_LAYOUT(alloc_pd_out, out);

	command(guest, port, in, len, out);
	return DEVX_GET(alloc_pd_out, out, pd);
}

static void put_page(uint8_t *list, uint32_t i, uint64_t bus)
{
	bus = htobe64(bus);
	memcpy(list + i * 8, &bus, 8);
}

static void open_queues(struct guest *guest, struct port *port)
{
	uint8_t in[512] __attribute__((aligned(8))) = { 0 };
	uint64_t eq_ring = place(guest, NIC_PAGE);
	uint32_t eqn, i;

	port->cq_ring = place(guest, NIC_PAGE);
	port->cq_dbr = place(guest, 8);
	port->ring = place(guest, NIC_PAGE);
	port->qp_dbr = place(guest, 8);
	DEVX_SET(create_eq_in, in, opcode, MLX5_CMD_OP_CREATE_EQ);
	DEVX_SET(create_eq_in, in, eq_context_entry.log_eq_size, 6);
	put_page(in, DEVX_BYTE_OFF(create_eq_in, pas) / 8, eq_ring);
	eqn = create(guest, port, in, DEVX_ST_SZ_BYTES(create_eq_in) + 8) & 0xff;

	for (i = 0; i < 64; i++)
		((struct mlx5_cqe64 *)at(guest, port->cq_ring))[i].op_own = MLX5_CQE_INVALID << 4 |
									    1;
	memset(in, 0, sizeof(in));
	DEVX_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	DEVX_SET(create_cq_in, in, cq_context.log_cq_size, 6);
	DEVX_SET(create_cq_in, in, cq_context.c_eqn_or_apu_element, eqn);
	DEVX_SET64(create_cq_in, in, cq_context.dbr_addr, port->cq_dbr);
	put_page(in, DEVX_BYTE_OFF(create_cq_in, pas) / 8, port->cq_ring);
	port->cqn = create(guest, port, in, DEVX_ST_SZ_BYTES(create_cq_in) + 8);

	memset(in, 0, sizeof(in));
	DEVX_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	DEVX_SET(create_qp_in, in, qpc.st, MLX5_QPC_ST_RC);
	DEVX_SET(create_qp_in, in, qpc.pd, port->pd);
	DEVX_SET(create_qp_in, in, qpc.log_rq_stride, 2);
	DEVX_SET(create_qp_in, in, qpc.log_sq_size, 4);
	DEVX_SET(create_qp_in, in, qpc.cqn_snd, port->cqn);
	DEVX_SET(create_qp_in, in, qpc.cqn_rcv, port->cqn);
	DEVX_SET64(create_qp_in, in, qpc.dbr_addr, port->qp_dbr);
	put_page(in, DEVX_BYTE_OFF(create_qp_in, pas) / 8, port->ring);
	port->qpn = create(guest, port, in, DEVX_ST_SZ_BYTES(create_qp_in) + 8);
}

static void open_key(struct guest *guest, struct port *port, uint64_t bus, bool tagged)
{
	uint8_t in[512] __attribute__((aligned(8))) = { 0 };
	unsigned char *mkc = DEVX_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);
	uint32_t i, off = DEVX_BYTE_OFF(create_mkey_in, klm_pas_mtt);

	DEVX_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	DEVX_SET(create_mkey_in, in, translations_octword_actual_size, WINDOW / NIC_PAGE / 2);
	DEVX_SET(mkc, mkc, access_mode_1_0, MLX5_MKC_ACCESS_MODE_MTT);
	DEVX_SET(mkc, mkc, lr, 1);
	DEVX_SET(mkc, mkc, lw, 1);
	DEVX_SET(mkc, mkc, rw, 1);
	DEVX_SET(mkc, mkc, mkey_7_0, VARIANT);
	DEVX_SET(mkc, mkc, pd, port->pd);
	DEVX_SET64(mkc, mkc, start_addr, VA);
	DEVX_SET64(mkc, mkc, len, WINDOW);
	DEVX_SET(mkc, mkc, log_page_size, 12);
	DEVX_SET(mkc, mkc, translations_octword_size, WINDOW / NIC_PAGE / 2);
	DEVX_SET(mkc, mkc, pcie_tph_en, tagged);
	DEVX_SET(mkc, mkc, pcie_tph_ph, PH);
	DEVX_SET(mkc, mkc, pcie_tph_steering_tag_index, ST_INDEX);
	for (i = 0; i < WINDOW / NIC_PAGE; i++)
		put_page(in + off, i, bus + (uint64_t)i * NIC_PAGE);
	port->key = create(guest, port, in, off + WINDOW / NIC_PAGE * 8) << 8 | VARIANT;
}

static void to_rts(struct guest *guest, struct port *port, const struct port *peer, uint16_t lid)
{
	static const uint16_t opcodes[] = { MLX5_CMD_OP_RST2INIT_QP, MLX5_CMD_OP_INIT2RTR_QP,
					    MLX5_CMD_OP_RTR2RTS_QP };
	NIC_LAYOUT(rst2init_qp_in, in);
	NIC_LAYOUT(alloc_pd_out, out);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		memset(in, 0, sizeof(in));
		DEVX_SET(rst2init_qp_in, in, opcode, opcodes[i]);
		DEVX_SET(rst2init_qp_in, in, qpn, port->qpn);
		DEVX_SET(rst2init_qp_in, in, qpc.rwe, 1);
		DEVX_SET(rst2init_qp_in, in, qpc.mtu, 5);
		DEVX_SET(rst2init_qp_in, in, qpc.remote_qpn, peer->qpn);
		DEVX_SET(rst2init_qp_in, in, qpc.primary_address_path.rlid, lid);
		DEVX_SET(rst2init_qp_in, in, qpc.rnr_retry, 7);
		DEVX_SET(rst2init_qp_in, in, qpc.retry_count, 7);
		DEVX_SET(rst2init_qp_in, in, qpc.primary_address_path.ack_timeout, 14);
		command(guest, port, in, sizeof(in), out);
	}
}

static void bring_up(struct guest *guest, struct port *port, uint64_t bar)
{
	assert_int_equal(client_map(&port->client, BUS, MEMORY, guest->fd, 0), 0);
	bar_at(&port->client, 0, bar);
	config(&port->client, TPH_CAP + FAB_TPH_ST_TABLE + 2 * ST_INDEX, ST, 2);
	config(&port->client, TPH_CAP + FAB_TPH_CTRL,
	       FAB_TPH_CTRL_MODE_DS | 3u << FAB_TPH_CTRL_REQ_EN_SHIFT, 4);
	port->queue = place(guest, NIC_PAGE);
	port->in_box = place(guest, NIC_PAGE);
	bar_write32(&port->client, 0x10, (uint32_t)(port->queue >> 32));
	bar_write32(&port->client, 0x14, (uint32_t)port->queue);
	simple(guest, port, MLX5_CMD_OP_ENABLE_HCA, 0);
	simple(guest, port, MLX5_CMD_OP_SET_ISSI, 1);
	simple(guest, port, MLX5_CMD_OP_INIT_HCA, 0);
	port->pd = simple(guest, port, MLX5_CMD_OP_ALLOC_PD, 0);
	open_queues(guest, port);
}

static void guest_open(struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	guest->fd = memfd_create("guest", MFD_CLOEXEC);
	assert_true(guest->fd >= 0);
	assert_int_equal(ftruncate(guest->fd, MEMORY), 0);
	guest->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, guest->fd, 0);
	assert_ptr_not_equal(guest->memory, MAP_FAILED);
	client_open(&guest->nic[0].client, &server, "nic0");
	client_open(&guest->nic[1].client, &server, "nic1");
	client_open(&guest->endpoint, &server, "ep0");
	bar_at(&guest->endpoint, 2, EP_BUS);
	bring_up(guest, &guest->nic[0], NIC_BUS);
	bring_up(guest, &guest->nic[1], NIC_BUS + NIC_BAR0_SIZE);
	open_key(guest, &guest->nic[0], place(guest, WINDOW), false);
	open_key(guest, &guest->nic[1], EP_BUS, true);
	to_rts(guest, &guest->nic[0], &guest->nic[1], 2);
	to_rts(guest, &guest->nic[1], &guest->nic[0], 1);
}

static void guest_close(struct guest *guest)
{
	client_close(&guest->nic[0].client);
	client_close(&guest->nic[1].client);
	client_close(&guest->endpoint);
	munmap(guest->memory, MEMORY);
	close(guest->fd);
}

/* One tagged write into the endpoint, and its completion. */
static void write_once(struct guest *guest)
{
	struct port *port = &guest->nic[0];
	struct {
		struct mlx5_wqe_ctrl_seg ctrl;
		struct mlx5_wqe_raddr_seg remote;
		struct mlx5_wqe_data_seg data;
	} wqe = {
		.ctrl = { .opmod_idx_opcode =
				  htobe32((uint32_t)port->pi << 8 | MLX5_OPCODE_RDMA_WRITE),
			  .qpn_ds = htobe32(port->qpn << 8 | sizeof(wqe) / 16),
			  .fm_ce_se = MLX5_WQE_CTRL_CQ_UPDATE },
		.remote = { .raddr = htobe64(VA), .rkey = htobe32(guest->nic[1].key) },
		.data = { .byte_count = htobe32(LEN),
			  .lkey = htobe32(port->key),
			  .addr = htobe64(VA) },
	};
	volatile struct mlx5_cqe64 *cqe =
		(struct mlx5_cqe64 *)at(guest, port->cq_ring) + port->ci % 64;
	uint32_t doorbell[2] = { 0, htobe32(port->qpn << 8) };
	int i;

	/* The receive queue, one entry of 64 bytes, comes first. */
	memcpy((uint8_t *)at(guest, port->ring) + 64 + port->pi % 16 * 64, &wqe, sizeof(wqe));
	port->pi++;
	((uint32_t *)at(guest, port->qp_dbr))[1] = htobe32(port->pi);
	assert_int_equal(client_write_region(&port->client, 0, NIC_UAR_OFFSET + 0x800, doorbell, 8),
			 0);
	for (i = 0; i < 100000; i++) {
		if (cqe->op_own >> 4 != MLX5_CQE_INVALID && (cqe->op_own & 1) == (port->ci / 64 & 1))
			break;
		usleep(20);
	}
	assert_int_equal(cqe->op_own >> 4, MLX5_CQE_REQ);
	port->ci++;
	*(uint32_t *)at(guest, port->cq_dbr) = htobe32(port->ci);
}

static cJSON *report_of(void)
{
	static char answer[65536];
	cJSON *json;

	server_ask(&server, "report", answer, sizeof(answer));
	json = cJSON_Parse(answer);
	assert_non_null(json);
	return json;
}

static const cJSON *device(const cJSON *json, const char *name)
{
	const cJSON *devices = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "report"), "devices"),
		    *entry;

	cJSON_ArrayForEach(entry, devices)
		if (!strcmp(cJSON_GetObjectItem(entry, "name")->valuestring, name))
			return entry;
	fail_msg("no %s in the report", name);
	return NULL;
}

/* Objects that the NICs hold. */
static double held(void)
{
	static const char *const counters[] = { "mkeys",       "qps",	       "cqs",
						"srqs",	       "eqs",	       "pds",
						"queue_pages", "translations", "faults_waiting" };
	cJSON *json = report_of();
	double sum = 0;
	unsigned int i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		sum += cJSON_GetObjectItem(cJSON_GetObjectItem(device(json, "nic0"), "nic"),
					   counters[i])
			       ->valuedouble;
		sum += cJSON_GetObjectItem(cJSON_GetObjectItem(device(json, "nic1"), "nic"),
					   counters[i])
			       ->valuedouble;
	}
	cJSON_Delete(json);
	return sum;
}

/* The endpoint has received `bytes` of writes with the guest's tag, and nothing else. */
static void check_tags(double bytes)
{
	cJSON *json = report_of();
	const cJSON *bar, *row, *received;
	double seen = 0;

	cJSON_ArrayForEach(bar, cJSON_GetObjectItem(device(json, "ep0"), "bars")) {
		received = cJSON_GetObjectItem(bar, "received");
		cJSON_ArrayForEach(row, received) {
			assert_string_equal(cJSON_GetObjectItem(row, "kind")->valuestring, "MWr");
			assert_true(cJSON_IsTrue(cJSON_GetObjectItem(row, "th")));
			assert_string_equal(cJSON_GetObjectItem(row, "st")->valuestring, "0x1234");
			assert_int_equal(cJSON_GetObjectItem(row, "ph")->valueint, PH);
			seen += cJSON_GetObjectItem(row, "bytes")->valuedouble;
		}
	}
	assert_true(seen == bytes);
	cJSON_Delete(json);
}

/* A guest until it is killed; a byte in `running` when its traffic runs. */
static void live(int running)
{
	struct guest guest;

	guest_open(&guest);
	if (write(running, "", 1) != 1)
		_exit(1);
	for (;;)
		write_once(&guest);
}

static void kill_one(void)
{
	bool at_start = random_below(4) == 0;
	int running[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(running), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		live(running[1]);
	close(running[1]);
	if (!at_start)
		assert_int_equal(read(running[0], &byte, 1), 1);
	usleep(random_below(at_start ? 20000 : 4000));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(running[0]);
}

/* The connection that asks is closed a moment after its answer. */
static bool released(unsigned int fds)
{
	if (held() > 0)
		return false;
	usleep(2000);
	return server_fds(&server) == fds;
}

static void check_released(unsigned int fds)
{
	int i;

	for (i = 0; i < 500; i++) {
		if (released(fds))
			return;
		usleep(8000);
	}
	fail_msg("after 5 s the fabric holds %.0f objects, %u files of %u", held(),
		 server_fds(&server), fds);
}

static void serve_next(void)
{
	struct guest guest;
	char answer[64];
	unsigned int i;

	guest_open(&guest);
	server_ask(&server, "clear", answer, sizeof(answer));
	for (i = 0; i < WRITES; i++)
		write_once(&guest);
	check_tags(WRITES * LEN);
	guest_close(&guest);
}

static unsigned int kills;

static void guests_are_killed(void **state)
{
	const uint64_t first = seed;
	unsigned int fds, i;

	(void)state;
	server_start(&server, ARGUMENTS);
	usleep(50000); /* files of its start are closed */
	fds = server_fds(&server);
	for (i = 0; i < kills; i++) {
		kill_one();
		check_released(fds);
		serve_next();
		check_released(fds);
	}
	server_stop(&server);
	print_message("# %u guests killed, seed 0x%llx\n", kills, (unsigned long long)first);
}

/* The server of a test that has failed would outlive it. */
static int stop(void **state)
{
	(void)state;
	if (server.pid > 0)
		kill(server.pid, SIGKILL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(guests_are_killed, stop) };

	seed = args_setting("SEED", 1, 0, UINT64_MAX);
	kills = (unsigned int)args_setting("KILLS", DEFAULT_KILLS, 1, 1000000000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
