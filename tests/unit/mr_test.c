// SPDX-License-Identifier: MIT
/* Memory regions over buffers: lib/verbs/mr.c. */
#include <linux/vfio.h>
#include <netlink/errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_verbs.h>

#include <tphbuf/mr.h>

#include "tests/mock/drm.h"
#include "tests/mock/machine.h"
#include "tests/mock/verbs.h"
#include "tests/unit/mr_rig.h"

/* Each call on this path is a cost on top of plain verbs. */
static void a_region_costs_one_allocation(void **state)
{
	struct fixture *f = *state;
	unsigned int verbs;
	struct tphbuf_mr *mr;
	struct ibv_mr *ibv;

	fault_arm(100);
	ibv = ibv_reg_dmabuf_mr(fake_pd(), 0, LENGTH, 0, tphbuf_buffer_fd(f->buf),
				IBV_ACCESS_LOCAL_WRITE);
	assert_int_equal(ibv_dereg_mr(ibv), 0);
	verbs = fault_calls();
	fault_arm(100);
	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
	assert_int_equal(fault_calls(), verbs + 1);
	fault_disarm();
}

static void register_bad_arguments(void **state)
{
	static const struct {
		struct tphbuf_mr_opts o;
		const char *part;
	} cases[] = {
		{ { .flags = 0x80 }, "unknown flags 0x80" },
		{ { .offset = LENGTH }, "after the end" },
		{ { .offset = UINT64_MAX }, "after the end" },
		{ { .length = LENGTH + 1 }, "after the end" },
		{ { .offset = 1, .length = LENGTH }, "after the end" },
		{ { .offset = 1, .length = UINT64_MAX }, "after the end" },
		{ { .flags = TPHBUF_MR_IOVA, .iova = 0x1001 }, "use 0x1000," },
		{ { .flags = TPHBUF_MR_IOVA, .iova = 0x5000, .offset = 0x10 }, "use 0x5010," },
		{ { .flags = TPHBUF_MR_IOVA, .iova = ~0xfffull }, "wraps" },
		{ { .access = IBV_ACCESS_ON_DEMAND }, "access 0x40" },
		{ { .access = IBV_ACCESS_REMOTE_WRITE }, "LOCAL_WRITE" },
		{ { .access = IBV_ACCESS_REMOTE_ATOMIC }, "LOCAL_WRITE" },
		{ { .access = -1 }, "access 0xffffffff" },
	};
	struct tphbuf_mr_opts unset = { 0 };
	struct fixture *f = *state;
	struct tphbuf_mr *mr = NULL;
	size_t i;

	assert_int_equal(tphbuf_mr_register(NULL, fake_pd(), NULL, &mr), -EINVAL);
	assert_int_equal(tphbuf_mr_register(f->buf, NULL, NULL, &mr), -EINVAL);
	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, NULL), -EINVAL);
	assert_int_equal(try_register(f, &unset), -EINVAL);
	for (i = 0; i < NR(cases); i++) {
		struct tphbuf_mr_opts opts = cases[i].o;

		opts.size = sizeof(opts);
		assert_int_equal(try_register(f, &opts), -EINVAL);
		assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, cases[i].part);
	}
	assert_int_equal(fake_verbs.length, 0);
}

static void register_errors_name_both_devices(void **state)
{
	static const struct {
		int err;
		const char *part;
	} cases[] = {
		{ EINVAL, "p2pdma refused the route" },
		{ EOPNOTSUPP, "cannot import" },
		{ ENODEV, "revoked" },
		{ EBADF, "closed" },
		{ EAGAIN, "kept changing" },
		{ EAGAIN, "hca_object" },
		{ ENOMEM, "memory" },
		{ EPROTONOSUPPORT, "Linux 5.12" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_verbs.reg_errno = cases[i].err;
		assert_int_equal(try_register(f, NULL), -cases[i].err);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, cases[i].part);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER,
				FAKE_BDF " BAR2 with mlx5_0 (" FAKE_NIC_BDF ")");
	}
	/* The address of the NIC is optional: the message is complete without it. */
	fake_remove("sys/class/infiniband");
	assert_int_equal(try_register(f, NULL), -EPROTONOSUPPORT);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "with mlx5_0: ");
}

