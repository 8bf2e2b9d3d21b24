// SPDX-License-Identifier: MIT
/* PCI functions from sysfs: lib/pci/pci.c, lib/pci/sysfs.c; whole and broken trees. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/core/internal.h"
#include "lib/pci/sysfs.h"
#include "lib/vfio/group.h"
#include "tests/unit/test.h"

#define DEV "sys/bus/pci/devices/" FAKE_BDF

static void bdf_parse_bad_forms(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"03:00",
		"03:00.",
		"03:00.8",
		"03:20.0",
		"003:00.0",
		"0000:03:00.0 ",
		" 03:00.0",
		"0000:03:00.00",
		"0000:03:00.0:",
		"123456789:03:00.0",
		"0000:03.00.0",
		"xyzw:03:00.0",
		"0000::00.0",
		"../../../etc/passwd",
		"-1:00.0",
		"0000:03:00.0\n",
		":03:00.0",
		"0000:0g:00.0",
	};
	char bdf[TPHBUF_BDF_MAX] = "untouched";
	size_t i;

	(void)state;
	for (i = 0; i < NR(bad); i++)
		if (tphbuf_bdf_parse(bad[i], bdf) != -EINVAL)
			fail_msg("'%s' is accepted", bad[i]);
	assert_string_equal(bdf, "untouched");
	assert_int_equal(tphbuf_bdf_parse(NULL, bdf), -EINVAL);
	assert_int_equal(tphbuf_bdf_parse("03:00.0", NULL), -EINVAL);
}

static void bdf_parse_normalises(void **state)
{
	static const char *const good[][2] = {
		{ "03:00.0", "0000:03:00.0" },	      { "3:0.1", "0000:03:00.1" },
		{ "0000:AB:1F.7", "0000:ab:1f.7" },   { "1:01:01.0", "0001:01:01.0" },
		{ "10000:e1:00.0", "10000:e1:00.0" }, { "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
	};
	char bdf[TPHBUF_BDF_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < NR(good); i++) {
		assert_int_equal(tphbuf_bdf_parse(good[i][0], bdf), 0);
		assert_string_equal(bdf, good[i][1]);
	}
}

static void read_bad_arguments(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_pci_read(NULL, FAKE_BDF, &info), -EINVAL);
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, NULL), -EINVAL);
	assert_int_equal(tphbuf_pci_read(f->ctx, "nonsense", &info), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "'nonsense'");
	assert_int_equal(tphbuf_pci_read(f->ctx, NULL, &info), -EINVAL);
	info.size = 0;
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), -EINVAL);
	assert_error_at(f->ctx, TPHBUF_STAGE_ARGUMENT, "size");
}

static void read_unknown_function_is_enodev(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_pci_read(f->ctx, "0000:99:00.0", &info), -ENODEV);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "0000:99:00.0");
}

/* Files without which a function cannot be described. */
static void read_missing_file_names_the_function(void **state)
{
	static const char *const files[] = {
		"vendor",
		"device",
		"class",
		"resource",
	};
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	char path[128];
	size_t i;

	for (i = 0; i < NR(files); i++) {
		fake_teardown();
		fake_setup();
		snprintf(path, sizeof(path), DEV "/%s", files[i]);
		fake_remove(path);
		assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), -ENOENT);
		assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, FAKE_BDF);
	}
}

/* The sysfs of a sandbox lacks them; the rest of the function is known. */
static void read_missing_config_is_unknown(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	fake_remove(DEV "/config");
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_UNKNOWN);
	assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
	assert_int_equal(info.command, UINT16_MAX);
	assert_string_equal(info.driver, "vfio-pci");
	assert_true(info.bar[2].flags & TPHBUF_BAR_PRESENT);
}

/* Links a function may not have. */
static void read_missing_links_are_answers(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	fake_remove(DEV "/driver");
	fake_remove(DEV "/iommu_group");
	fake_remove(DEV "/vfio-dev");
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), 0);
	assert_string_equal(info.driver, "");
	assert_string_equal(info.vfio, "");
	assert_string_equal(info.rdma, "");
	assert_int_equal(info.iommu_group, -1);
}

static void read_malformed_files(void **state)
{
	static const struct {
		const char *path;
		const char *text;
		int ret;
	} cases[] = {
		{ DEV "/vendor", "", -EINVAL },
		{ DEV "/vendor", "12q\n", -EINVAL },
		{ DEV "/class", "0x\n", -EINVAL },
		{ DEV "/device", "0x11111111111111111111111111111111111111111\n", -E2BIG },
	};
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(cases); i++) {
		fake_teardown();
		fake_setup();
		fake_text(cases[i].path, cases[i].text);
		assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), cases[i].ret);
	}
	fake_teardown();
	fake_setup();
	fake_link(DEV "/iommu_group", "../x/notanumber");
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), -EINVAL);
	fake_link(DEV "/iommu_group", "../x/99999999999");
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), -ERANGE);
}

