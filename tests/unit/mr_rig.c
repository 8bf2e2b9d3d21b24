// SPDX-License-Identifier: MIT
#include <rdma/ib_user_ioctl_verbs.h>

#include "tests/unit/mr_rig.h"

#include "tests/mock/drm.h"

const struct fake_mr_tph tph_st = {
	.state = IB_UVERBS_MR_TPH_APPLIED,
	.st_width = 8,
	.st = 0x5a,
	.ph = 2,
	.stale_faults = 5,
};

const struct fake_mr_tph tph_xst = {
	.state = IB_UVERBS_MR_TPH_APPLIED,
	.st_width = 16,
	.st = 0x1234,
	.ph = 2,
};

const struct fake_mr_tph tph_none = { .state = IB_UVERBS_MR_TPH_NIC_DISABLED };

const struct tphbuf_tag tag_both = { TPHBUF_TAG_MASK, 0x1234, 0x5a, 2 };

int try_register(struct fixture *f, const struct tphbuf_mr_opts *opts)
{
	struct tphbuf_mr *mr = NULL;
	int ret = tphbuf_mr_register(f->buf, fake_pd(), opts, &mr);

	if (ret)
		assert_null(mr);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
	return ret;
}

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
