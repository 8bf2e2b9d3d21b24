// SPDX-License-Identifier: MIT
/*
 * CREATE_MKEY, DESTROY_MKEY, QUERY_MKEY. Access modes are PA and MTT; KLM and
 * KSM (lists of other keys) serve features without a capability here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/nic/commands/cmd.h"
#include "fabric/nic/keys/mkey.h"

#define MTT_BYTES	  8u
#define MTTS_PER_OCTOWORD 2u
#define MTT_ALIGN	  8u /* UMR writes entries in units of 64 bytes */

static uint8_t access_get(const unsigned char *context)
{
	return (uint8_t)((DEVX_GET(mkc, context, lr) ? NIC_LOCAL_READ : 0) |
			 (DEVX_GET(mkc, context, lw) ? NIC_LOCAL_WRITE : 0) |
			 (DEVX_GET(mkc, context, rr) ? NIC_REMOTE_READ : 0) |
			 (DEVX_GET(mkc, context, rw) ? NIC_REMOTE_WRITE : 0) |
			 (DEVX_GET(mkc, context, a) ? NIC_REMOTE_ATOMIC : 0));
}

static void context_load(struct nic_mkey *mkey, const unsigned char *context)
{
	mkey->free = DEVX_GET(mkc, context, free);
	mkey->umr_en = DEVX_GET(mkc, context, umr_en);
	mkey->mode = (uint8_t)(DEVX_GET(mkc, context, access_mode_4_2) << 2 |
			       DEVX_GET(mkc, context, access_mode_1_0));
	mkey->access = access_get(context);
	mkey->variant = (uint8_t)DEVX_GET(mkc, context, mkey_7_0);
	mkey->length64 = DEVX_GET(mkc, context, length64);
	mkey->pd = DEVX_GET(mkc, context, pd);
	mkey->start = DEVX_GET64(mkc, context, start_addr);
	mkey->len = DEVX_GET64(mkc, context, len);
	mkey->page_shift = (uint8_t)DEVX_GET(mkc, context, log_page_size);
	mkey->tph_en = DEVX_GET(mkc, context, pcie_tph_en);
	mkey->tph_ph = (uint8_t)DEVX_GET(mkc, context, pcie_tph_ph);
	mkey->tph_index = (uint8_t)DEVX_GET(mkc, context, pcie_tph_steering_tag_index);
}

static const struct nic_feature features[] = {
	NIC_FEATURE(mkc, bsf_en),
	NIC_FEATURE(mkc, ma_translation_mode),
	{ NULL, { 0, 0 } },
};

static uint8_t context_check(struct nic_cmd *cmd, const struct nic_mkey *mkey,
			     const unsigned char *context)
{
	uint8_t status;

	if (mkey->mode != MLX5_MKC_ACCESS_MODE_PA && mkey->mode != MLX5_MKC_ACCESS_MODE_MTT)
		return nic_cmd_fail_detail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_MODE,
					   "access mode other than PA and MTT", mkey->mode);
	status = nic_cmd_refuse_features(cmd, context, features);
	if (status != NIC_CMD_OK)
		return status;
	if (!nic_ids_find(&cmd->nic->pds, mkey->pd))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_PD);
	if (!nic_mkey_valid(mkey))
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_PAGES);
	return NIC_CMD_OK;
}

/* Entries given with the command. Without pg_access they carry no presence bits: all but 0 are present. */
static uint8_t load_mtts(struct nic_cmd *cmd, struct nic_mkey *mkey)
{
	uint32_t off = DEVX_BYTE_OFF(create_mkey_in, klm_pas_mtt);
	uint64_t given =
		(uint64_t)DEVX_GET(create_mkey_in, cmd->in, translations_octword_actual_size) *
		MTTS_PER_OCTOWORD;
	uint64_t present =
		DEVX_GET(create_mkey_in, cmd->in, pg_access) ? 0 : NIC_MTT_READ | NIC_MTT_WRITE;
	uint64_t entry;
	uint32_t i;

	if (given > (cmd->in_len - off) / MTT_BYTES)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_IN_LEN, NIC_SYN_LENGTH);
	if (given > mkey->mtts)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_PARAM, NIC_SYN_SIZE);
	for (i = 0; i < given; i++) {
		memcpy(&entry, cmd->in + off + i * MTT_BYTES, MTT_BYTES);
		mkey->mtt[i] = entry ? be64toh(entry) | present : 0;
	}
	return NIC_CMD_OK;
}