/* A name that fits, and one that exceeds the field. */
static void read_long_names(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	char name[TPHBUF_NAME_MAX + 1], path[256];
	size_t len;

	for (len = TPHBUF_NAME_MAX - 1; len <= TPHBUF_NAME_MAX; len++) {
		memset(name, 'x', len);
		memcpy(name, "vfio", 4);
		name[len] = '\0';
		fake_remove(DEV "/vfio-dev");
		snprintf(path, sizeof(path), DEV "/vfio-dev/%s", name);
		fake_mkdir(path);
		fake_mkdir(DEV "/infiniband");
		fake_remove(DEV "/infiniband");
		snprintf(path, sizeof(path), DEV "/infiniband/%s", name);
		fake_mkdir(path);
		snprintf(path, sizeof(path), "../%s", name);
		fake_link(DEV "/driver", path);
		assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), 0);
		if (len == TPHBUF_NAME_MAX)
			name[0] = '\0';
		assert_string_equal(info.driver, name);
		assert_string_equal(info.vfio, name);
		assert_string_equal(info.rdma, name);
		assert_int_equal(info.vendor, 0x1af4);
	}
}

/* Hidden addresses, odd lines, missing lines: no BAR, but an answer. */
static void read_strange_resources(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"garbage\n",
		"0x1\n0x1 0x2\n",
		"0x2000 0x1000 0x200\n",
		"0x0 0x0 0x0\n",
	};
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < NR(texts); i++) {
		fake_text(DEV "/resource", texts[i]);
		assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), 0);
		assert_int_equal(info.bar[0].flags, 0);
		assert_int_equal(info.bar[0].size, 0);
	}
}

static void read_describes_the_function(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_pci_read(f->ctx, "03:00.0", &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_string_equal(info.bdf, FAKE_BDF);
	assert_string_equal(info.driver, "vfio-pci");
	assert_string_equal(info.vfio, "vfio0");
	assert_int_equal(info.iommu_group, 12);
	assert_int_equal(info.vendor, 0x1af4);
	assert_int_equal(info.device, 0x1110);
	assert_int_equal(info.class_code, 0x050000);
	assert_int_equal(info.completer, TPHBUF_TPH_ST_EXT);
	assert_int_equal(info.requester, TPHBUF_TPH_ST_EXT);
	assert_int_equal(info.requester_enabled, TPHBUF_TPH_ST);
	assert_int_equal(info.st_table, TPHBUF_ST_TABLE_CAP);
	assert_int_equal(info.st_entries, 64);
	assert_int_equal(info.bar[0].size, 4096);
	assert_int_equal(info.bar[1].flags, TPHBUF_BAR_PRESENT | TPHBUF_BAR_IO);
	assert_int_equal(info.bar[2].size, FAKE_BAR2_SIZE);
	assert_int_equal(info.bar[2].addr, 0xf8000000);
	assert_int_equal(info.bar[2].flags,
			 TPHBUF_BAR_PRESENT | TPHBUF_BAR_64BIT | TPHBUF_BAR_PREFETCH);
	assert_int_equal(info.bar[3].flags, 0);
}

static void read_unprivileged_is_unknown(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;

	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_NIC_BDF, &info), 0);
	assert_string_equal(info.rdma, "mlx5_0");
	assert_int_equal(info.completer, TPHBUF_TPH_UNKNOWN);
	assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
}