static void register_passes_offset_length_iova(void **state)
{
	struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.offset = 0x1234,
		.access = 1,
	};
	struct fixture *f = *state;
	struct tphbuf_mr *mr;

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	assert_int_equal(fake_verbs.offset, 0);
	assert_int_equal(fake_verbs.length, LENGTH);
	assert_int_equal(fake_verbs.iova, 0);
	assert_int_equal(fake_verbs.fd, tphbuf_buffer_fd(f->buf));
	assert_int_equal(fake_verbs.access,
			 IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ);
	assert_int_equal(tphbuf_mr_ibv(mr)->lkey, FAKE_LKEY);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), &opts, &mr), 0);
	assert_int_equal(fake_verbs.offset, 0x1234);
	assert_int_equal(fake_verbs.length, LENGTH - 0x1234);
	assert_int_equal(fake_verbs.iova, 0x1234);
	assert_int_equal(fake_verbs.access, 1);
	assert_int_equal(tphbuf_mr_iova(mr), 0x1234);
	assert_int_equal(tphbuf_mr_length(mr), LENGTH - 0x1234);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);

	opts.flags = TPHBUF_MR_IOVA;
	opts.iova = 0x7000000234;
	opts.length = 16;
	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), &opts, &mr), 0);
	assert_true(fake_verbs.iova == 0x7000000234);
	assert_int_equal(fake_verbs.length, 16);
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
}

/* The last byte may have the last address, but not exceed it. */
static void a_region_may_end_with_the_address_space(void **state)
{
	struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.flags = TPHBUF_MR_IOVA,
		.iova = UINT64_MAX - 0xfff,
		.length = 0x1000,
	};
	struct fixture *f = *state;

	assert_int_equal(try_register(f, &opts), 0);
	assert_true(fake_verbs.iova == UINT64_MAX - 0xfff);
	opts.length = 0x1001;
	assert_int_equal(try_register(f, &opts), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "wraps around 64 bits");
}

static void data_direct_goes_through_mlx5dv(void **state)
{
	struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.flags = TPHBUF_MR_DATA_DIRECT,
		.offset = 0x1000,
	};
	struct fixture *f = *state;

	assert_int_equal(try_register(f, &opts), 0);
	assert_int_equal(fake_verbs.by, BY_DATA_DIRECT);
	assert_int_equal(fake_verbs.mlx5_access, 1);
	assert_int_equal(fake_verbs.offset, 0x1000);
	assert_int_equal(fake_verbs.iova, 0x1000);
	fake_verbs.reg_errno = EOPNOTSUPP;
	assert_int_equal(try_register(f, &opts), -EOPNOTSUPP);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "data direct pins");
	fake_verbs.reg_errno = EINVAL;
	assert_int_equal(try_register(f, &opts), -EINVAL);
	fake_verbs.reg_errno = 0;
	fake_drm.no_symbol = "mlx5dv_reg_dmabuf_mr";
	assert_int_equal(try_register(f, &opts), -ELIBACC);
	fake_verbs.no_mlx5 = true;
	assert_int_equal(try_register(f, &opts), -ELIBACC);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "install the provider");
	assert_int_equal(fake_drm.live_libraries, 0);
}

static void a_dma_handle_goes_through_reg_mr_ex(void **state)
{
	struct tphbuf_mr_opts opts = {
		.size = sizeof(opts),
		.offset = 0x2000,
		.length = 0x3000,
		.dmah = (struct ibv_dmah *)&opts,
	};
	struct fixture *f = *state;

	assert_int_equal(try_register(f, &opts), 0);
	assert_int_equal(fake_verbs.by, BY_REG_MR_EX);
	assert_ptr_equal(fake_verbs.dmah, opts.dmah);
	assert_int_equal(fake_verbs.offset, 0x2000);
	assert_int_equal(fake_verbs.length, 0x3000);
	assert_int_equal(fake_verbs.iova, 0x2000);
	assert_int_equal(fake_verbs.fd, tphbuf_buffer_fd(f->buf));
	fake_verbs.reg_errno = EOPNOTSUPP;
	assert_int_equal(try_register(f, &opts), -EOPNOTSUPP);
	fake_verbs.reg_errno = 0;
	/* The hint of the handle replaces the tag. */
	opts.flags = TPHBUF_MR_REQUIRE;
	assert_int_equal(try_register(f, &opts), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "DMA handle");
	opts.flags = TPHBUF_MR_DATA_DIRECT;
	assert_int_equal(try_register(f, &opts), -EINVAL);
	opts.flags = 0;
	fake_drm.no_symbol = "ibv_reg_mr_ex";
	assert_int_equal(try_register(f, &opts), -ELIBACC);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "version 60");
}