static uint8_t create(struct nic_cmd *cmd, struct nic_mkey *mkey, const unsigned char *context)
{
	uint64_t mtts =
		(uint64_t)DEVX_GET(mkc, context, translations_octword_size) * MTTS_PER_OCTOWORD;
	uint8_t status = context_check(cmd, mkey, context);
	int ret;

	if (status != NIC_CMD_OK)
		return status;
	if (mtts > NIC_MAX_MTT)
		return nic_cmd_errno(cmd, -ENOSPC);
	if (mkey->mode == MLX5_MKC_ACCESS_MODE_MTT) {
		ret = nic_mkey_alloc_mtt(cmd->nic, mkey,
					 ((uint32_t)mtts + MTT_ALIGN - 1) / MTT_ALIGN * MTT_ALIGN);
		if (ret)
			return nic_cmd_errno(cmd, ret);
	}
	status = load_mtts(cmd, mkey);
	if (status != NIC_CMD_OK)
		return status;
	ret = nic_ids_alloc(&cmd->nic->mkeys, mkey, &mkey->number);
	return ret ? nic_cmd_errno(cmd, ret) : NIC_CMD_OK;
}

uint8_t nic_cmd_create_mkey(struct nic_cmd *cmd)
{
	const unsigned char *context = DEVX_ADDR_OF(create_mkey_in, cmd->in, memory_key_mkey_entry);
	struct nic_mkey *mkey = calloc(1, sizeof(*mkey));
	uint8_t status;

	if (!mkey)
		return nic_cmd_errno(cmd, -ENOMEM);
	context_load(mkey, context);
	status = create(cmd, mkey, context);
	if (status != NIC_CMD_OK) {
		nic_mkey_free(cmd->nic, mkey);
		return status;
	}
	DEVX_SET(create_mkey_out, cmd->out, mkey_index, mkey->number);
	if (mkey->tph_en)
		fab_debug(&cmd->nic->dev, "mkey %u: TPH ph %u, steering tag index %u", mkey->number,
			  mkey->tph_ph, mkey->tph_index);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_destroy_mkey(struct nic_cmd *cmd)
{
	struct nic_mkey *mkey =
		nic_ids_remove(&cmd->nic->mkeys, DEVX_GET(destroy_mkey_in, cmd->in, mkey_index));

	if (!mkey)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	nic_mkey_free(cmd->nic, mkey);
	return NIC_CMD_OK;
}

uint8_t nic_cmd_query_mkey(struct nic_cmd *cmd)
{
	const struct nic_mkey *mkey =
		nic_ids_find(&cmd->nic->mkeys, DEVX_GET(query_mkey_in, cmd->in, mkey_index));
	unsigned char *context = DEVX_ADDR_OF(query_mkey_out, cmd->out, memory_key_mkey_entry);

	if (!mkey)
		return nic_cmd_fail(cmd, NIC_CMD_BAD_RES, NIC_SYN_NUMBER);
	DEVX_SET(mkc, context, free, mkey->free);
	DEVX_SET(mkc, context, umr_en, mkey->umr_en);
	DEVX_SET(mkc, context, access_mode_1_0, mkey->mode);
	DEVX_SET(mkc, context, lr, !!(mkey->access & NIC_LOCAL_READ));
	DEVX_SET(mkc, context, lw, !!(mkey->access & NIC_LOCAL_WRITE));
	DEVX_SET(mkc, context, rr, !!(mkey->access & NIC_REMOTE_READ));
	DEVX_SET(mkc, context, rw, !!(mkey->access & NIC_REMOTE_WRITE));
	DEVX_SET(mkc, context, a, !!(mkey->access & NIC_REMOTE_ATOMIC));
	DEVX_SET(mkc, context, mkey_7_0, mkey->variant);
	DEVX_SET(mkc, context, length64, mkey->length64);
	DEVX_SET(mkc, context, pd, mkey->pd);
	DEVX_SET64(mkc, context, start_addr, mkey->start);
	DEVX_SET64(mkc, context, len, mkey->len);
	DEVX_SET(mkc, context, translations_octword_size, mkey->mtts / MTTS_PER_OCTOWORD);
	DEVX_SET(mkc, context, log_page_size, mkey->page_shift);
	DEVX_SET(mkc, context, pcie_tph_en, mkey->tph_en);
	DEVX_SET(mkc, context, pcie_tph_ph, mkey->tph_ph);
	DEVX_SET(mkc, context, pcie_tph_steering_tag_index, mkey->tph_index);
	return NIC_CMD_OK;
}