static void read_dead_function_is_an_answer(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	unsigned char ones[4096];

	memset(ones, 0xff, sizeof(ones));
	fake_write(DEV "/config", ones, sizeof(ones));
	assert_int_equal(tphbuf_pci_read(f->ctx, FAKE_BDF, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_UNKNOWN);
}

static void list_is_sorted_and_skips_strangers(void **state)
{
	struct fixture *f = *state;
	char(*bdfs)[TPHBUF_BDF_MAX];
	size_t n;

	fake_mkdir("sys/bus/pci/devices/0000:00:1f.2");
	assert_int_equal(tphbuf_pci_list(f->ctx, &bdfs, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(bdfs[0], "0000:00:1f.2");
	assert_string_equal(bdfs[1], FAKE_BDF);
	assert_string_equal(bdfs[2], FAKE_NIC_BDF);
	tphbuf_pci_list_free(bdfs);
	tphbuf_pci_list_free(NULL);
}

static void list_bad_arguments_and_no_sysfs(void **state)
{
	struct fixture *f = *state;
	char(*bdfs)[TPHBUF_BDF_MAX];
	size_t n;

	assert_int_equal(tphbuf_pci_list(NULL, &bdfs, &n), -EINVAL);
	assert_int_equal(tphbuf_pci_list(f->ctx, NULL, &n), -EINVAL);
	assert_int_equal(tphbuf_pci_list(f->ctx, &bdfs, NULL), -EINVAL);
	fake_remove("sys/bus/pci");
	assert_int_equal(tphbuf_pci_list(f->ctx, &bdfs, &n), -ENOENT);
	assert_error_at(f->ctx, TPHBUF_STAGE_LOOKUP, "devices");
}

static void list_many_functions(void **state)
{
	struct fixture *f = *state;
	char(*bdfs)[TPHBUF_BDF_MAX];
	char path[64];
	size_t n;
	int i;

	for (i = 0; i < 256; i++) {
		snprintf(path, sizeof(path), "sys/bus/pci/devices/0001:%02x:00.0", i);
		fake_mkdir(path);
	}
	assert_int_equal(tphbuf_pci_list(f->ctx, &bdfs, &n), 0);
	assert_int_equal(n, 258);
	tphbuf_pci_list_free(bdfs);
}

static void other_root_is_read(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts) };
	char root[4096], deep[5000], bdf[TPHBUF_BDF_MAX];
	struct tphbuf_ctx *ctx;

	(void)state;
	snprintf(root, sizeof(root), "%s", fake_path("sys"));
	opts.sysfs_root = root;
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	assert_int_equal(tphbuf_pci_read(ctx, FAKE_BDF, &info), 0);
	tphbuf_ctx_free(ctx);

	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	opts.sysfs_root = deep;
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	assert_int_equal(tphbuf_pci_read(ctx, FAKE_BDF, &info), -ENAMETOOLONG);
	tphbuf_ctx_free(ctx);

	opts.sysfs_root = root;
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	assert_int_equal(tphbuf_pci_find(ctx, deep, bdf), -ENAMETOOLONG);
	tphbuf_ctx_free(ctx);
}

/* A tree whose path is len bytes long and has nothing in it. */
static struct tphbuf_ctx *ctx_below(size_t len)
{
	char root[PATH_MAX + 1];
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts), .sysfs_root = root, .proc_root = root };
	struct tphbuf_ctx *ctx;
	size_t i;

	assert_true(len < sizeof(root));
	for (i = 0; i < len; i++)
		root[i] = i % 2 ? '.' : '/';
	root[len] = '\0';
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	return ctx;
}

static int below_read(struct tphbuf_ctx *ctx)
{
	char text[8];

	return sysfs_read(ctx, FAKE_BDF, "vendor", text, sizeof(text));
}

static int below_device(struct tphbuf_ctx *ctx)
{
	char target[64];

	return sysfs_device_path(ctx, FAKE_BDF, target, sizeof(target));
}

static int below_rdma(struct tphbuf_ctx *ctx)
{
	char bdf[TPHBUF_BDF_MAX];

	return sysfs_rdma_bdf(ctx, "mlx5_0", bdf);
}

static int below_group(struct tphbuf_ctx *ctx)
{
	struct tphbuf_device dev = { .ctx = ctx, .bdf = FAKE_BDF };
	char text[64];

	return group_blockers(&dev, text, sizeof(text));
}

static int below_proc(struct tphbuf_ctx *ctx)
{
	char text[8];

	return ctx_read_proc(ctx, "cpuinfo", text, sizeof(text));
}

/* A path is never cut to one that the kernel takes. */
static void paths_that_are_too_long(void **state)
{
	static const struct {
		int (*call)(struct tphbuf_ctx *ctx);
		const char *below;
		int absent;
	} rows[] = {
		{ below_read, "/bus/pci/devices/" FAKE_BDF "/vendor", -ENOENT },
		{ below_device, "/bus/pci/devices/" FAKE_BDF, -ENODEV },
		{ below_rdma, "/class/infiniband/mlx5_0/device", -ENODEV },
		{ below_group, "/bus/pci/devices/" FAKE_BDF "/iommu_group/devices", -ENOENT },
		{ below_proc, "/cpuinfo", -ENOENT },
	};
	size_t i, more;

	(void)state;
	for (i = 0; i < NR(rows); i++) {
		for (more = 0; more < 3; more++) {
			struct tphbuf_ctx *ctx =
				ctx_below(PATH_MAX - 1 - strlen(rows[i].below) + more);

			assert_int_equal(rows[i].call(ctx), more ? -ENAMETOOLONG : rows[i].absent);
			tphbuf_ctx_free(ctx);
		}
	}
}

