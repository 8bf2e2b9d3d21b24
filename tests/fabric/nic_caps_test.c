// SPDX-License-Identifier: MIT
/*
 * No general capability claims what the NIC then refuses: each row of the NIC's table has a row
 * here, with a check of its limit, or with the test that uses the feature, or both.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/keys/umr.h"
#include "tests/fabric/nic_client.h"

#define PAGES_MAX 40000u
#define IN_BYTES  (1024u + PAGES_MAX * 8)

static uint8_t in[IN_BYTES] __attribute__((aligned(8)));
static uint8_t out[1024] __attribute__((aligned(8)));

/* A command with page list: all pages are the same one, which no command looks at. */
static void start(uint16_t opcode, uint32_t fixed)
{
	const uint64_t page = htobe64(RIG_BUS);
	uint32_t i;

	memset(in, 0, sizeof(in));
	DEVX_SET(alloc_pd_in, in, opcode, opcode);
	for (i = 0; i < PAGES_MAX; i++)
		memcpy(in + fixed + i * 8, &page, 8);
}

static uint8_t run(struct client *client)
{
	memset(out, 0, sizeof(out));
	nic_cmd_run(client->nic, in, sizeof(in), out, sizeof(out));
	return out[0];
}

static uint8_t run_short(struct client *client, uint32_t len)
{
	memset(out, 0, sizeof(out));
	nic_cmd_run(client->nic, in, len, out, sizeof(out));
	return out[0];
}

/* The command succeeds as often as it may: count times, and no more. */
static void run_out(struct client *client, uint32_t len, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		assert_int_equal(run_short(client, len), NIC_CMD_OK);
	assert_int_equal(run_short(client, len), NIC_CMD_LIMIT);
}

static void pds(struct client *client, uint32_t log)
{
	start(MLX5_CMD_OP_ALLOC_PD, 16);
	run_out(client, 16, 1u << log);
}

static void xrcds(struct client *client, uint32_t log)
{
	start(MLX5_CMD_OP_ALLOC_XRCD, 16);
	run_out(client, 16, 1u << log);
}

static void counter_sets(struct client *client, uint32_t count)
{
	start(MLX5_CMD_OP_ALLOC_Q_COUNTER, 16);
	run_out(client, 16, count);
}

static void start_eq(void)
{
	start(MLX5_CMD_OP_CREATE_EQ, DEVX_ST_SZ_BYTES(create_eq_in));
}

static void eqs(struct client *client, uint32_t count)
{
	start_eq();
	run_out(client, DEVX_ST_SZ_BYTES(create_eq_in) + 8, count);
}

static void eq_size(struct client *client, uint32_t log)
{
	start_eq();
	DEVX_SET(create_eq_in, in, eq_context_entry.log_eq_size, log + 1);
	assert_int_equal(run(client), NIC_CMD_BAD_PARAM);
	DEVX_SET(create_eq_in, in, eq_context_entry.log_eq_size, log);
	assert_int_equal(run(client), NIC_CMD_OK);
}

static void start_cq(struct client *client)
{
	const uint32_t eqn = client_eq(client, 4, 0, 0).number;

	start(MLX5_CMD_OP_CREATE_CQ, DEVX_ST_SZ_BYTES(create_cq_in));
	DEVX_SET(create_cq_in, in, cq_context.c_eqn_or_apu_element, eqn);
}

static void cqs(struct client *client, uint32_t log)
{
	start_cq(client);
	run_out(client, DEVX_ST_SZ_BYTES(create_cq_in) + 8, 1u << log);
}

/* Also with the longer entries. */
static void cq_size(struct client *client, uint32_t log)
{
	start_cq(client);
	DEVX_SET(create_cq_in, in, cq_context.cqe_sz, 1);
	DEVX_SET(create_cq_in, in, cq_context.log_cq_size, log + 1);
	assert_int_equal(run(client), NIC_CMD_BAD_PARAM);
	DEVX_SET(create_cq_in, in, cq_context.log_cq_size, log);
	assert_int_equal(run(client), NIC_CMD_OK);
}

