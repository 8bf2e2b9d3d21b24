// SPDX-License-Identifier: MIT
/* Endpoint: its registers report the TLPs that its memory received. */
#include <errno.h>
#include <string.h>

#include "fabric/endpoint/endpoint.h"
#include "fabric/endpoint/regs.h"
#include "tests/fabric/toy.h"

#define MEMORY_AT 0x200000000ull

struct state {
	struct fab_fabric *fabric;
	struct toy *toy;
	struct fab_device *ep;
};

static void put(struct fab_device *dev, uint32_t off, uint32_t value, uint32_t len)
{
	fab_device_cfg_write(dev, off, &value, len);
}

static int setup(void **ctx)
{
	static struct state state;
	const struct ep_opts opts = { .memory_size = EP_MIN_MEMORY, .completer = FAB_TPH_EXT };

	state.fabric = toy_fabric();
	state.toy = toy_add(state.fabric, "toy", &toy_opts);
	toy_put(state.toy, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	assert_int_equal(ep_new(state.fabric, "ep0", &opts), 0);
	state.ep = fab_fabric_find(state.fabric, "ep0");
	put(state.ep, PCI_BASE_ADDRESS_3, MEMORY_AT >> 32, 4);
	put(state.ep, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	*ctx = &state;
	return 0;
}

static int teardown(void **ctx)
{
	fab_fabric_free(((struct state *)*ctx)->fabric);
	return 0;
}

static uint32_t reg32(struct fab_device *ep, uint64_t off)
{
	uint32_t value = 0xdddddddd;

	ep->ops->bar_read(ep, EP_REGS_BAR, off, &value, sizeof(value));
	return value;
}

static uint64_t reg64(struct fab_device *ep, uint64_t off)
{
	uint64_t value = 0xdddddddddddddddd;

	ep->ops->bar_read(ep, EP_REGS_BAR, off, &value, sizeof(value));
	return value;
}

static void set32(struct fab_device *ep, uint64_t off, uint32_t value)
{
	ep->ops->bar_write(ep, EP_REGS_BAR, off, &value, sizeof(value));
}

static void ignore(void *ctx, void *host, uint32_t off, uint32_t len)
{
	(void)ctx;
	(void)host;
	(void)off;
	(void)len;
}

static void send(struct state *state, bool write, uint32_t len, struct fab_tph tph)
{
	struct fab_dma req = {
		.dev = &state->toy->dev, .write = write, .addr = MEMORY_AT, .len = len, .tph = tph
	};

	assert_int_equal(fab_dma(&req, ignore, NULL), 0);
}

static void identity(void **ctx)
{
	struct fab_device *ep = ((struct state *)*ctx)->ep;

	assert_int_equal(fab_cfg_get32(ep, PCI_VENDOR_ID), EP_PCI_DEVICE << 16 | EP_PCI_VENDOR);
	assert_int_equal(fab_cfg_get32(ep, PCI_CLASS_REVISION) >> 8, EP_PCI_CLASS);
	assert_int_equal(reg32(ep, EP_MAGIC), EP_MAGIC_VALUE);
	assert_int_equal(reg32(ep, EP_VERSION), EP_VERSION_VALUE);
	assert_int_equal(reg64(ep, EP_MEMORY_SIZE), EP_MIN_MEMORY);
	assert_int_equal(ep->tph_cap, 0);
}

static void counts_and_rows(void **ctx)
{
	struct state *state = *ctx;
	struct fab_device *ep = state->ep;

	send(state, true, 1024, (struct fab_tph){ 0 });
	send(state, true, 256, (struct fab_tph){ true, false, 2, 0x5a });
	send(state, true, 128, (struct fab_tph){ true, true, 1, 0x1234 });
	send(state, false, 1024, (struct fab_tph){ true, false, 3, 0x11 });
	assert_int_equal(reg64(ep, EP_MWR_TLPS), 8 + 2 + 1);
	assert_int_equal(reg64(ep, EP_MWR_BYTES), 1408);
	assert_int_equal(reg64(ep, EP_MWR_TAGGED), 3);
	assert_int_equal(reg64(ep, EP_MRD_TLPS), 2);
	assert_int_equal(reg64(ep, EP_MRD_BYTES), 1024);
	assert_int_equal(reg64(ep, EP_MRD_TAGGED), 2);
	assert_int_equal(reg32(ep, EP_ROWS), 4);
	set32(ep, EP_ROW, 2);
	assert_int_equal(reg32(ep, EP_ROW_KIND), EP_KIND_MWR);
	assert_int_equal(reg32(ep, EP_ROW_TH), 1);
	assert_int_equal(reg32(ep, EP_ROW_WIDTH), 16);
	assert_int_equal(reg32(ep, EP_ROW_ST), 0x1234);
	assert_int_equal(reg32(ep, EP_ROW_PH), 1);
	assert_int_equal(reg64(ep, EP_ROW_TLPS), 1);
	assert_int_equal(reg64(ep, EP_ROW_BYTES), 128);
	set32(ep, EP_ROW, 3);
	assert_int_equal(reg32(ep, EP_ROW_KIND), EP_KIND_MRD);
	assert_int_equal(reg32(ep, EP_ROW_WIDTH), 8);
	set32(ep, EP_ROW, 0);
	assert_int_equal(reg32(ep, EP_ROW_WIDTH), 0);
	set32(ep, EP_ROW, 4);
	assert_int_equal(reg64(ep, EP_ROW_TLPS), 0);
	set32(ep, EP_ROW, 0xffffffff);
	assert_int_equal(reg64(ep, EP_ROW_BYTES), 0);
}

static void counters_outlive_reset_but_not_clear(void **ctx)
{
	struct state *state = *ctx;
	struct fab_device *ep = state->ep;

	send(state, true, 1024, (struct fab_tph){ 0 });
	set32(ep, EP_ROW, 7);
	put(ep, ep->pcie_cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(reg32(ep, EP_ROW), 0);
	assert_int_equal(reg64(ep, EP_MWR_TLPS), 8);
	set32(ep, EP_CLEAR, 0);
	assert_int_equal(reg64(ep, EP_MWR_TLPS), 0);
	assert_int_equal(reg32(ep, EP_ROWS), 0);
}

static void odd_accesses(void **ctx)
{
	struct state *state = *ctx;
	struct fab_device *ep = state->ep;
	uint8_t bytes[8];

	ep->ops->bar_read(ep, EP_REGS_BAR, EP_MAGIC + 1, bytes, 2);
	assert_int_equal(bytes[0], EP_MAGIC_VALUE >> 8 & 0xff);
	assert_int_equal(bytes[1], EP_MAGIC_VALUE >> 16 & 0xff);
	assert_int_equal(reg64(ep, EP_MAGIC), EP_MAGIC_VALUE | (uint64_t)EP_VERSION_VALUE << 32);
	assert_int_equal(reg32(ep, EP_MEMORY_SIZE + 4), EP_MIN_MEMORY >> 32);
	assert_int_equal(reg64(ep, EP_REGS_SIZE - 8), 0);
	set32(ep, EP_MAGIC, 0);
	assert_int_equal(reg32(ep, EP_MAGIC), EP_MAGIC_VALUE);
	set32(ep, EP_ROW, 3);
	ep->ops->bar_write(ep, EP_REGS_BAR, EP_ROW, "\0\0", 2);
	ep->ops->bar_write(ep, EP_REGS_BAR, EP_ROW + 2, "\0\0\0\0", 4);
	ep->ops->bar_write(ep, EP_REGS_BAR, EP_ROW, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(reg32(ep, EP_ROW), 3);
}

static void bad_sizes_are_refused(void **ctx)
{
	struct state *state = *ctx;
	const uint64_t sizes[] = { 0, EP_MIN_MEMORY / 2, 3 * EP_MIN_MEMORY, EP_MAX_MEMORY * 2,
				   UINT64_MAX };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct ep_opts opts = { .memory_size = sizes[i], .completer = FAB_TPH_EXT };

		assert_int_equal(ep_new(state->fabric, "bad", &opts), -EINVAL);
	}
	assert_null(fab_fabric_find(state->fabric, "bad"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(identity),
		TEST(counts_and_rows),
		TEST(counters_outlive_reset_but_not_clear),
		TEST(odd_accesses),
		TEST(bad_sizes_are_refused),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