/* rxe10, with the path of rxe1 and one byte more than a path has */
static void no_name_is_cut_to_another(void **state)
{
	static const char below[] = "/class/infiniband/rxe10";
	char root[PATH_MAX + 1];
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts), .sysfs_root = root };
	struct tphbuf_ctx *ctx;
	size_t used;

	(void)state;
	fake_mkdir("sys/class/infiniband/rxe1");
	used = (size_t)snprintf(root, sizeof(root), "%s", fake_path("sys"));
	while (used < PATH_MAX - strlen(below))
		root[used++] = '/';
	root[used] = '\0';
	assert_int_equal(tphbuf_ctx_new(&opts, &ctx), 0);
	assert_true(sysfs_rdma_exists(ctx, "rxe1"));
	assert_false(sysfs_rdma_exists(ctx, "rxe10"));
	tphbuf_ctx_free(ctx);
}

/* A link whose target just fits into the caller's buffer may have been cut. */
static void link_that_fills_the_buffer(void **state)
{
	static const char other[] = "0000:77:00.0",
			  target[] = "../../../devices/pci0000:00/0000:77:00.0";
	const size_t len = strlen(target);
	struct fixture *f = *state;
	char text[64];

	assert_int_equal(symlink(target, fake_path("sys/bus/pci/devices/%s", other)), 0);
	assert_int_equal(sysfs_device_path(f->ctx, other, text, len + 2), 0);
	assert_string_equal(text, target);
	assert_int_equal(sysfs_device_path(f->ctx, other, text, len + 1), -ENAMETOOLONG);
	assert_int_equal(sysfs_device_path(f->ctx, other, text, len), -ENAMETOOLONG);
}

static void an_empty_file_is_an_empty_text(void **state)
{
	struct fixture *f = *state;
	char text[8] = "before";

	fake_text(DEV "/vendor", "");
	assert_int_equal(sysfs_read(f->ctx, FAKE_BDF, "vendor", text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

/* Of a program without standard input: files of sysfs have descriptor 0. */
static void files_with_descriptor_0(void **state)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	int kept = dup(STDIN_FILENO), ret;

	close(STDIN_FILENO);
	errno = EIO;
	ret = tphbuf_pci_read(f->ctx, FAKE_BDF, &info);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	close(kept);
	assert_int_equal(ret, 0);
	assert_int_equal(info.vendor, 0x1af4);
	assert_int_equal(info.completer, TPHBUF_TPH_ST_EXT);
}

static int op_read(struct fixture *f)
{
	struct tphbuf_pci_info info = { .size = sizeof(info) };

	return tphbuf_pci_read(f->ctx, FAKE_BDF, &info);
}

static int op_list(struct fixture *f)
{
	char(*bdfs)[TPHBUF_BDF_MAX];
	size_t n;
	int ret = tphbuf_pci_list(f->ctx, &bdfs, &n);

	if (!ret)
		tphbuf_pci_list_free(bdfs);
	return ret;
}

static void every_failing_call_is_reported(void **state)
{
	sweep_faults(*state, op_read);
	sweep_faults(*state, op_list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bdf_parse_bad_forms),
		cmocka_unit_test(bdf_parse_normalises),
		TEST(read_bad_arguments, ctx),
		TEST(read_unknown_function_is_enodev, ctx),
		TEST(read_missing_file_names_the_function, ctx),
		TEST(read_missing_config_is_unknown, ctx),
		TEST(read_missing_links_are_answers, ctx),
		TEST(read_malformed_files, ctx),
		TEST(read_long_names, ctx),
		TEST(read_strange_resources, ctx),
		TEST(read_describes_the_function, ctx),
		TEST(read_unprivileged_is_unknown, ctx),
		TEST(read_dead_function_is_an_answer, ctx),
		TEST(list_is_sorted_and_skips_strangers, ctx),
		TEST(list_bad_arguments_and_no_sysfs, ctx),
		TEST(list_many_functions, ctx),
		TEST(other_root_is_read, ctx),
		cmocka_unit_test(paths_that_are_too_long),
		TEST(no_name_is_cut_to_another, ctx),
		TEST(link_that_fills_the_buffer, ctx),
		TEST(an_empty_file_is_an_empty_text, ctx),
		TEST(files_with_descriptor_0, ctx),
		TEST(every_failing_call_is_reported, ctx),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