static void start_qp(struct client *client)
{
	const uint32_t pd = client_pd(client),
		       cqn = client_cq(client, 4, client_eq(client, 4, 0, 0).number).number;

	start(MLX5_CMD_OP_CREATE_QP, DEVX_ST_SZ_BYTES(create_qp_in));
	DEVX_SET(create_qp_in, in, qpc.st, MLX5_QPC_ST_RC);
	DEVX_SET(create_qp_in, in, qpc.pd, pd);
	DEVX_SET(create_qp_in, in, qpc.cqn_snd, cqn);
	DEVX_SET(create_qp_in, in, qpc.cqn_rcv, cqn);
}

static void qps(struct client *client, uint32_t log)
{
	start_qp(client);
	run_out(client, DEVX_ST_SZ_BYTES(create_qp_in) + 8, 1u << log);
}

/* The fields of the context hold no more. */
static void qp_size(struct client *client, uint32_t log)
{
	assert_int_equal(1u << __devx_bit_sz(qpc, log_sq_size), log + 1);
	assert_int_equal(1u << __devx_bit_sz(qpc, log_rq_size), log + 1);
	start_qp(client);
	DEVX_SET(create_qp_in, in, qpc.log_sq_size, log);
	DEVX_SET(create_qp_in, in, qpc.log_rq_size, log);
	DEVX_SET(create_qp_in, in, qpc.log_rq_stride, 5);
	assert_int_equal(run(client), NIC_CMD_OK);
}

/* An inline write that fills the longest send WQE moves its bytes. */
static void send_wqe(struct client *client, uint32_t bytes)
{
	const uint32_t len = bytes - 16 - 16 - 4; /* control, remote address, length of the data */
	struct rig_pair pair;
	struct mlx5_cqe64 cqe;
	uint8_t data[1024];
	uint64_t to;

	(void)client;
	assert_in_range(len, 1, sizeof(data));
	memset(data, 0x5a, sizeof(data));
	rig_pair_open(&pair, false);
	to = rig_alloc(&pair.rig, NIC_PAGE);
	rig_post(&pair.qp[0], &(struct rig_wr){ .opcode = MLX5_OPCODE_RDMA_WRITE,
						.inline_data = data,
						.inline_len = len,
						.remote_va = RIG_VA + to,
						.rkey = rig_key(pair.rig.nic[1], pair.pd[1],
								NIC_REMOTE_WRITE, to, NIC_PAGE) });
	rig_run(&pair.rig);
	assert_true(rig_cq_poll(&pair.cq[0], &cqe));
	assert_int_equal(rig_cqe_syndrome(&cqe), 0);
	assert_memory_equal(rig_at(&pair.rig, to), data, len);
	rig_pair_close(&pair);
}

/* Receive entries of that size are taken, longer ones are not. */
static void receive_wqe(struct client *client, uint32_t bytes)
{
	const uint32_t log_stride = (uint32_t)__builtin_ctz(bytes / 16);

	start_qp(client);
	DEVX_SET(create_qp_in, in, qpc.log_rq_stride, log_stride + 1);
	assert_int_equal(run(client), NIC_CMD_BAD_PARAM);
	DEVX_SET(create_qp_in, in, qpc.log_rq_stride, log_stride);
	assert_int_equal(run(client), NIC_CMD_OK);
}

