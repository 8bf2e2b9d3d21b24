// SPDX-License-Identifier: MIT
#include "tests/unit/mr_rig.h"

#include "tests/mock/drm.h"

static const struct fake_attr applied_st[] = {
	{ "odp", "explicit", 0, false },
	{ "tph", "applied", 0, false },
	{ "tph_st", NULL, 0x5a, false },
	{ "tph_st_width", NULL, 8, false },
	{ "tph_ph", NULL, 2, false },
	{ "tph_stale_faults", NULL, 5, true },
	{ 0 },
};

static const struct fake_attr applied_xst[] = {
	{ "tph", "applied", 0, false },
	{ "tph_st", NULL, 0x1234, false },
	{ "tph_st_width", NULL, 16, false },
	{ "tph_ph", NULL, 2, false },
	{ 0 },
};

const struct fake_attr not_applied[] = {
	{ "tph", "none", 0, false },
	{ "tph_reason", "nic-disabled", 0, false },
	{ 0 },
};

const struct fake_attr old_kernel[] = {
	{ "odp", "explicit", 0, false },
	{ 0 },
};

const struct fake_entry entry_st = {
	.lkey = FAKE_LKEY,
	.mrn = 7,
	.length = LENGTH,
	.attrs = applied_st,
};
const struct fake_entry entry_xst = {
	.lkey = FAKE_LKEY,
	.mrn = 7,
	.length = LENGTH,
	.attrs = applied_xst,
};
const struct fake_entry entry_none = {
	.lkey = FAKE_LKEY,
	.mrn = 7,
	.length = LENGTH,
	.attrs = not_applied,
};

int fixture_mr(void **state)
{
	fake_verbs_setup();
	fake_drm_setup();
	return fixture_buffer(state);
}

int close_mr(void **state)
{
	int ret = fixture_close(state);

	if (fake_verbs.live_mrs) {
		print_error("%u regions left\n", fake_verbs.live_mrs);
		return -1;
	}
	return ret;
}