static void completions_are_explained(void **state)
{
	int status;

	(void)state;
	for (status = -2; status < 40; status++)
		assert_true(strlen(tphbuf_explain_wc(status)) > 10);
	assert_non_null(strstr(tphbuf_explain_wc(IBV_WC_REM_ACCESS_ERR), "revoked"));
	assert_non_null(strstr(tphbuf_explain_wc(IBV_WC_LOC_PROT_ERR), "revoked"));
	assert_non_null(strstr(tphbuf_explain_wc(IBV_WC_WR_FLUSH_ERR), "first completion"));
	assert_ptr_equal(tphbuf_explain_wc(-1), tphbuf_explain_wc(1000));
}

static void a_registry_keeps_regions(void **state)
{
	struct tphbuf_mr_opts template = {
		.size = sizeof(template),
		.flags = TPHBUF_MR_REQUIRE,
	};
	struct tphbuf_registry_opts opts = {
		.size = sizeof(opts),
		.arg = &template,
		.ops = tphbuf_mr_registry_ops(),
	};
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg;
	char text[400];

	assert_null(tphbuf_registration_mr(NULL));
	assert_int_equal(tphbuf_buffer_tag_set(f->buf, &tag_both), 0);
	assert_int_equal(tphbuf_registry_new(f->ctx, &opts, &reg), 0);
	fake_verbs.tph = tph_st;
	assert_int_equal(tphbuf_registry_get(reg, fake_pd(), f->buf, 0x1800, 8,
					     IBV_ACCESS_LOCAL_WRITE, &region),
			 0);
	assert_int_equal(fake_verbs.offset, 0x1000);
	assert_int_equal(fake_verbs.length, 0x1000);
	assert_int_equal(fake_verbs.access, IBV_ACCESS_LOCAL_WRITE);
	assert_int_equal(tphbuf_mr_iova(tphbuf_registration_mr(region)), 0x1000);
	tphbuf_registration_put(region);
	/* The tag of the buffer is required, not just any. */
	fake_dmabuf_tag()->st = 0x11;
	assert_int_equal(tphbuf_registry_invalidate(reg, NULL), 1);
	assert_int_equal(tphbuf_registry_get(reg, fake_pd(), f->buf, 0, 8, 0, &region), -EAGAIN);
	tphbuf_registry_error(reg, text, sizeof(text));
	assert_non_null(strstr(text, "applies st=0x5a"));
	/* No tag at all. */
	fake_dmabuf_tag()->flags = 0;
	fake_verbs.tph.state = IB_UVERBS_MR_TPH_UNTAGGED;
	assert_int_equal(tphbuf_registry_get(reg, fake_pd(), f->buf, 0, 8, 0, &region), -ENODATA);
	fake_verbs.reg_errno = EOPNOTSUPP;
	assert_int_equal(tphbuf_registry_get(reg, fake_pd(), f->buf, 0, 8, 0, &region), -EOPNOTSUPP);
	assert_int_equal(tphbuf_registry_free(reg), 0);
}

/* The options of a program that was built with an older library. */
static void a_registry_takes_short_options(void **state)
{
	const size_t size = offsetof(struct tphbuf_mr_opts, flags) + sizeof(uint32_t);
	void *short_opts = calloc(1, size);
	struct tphbuf_registry_opts opts = {
		.size = sizeof(opts),
		.arg = short_opts,
		.ops = tphbuf_mr_registry_ops(),
	};
	struct tphbuf_registration *region = NULL;
	struct fixture *f = *state;
	struct tphbuf_registry *reg;

	assert_int_equal(tphbuf_registry_new(f->ctx, &opts, &reg), 0);
	assert_int_equal(tphbuf_registry_get(reg, fake_pd(), f->buf, 0, 8, 0, &region), -EINVAL);
	memcpy(short_opts, &size, sizeof(size));
	assert_int_equal(tphbuf_registry_get(reg, fake_pd(), f->buf, 0, 8, 0, &region), 0);
	tphbuf_registration_put(region);
	assert_int_equal(tphbuf_registry_free(reg), 0);
	free(short_opts);
}