static void ra_depth(struct client *client, uint32_t log)
{
	uint8_t qpc[DEVX_ST_SZ_BYTES(qpc)] __attribute__((aligned(8))) = { 0 };
	uint32_t qpn;

	start_qp(client);
	assert_int_equal(run(client), NIC_CMD_OK);
	qpn = DEVX_GET(create_qp_out, out, qpn);
	DEVX_SET(qpc, qpc, mtu, 5);
	assert_int_equal(client_modify(client, MLX5_CMD_OP_RST2INIT_QP, qpn, qpc, 0), NIC_CMD_OK);
	DEVX_SET(qpc, qpc, log_rra_max, log + 1);
	assert_int_equal(client_modify(client, MLX5_CMD_OP_INIT2RTR_QP, qpn, qpc, 0),
			 NIC_CMD_BAD_PARAM);
	DEVX_SET(qpc, qpc, log_rra_max, log);
	assert_int_equal(client_modify(client, MLX5_CMD_OP_INIT2RTR_QP, qpn, qpc, 0), NIC_CMD_OK);
	DEVX_SET(qpc, qpc, log_sra_max, log + 1);
	assert_int_equal(client_modify(client, MLX5_CMD_OP_RTR2RTS_QP, qpn, qpc, 0),
			 NIC_CMD_BAD_PARAM);
	DEVX_SET(qpc, qpc, log_sra_max, log);
	assert_int_equal(client_modify(client, MLX5_CMD_OP_RTR2RTS_QP, qpn, qpc, 0), NIC_CMD_OK);
}

static void start_rmp(struct client *client, uint32_t log_size)
{
	const uint32_t pd = client_pd(client);

	start(MLX5_CMD_OP_CREATE_RMP, DEVX_ST_SZ_BYTES(create_rmp_in));
	DEVX_SET(create_rmp_in, in, ctx.state, MLX5_RMPC_STATE_RDY);
	DEVX_SET(create_rmp_in, in, ctx.wq.log_wq_sz, log_size);
	DEVX_SET(create_rmp_in, in, ctx.wq.log_wq_stride, 5);
	DEVX_SET(create_rmp_in, in, ctx.wq.pd, pd);
}

static void srqs(struct client *client, uint32_t log)
{
	start_rmp(client, 1);
	run_out(client, DEVX_ST_SZ_BYTES(create_rmp_in) + 8, 1u << log);
}

static void srq_size(struct client *client, uint32_t log)
{
	start_rmp(client, log + 1);
	assert_int_equal(run(client), NIC_CMD_BAD_PARAM);
	DEVX_SET(create_rmp_in, in, ctx.wq.log_wq_sz, log);
	assert_int_equal(run(client), NIC_CMD_OK);
}

static void start_mkey(struct client *client, uint32_t mode)
{
	const uint32_t pd = client_pd(client);
	unsigned char *mkc = DEVX_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);

	start(MLX5_CMD_OP_CREATE_MKEY, DEVX_ST_SZ_BYTES(create_mkey_in));
	DEVX_SET(mkc, mkc, access_mode_1_0, mode);
	DEVX_SET(mkc, mkc, length64, mode == MLX5_MKC_ACCESS_MODE_PA);
	DEVX_SET(mkc, mkc, pd, pd);
	DEVX_SET(mkc, mkc, lr, 1);
}

static void mkeys(struct client *client, uint32_t log)
{
	start_mkey(client, MLX5_MKC_ACCESS_MODE_PA);
	run_out(client, DEVX_ST_SZ_BYTES(create_mkey_in), 1u << log);
}

/* mlx5_ib offers so many pages to IB_WR_REG_MR: one UMR gives them all to a key. */
static void fast_reg_pages(struct client *client, uint32_t log)
{
	const uint32_t entries = 1u << log, pd = client_pd(client),
		       cqn = client_cq(client, 4, client_eq(client, 4, 0, 0).number).number,
		       qpn = client_qp(client, MLX5_QPC_ST_REG_UMR, pd, cqn).number;
	const struct nic_mkey pa = {
		.pd = pd, .mode = MLX5_MKC_ACCESS_MODE_PA, .length64 = true, .access = NIC_LOCAL_READ
	};
	const struct nic_mkey pool = { .pd = pd,
				       .mode = MLX5_MKC_ACCESS_MODE_MTT,
				       .free = true,
				       .umr_en = true,
				       .page_shift = 12 };
	const uint32_t lkey = client_mkey(client, &pa, 0),
		       key = client_mkey(client, &pool, entries / 2);
	const uint64_t table = rig_alloc(&client->rig, entries * 8), last = htobe64(RIG_BUS | 3);
	uint8_t wqe[144] __attribute__((aligned(8))) = { 0 };
	struct mlx5_wqe_ctrl_seg *ctrl = (void *)wqe;
	struct mlx5_wqe_umr_ctrl_seg *seg = (void *)(wqe + 16);
	struct mlx5_wqe_data_seg *data = (void *)(wqe + 128);

	memcpy((uint8_t *)rig_at(&client->rig, table) + (entries - 1) * 8, &last, 8);
	ctrl->opmod_idx_opcode = htobe32(MLX5_OPCODE_UMR);
	ctrl->imm = htobe32(key);
	seg->klm_octowords = htobe16((uint16_t)(entries / 2));
	data->byte_count = htobe32(entries * 8);
	data->lkey = htobe32(lkey);
	data->addr = htobe64(table);
	assert_int_equal(nic_umr_execute(nic_qp_get(client->nic, qpn), wqe, sizeof(wqe)), NIC_OK);
	assert_int_equal(nic_mkey_get(client->nic, key)->mtt[entries - 1], RIG_BUS | 3);
}

static void message(struct client *client, uint32_t log)
{
	(void)client;
	assert_int_equal(1u << log, NIC_MAX_MESSAGE);
}

/* All UAR pages are in the BAR. */
static void uars(struct client *client, uint32_t log_mib)
{
	uint32_t i;

	assert_int_equal(1u << log_mib << 20, NIC_BAR0_SIZE);
	assert_int_equal(client->nic->dev.bar[0].size, NIC_BAR0_SIZE);
	start(MLX5_CMD_OP_ALLOC_UAR, 16);
	for (i = 0; run_short(client, 16) == NIC_CMD_OK; i++)
		assert_true(DEVX_GET(alloc_uar_out, out, uar) < NIC_BAR0_SIZE / NIC_PAGE);
	assert_int_equal(i, NIC_MAX_UARS);
}

static void multicast_groups(struct client *client, uint32_t log)
{
	(void)client;
	assert_int_equal(log, NIC_LOG_MAX_MCG);
}

static void multicast_qps(struct client *client, uint32_t value)
{
	(void)client;
	assert_int_equal(value, NIC_MAX_QP_MCG);
}

static void page_size(struct client *client, uint32_t log)
{
	(void)client;
	assert_int_equal(1u << log, NIC_PAGE);
}