/* The two functions under root ports of an unknown host bridge. */
static void refused_route_is_explained(void **state)
{
	static const struct machine_fn fns[] = {
		{ .path = "pci0000:00/0000:00:00.0",
		  .vendor = 0x8086,
		  .device = 0x29c0,
		  .type = 9,
		  .acs = MACHINE_NO_ACS },
		{ .path = "pci0000:00/0000:00:01.0",
		  .vendor = 0x8086,
		  .device = 1,
		  .type = 4,
		  .acs = MACHINE_NO_ACS },
		{ .path = "pci0000:00/0000:00:02.0",
		  .vendor = 0x8086,
		  .device = 1,
		  .type = 4,
		  .acs = MACHINE_NO_ACS },
		{ .path = "pci0000:00/0000:00:01.0/" FAKE_BDF,
		  .vendor = 0x1234,
		  .device = 1,
		  .acs = MACHINE_NO_ACS },
		{ .path = "pci0000:00/0000:00:02.0/" FAKE_NIC_BDF,
		  .vendor = 0x15b3,
		  .device = 1,
		  .acs = MACHINE_NO_ACS,
		  .rdma = "mlx5_0" },
		{ 0 },
	};
	static const int errors[] = { EINVAL, EREMOTEIO };
	struct fixture *f = *state;
	size_t i;

	machine_build(fns);
	for (i = 0; i < NR(errors); i++) {
		fake_verbs.reg_errno = errors[i];
		assert_int_equal(try_register(f, NULL), -errors[i]);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER,
				"p2pdma refuses the route between " FAKE_BDF
				" and mlx5_0, because they share no bridge");
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER,
				"the kernel keeps the route of the first attach");
	}
	/* A different errno has a different reason. */
	fake_verbs.reg_errno = ENOMEM;
	try_register(f, NULL);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "memory keys");
	/* The registers show a route now; the kernel may have recorded another one. */
	fake_text("proc/cpuinfo", "vendor_id\t: AuthenticAMD\ncpu family\t: 25\n");
	for (i = 0; i < NR(errors); i++) {
		fake_verbs.reg_errno = errors[i];
		assert_int_equal(try_register(f, NULL), -errors[i]);
		assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER,
				"bind " FAKE_BDF " to its driver again");
	}
	/* EREMOTEIO has no other reason, EINVAL may have one. */
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "p2pdma refuses the route between");
	fake_verbs.reg_errno = EINVAL;
	try_register(f, NULL);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "see dmesg");
}

static void deregister_failure_keeps_the_region(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_mr *mr;

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	fake_verbs.dereg_errno = EBUSY;
	assert_int_equal(tphbuf_mr_deregister(mr), -EBUSY);
	assert_error_at(f->ctx, TPHBUF_STAGE_REGISTER, "memory window");
	assert_int_equal(fake_verbs.live_mrs, 1);
	fake_verbs.dereg_errno = 0;
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
}

static void region_holds_a_reference_to_its_buffer(void **state)
{
	struct fixture *f = *state;
	struct tphbuf_mr *mr;

	assert_int_equal(tphbuf_mr_register(f->buf, fake_pd(), NULL, &mr), 0);
	tphbuf_buffer_close(f->buf);
	f->buf = NULL;
	tphbuf_device_close(f->dev);
	f->dev = NULL;
	assert_int_equal(tphbuf_mr_deregister(mr), 0);
}

static void null_region_is_harmless(void **state)
{
	struct tphbuf_applied a = { .size = sizeof(a) };
	struct fixture *f = *state;
	struct ibv_mr ibv = { .context = fake_pd()->context, .handle = FAKE_HANDLE };

	assert_int_equal(tphbuf_mr_deregister(NULL), 0);
	assert_null(tphbuf_mr_ibv(NULL));
	assert_int_equal(tphbuf_mr_iova(NULL), 0);
	assert_int_equal(tphbuf_mr_length(NULL), 0);
	assert_int_equal(tphbuf_mr_applied(NULL, &a), -EINVAL);
	assert_int_equal(tphbuf_ibv_applied(NULL, &ibv, &a), -EINVAL);
	assert_int_equal(tphbuf_ibv_applied(f->ctx, NULL, &a), -EINVAL);
	assert_int_equal(tphbuf_ibv_applied(f->ctx, &ibv, NULL), -EINVAL);
	a.size = 0;
	assert_int_equal(tphbuf_ibv_applied(f->ctx, &ibv, &a), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "tphbuf_applied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MR_TEST(a_region_costs_one_allocation),
		MR_TEST(register_bad_arguments),
		MR_TEST(register_errors_name_both_devices),
		MR_TEST(register_passes_offset_length_iova),
		MR_TEST(a_region_may_end_with_the_address_space),
		MR_TEST(data_direct_goes_through_mlx5dv),
		MR_TEST(a_dma_handle_goes_through_reg_mr_ex),
		MR_TEST(completions_are_explained),
		MR_TEST(a_registry_keeps_regions),
		MR_TEST(a_registry_takes_short_options),
		MR_TEST(refused_route_is_explained),
		MR_TEST(deregister_failure_keeps_the_region),
		MR_TEST(region_holds_a_reference_to_its_buffer),
		MR_TEST(null_region_is_harmless),
	};

	return cmocka_run_group_tests_name("mr", tests, NULL, NULL);
}