/* check: of the limit; file and test: a test that uses the feature */
static const struct path {
	const char *cap;
	void (*check)(struct client *client, uint32_t value);
	const char *file, *test;
} paths[] = {
	{ "port_type", NULL, "nic_query", "port_tables_are_bounded" },
	{ "num_ports", NULL, "nic_query", "port_tables_are_bounded" },
	{ "native_port_num", NULL, "nic_query", "port_tables_are_bounded" },
	{ "ib_virt", NULL, "nic_query", "port_tables_are_bounded" },
	{ "gid_table_size", NULL, "nic_query", "port_tables_are_bounded" },
	{ "pkey_table_size", NULL, "nic_query", "port_tables_are_bounded" },
	{ "local_ca_ack_delay", NULL, "rc_retry", "peer_that_does_not_answer_exceeds_retries" },
	{ "rc", NULL, "rc_data", "each_operation_moves_its_bytes" },
	{ "uc", NULL, "rc_unreliable", "messages_arrive" },
	{ "ud", NULL, "nic_ud", "a_datagram_arrives" },
	{ "xrc", NULL, "rc_xrc", "xrc_message_names_its_queue" },
	{ "cqe_version", NULL, "nic_queue", "cq_owner_toggles_each_lap" },
	{ "cq_resize", NULL, "nic_cq_memory", "cq_resize_keeps_unread_entries" },
	{ "device_frequency_khz", NULL, "nic_queue", "completions_carry_the_time" },
	{ "log_max_msg", message, "rc_error", "message_above_the_limit_is_a_local_length_error" },
	{ "log_max_ra_req_qp", ra_depth, NULL, NULL },
	{ "log_max_ra_res_qp", ra_depth, NULL, NULL },
	{ "atomic", NULL, "rc_atomic", "fetch_add_returns_the_old_value" },
	{ "log_max_qp", qps, NULL, NULL },
	{ "log_max_qp_sz", qp_size, NULL, NULL },
	{ "max_wqe_sz_sq", send_wqe, NULL, NULL },
	{ "max_wqe_sz_rq", receive_wqe, "rc_data", "segments_are_gathered_and_scattered" },
	{ "log_max_cq", cqs, NULL, NULL },
	{ "log_max_cq_sz", cq_size, NULL, NULL },
	{ "max_num_eqs", eqs, NULL, NULL },
	{ "log_max_eq_sz", eq_size, NULL, NULL },
	{ "log_max_pd", pds, NULL, NULL },
	{ "log_max_xrcd", xrcds, NULL, NULL },
	{ "log_max_srq", srqs, NULL, NULL },
	{ "log_max_srq_sz", srq_size, NULL, NULL },
	{ "log_max_mcg", multicast_groups, "nic_multicast", "attachments_are_bounded" },
	{ "max_qp_mcg", multicast_qps, "nic_multicast", "attachments_are_bounded" },
	{ "vport_counters", NULL, "nic_counter", "port_counts_both_directions" },
	{ "max_qp_cnt", counter_sets, "nic_counter", "sets_that_do_not_exist" },
	{ "retransmission_q_counters", NULL, "nic_counter", "receiver_not_ready_is_counted" },
	{ "enhanced_error_q_counters", NULL, "nic_counter", "errors_are_counted_at_both_ends" },
	{ "rts2rts_qp_counters_set_id", NULL, "nic_qp", "counter_set_changes_in_rts" },
	{ "mcam_reg", NULL, "nic_query", "firmware_version_is_one" },
	{ "log_max_mkey", mkeys, NULL, NULL },
	{ "log_max_klm_list_size", fast_reg_pages, NULL, NULL },
	{ "umr_extended_translation_offset", NULL, "nic_umr", "entries_at_any_offset" },
	{ "umr_indirect_mkey_disabled", NULL, "nic_mkey", "unsupported_keys_are_refused" },
	{ "repeated_block_disabled", NULL, "nic_mkey", "unsupported_keys_are_refused" },
	{ "pg", NULL, "nic_fault", "event_carries_the_address" },
	{ "mkey_pcie_tph", NULL, "rc_tag", "write_carries_exactly_the_tag_of_the_remote_key" },
	{ "log_pg_sz", page_size, NULL, NULL },
	{ "uar_sz", uars, NULL, NULL },
	{ "log_bf_reg_size", NULL, "nic_queue", "arm_reports_each_entry_once" },
	{ "page_request_disable", NULL, "nic_cmd", "vfio_provider_starts" },
};

static const struct path *path_of(const char *cap)
{
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!strcmp(paths[i].cap, cap))
			return &paths[i];
	return NULL;
}

static void every_capability_has_a_path(void **state)
{
	const struct path *path;
	unsigned int i;

	(void)state;
	for (i = 0; i < nic_general_cap_count; i++) {
		path = path_of(nic_general_caps[i].name);
		if (!path || (!path->check && !path->test))
			fail_msg("capability %s: no test uses it", nic_general_caps[i].name);
	}
	assert_int_equal(nic_general_cap_count, sizeof(paths) / sizeof(paths[0]));
}

static bool source_has(const char *file, const char *text)
{
	char path[512], line[512];
	bool found = false;
	FILE *source;

	snprintf(path, sizeof(path), FABRIC_TESTS "/%s_test.c", file);
	source = fopen(path, "r");
	if (!source)
		return false;
	while (!found && fgets(line, sizeof(line), source))
		found = strstr(line, text) != NULL;
	fclose(source);
	return found;
}

static void named_tests_exist(void **state)
{
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!paths[i].test)
			continue;
		snprintf(text, sizeof(text), "static void %s(", paths[i].test);
		if (!source_has(paths[i].file, text))
			fail_msg("capability %s: no test %s in %s_test.c", paths[i].cap,
				 paths[i].test, paths[i].file);
	}
}

static void advertised_limits_match_the_commands(void **state)
{
	const struct path *path;
	unsigned int i;
	void *client;

	(void)state;
	for (i = 0; i < nic_general_cap_count; i++) {
		path = path_of(nic_general_caps[i].name);
		if (!path || !path->check)
			continue;
		print_message("# %s\n", path->cap);
		client_setup(&client);
		path->check(client, nic_general_caps[i].value);
		client_teardown(&client);
	}
}

/* QUERY_HCA_CAP says what the table says; SET_HCA_CAP takes that and no more. */
static void queries_and_settings_agree(void **state)
{
	unsigned char *cap = DEVX_ADDR_OF(set_hca_cap_in, in, capability);
	static uint8_t answer[DEVX_ST_SZ_BYTES(query_hca_cap_out)] __attribute__((aligned(8)));
	const unsigned char *told = DEVX_ADDR_OF(query_hca_cap_out, answer, capability);
	struct client *client = *state;
	const struct nic_cap *row;
	uint32_t most;

	assert_int_equal(client_simple(client, MLX5_CMD_OP_ENABLE_HCA, 0, 0), NIC_CMD_OK);
	start(MLX5_CMD_OP_QUERY_HCA_CAP, 16);
	nic_cmd_run(client->nic, in, 16, answer, sizeof(answer));
	for (row = nic_general_caps; row < nic_general_caps + nic_general_cap_count; row++) {
		most = (uint32_t)((1ull << row->field.size) - 1);
		assert_int_equal(nic_field_get(told, row->field), row->value);
		memset(in, 0, sizeof(in));
		DEVX_SET(set_hca_cap_in, in, opcode, MLX5_CMD_OP_SET_HCA_CAP);
		nic_field_set(cap, row->field, row->value);
		assert_int_equal(run_short(client, DEVX_ST_SZ_BYTES(set_hca_cap_in)), NIC_CMD_OK);
		if (row->value == most)
			continue;
		nic_field_set(cap, row->field, row->value + 1);
		assert_int_equal(run_short(client, DEVX_ST_SZ_BYTES(set_hca_cap_in)),
				 NIC_CMD_BAD_PARAM);
	}
}

static void options_of_a_nic_at_their_limits(void **state)
{
	struct nic_opts opts = { .lid = SUBNET_LID_MAX, .vectors = 2 };
	struct fab_fabric *fabric;
	struct nic *nic;

	(void)state;
	assert_int_equal(fab_fabric_new(&fabric), 0);
	assert_int_equal(nic_new(fabric, "a", &opts, &nic), 0);
	opts.lid++;
	assert_int_equal(nic_new(fabric, "b", &opts, &nic), -EINVAL);
	opts.lid = 0;
	assert_int_equal(nic_new(fabric, "b", &opts, &nic), -EINVAL);
	opts = (struct nic_opts){ .lid = 1, .vectors = 1 };
	assert_int_equal(nic_new(fabric, "b", &opts, &nic), -EINVAL);
	fab_fabric_free(fabric);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_capability_has_a_path),
		cmocka_unit_test(named_tests_exist),
		cmocka_unit_test(advertised_limits_match_the_commands),
		cmocka_unit_test(options_of_a_nic_at_their_limits),
		cmocka_unit_test_setup_teardown(queries_and_settings_agree, client_setup_cold,
						client_teardown),
	};

	return cmocka_run_group_tests_name("nic_caps", tests, NULL, NULL);
}
