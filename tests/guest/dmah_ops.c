// SPDX-License-Identifier: MIT
/*
 * dmah_ops TEST BDF NIC PEER ext|8bit: registration of a dma-buf with a DMA handle. The exporter
 * decides: a handle that names a CPU, and thus a tag, is refused; of a handle with a hint only,
 * the buffer's tag takes precedence.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"
#include "tests/guest/foreign.h"
#include "tests/guest/uverbs.h"

#define LENGTH MiB

static const struct tphbuf_range range = { 0, LENGTH };

/* An exported buffer, not registered. */
static void buffer_open(struct rig *rig, struct target *target, const char *tag_text)
{
	struct tphbuf_tag tag = tag_of(tag_text);

	target_open(rig, target, &range, 1, "none");
	ok(rig, tphbuf_mr_deregister(target->mr), "deregister");
	target->mr = NULL;
	ok(rig, tphbuf_buffer_tag_set(target->buf, &tag), "set");
}

static uint32_t handle_open(struct rig *rig, bool cpu, uint8_t ph)
{
	const struct uverbs_dmah_opts opts = { .has_cpu = cpu, .has_ph = true, .ph = ph };
	uint32_t handle = 0;
	int ret = uverbs_dmah_alloc(rig->bar_port.ctx, &opts, &handle);

	require(!ret, "DMA handle %s CPU: %s", cpu ? "with" : "without", strerror(-ret));
	return handle;
}

static void handle_close(struct rig *rig, uint32_t handle)
{
	int ret = uverbs_dmah_free(rig->bar_port.ctx, handle);

	require(!ret, "freeing the DMA handle: %s", strerror(-ret));
}

static int reg(struct rig *rig, struct target *target, uint32_t handle, struct uverbs_mr *mr)
{
	return uverbs_reg_dmabuf(rig->bar_port.pd, tphbuf_buffer_fd(target->buf), LENGTH, REMOTE,
				 handle, mr);
}

static void reg_ok(struct rig *rig, struct target *target, uint32_t handle, struct uverbs_mr *mr)
{
	int ret = reg(rig, target, handle, mr);

	require(!ret, "registration with the handle: %s", strerror(-ret));
}

static void dereg(struct rig *rig, const struct uverbs_mr *mr)
{
	int ret = uverbs_dereg(rig->bar_port.ctx, mr);

	require(!ret, "deregistration: %s", strerror(-ret));
}

static void write_ok(struct rig *rig, struct target *target, const struct uverbs_mr *mr,
		     uint32_t seed)
{
	fill(rig->host.addr, 5000, seed);
	transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
	compare("BAR", target->cpu, 5000, seed, 0);
}

static struct uverbs_tph tph_raw(struct rig *rig, const struct uverbs_mr *mr)
{
	struct uverbs_tph tph;
	int ret = uverbs_query_tph(rig->bar_port.ctx, mr->handle, &tph);

	require(!ret, "QUERY_MR: %s", strerror(-ret));
	return tph;
}

static void expect_tph(struct rig *rig, const struct uverbs_mr *mr, uint32_t state)
{
	require(tph_raw(rig, mr).state == state, "state %u instead of %u", tph_raw(rig, mr).state,
		state);
}

/*
 * Memory of a device that defines the meaning of its tags: the tag of a CPU is wrong there,
 * whether the buffer is tagged or not.
 */
static void test_cpu_on_untagged(struct rig *rig)
{
	uint32_t handle = handle_open(rig, true, 3);
	struct target target;
	struct uverbs_mr mr;
	int ret;

	buffer_open(rig, &target, "none");
	ret = reg(rig, &target, handle, &mr);
	require(ret == -EINVAL, "untagged, with a handle that names a CPU: %d", ret);
	handle_close(rig, handle);
	target_close(rig, &target);
}

/*
 * The path that exists without this series: a CPU's tag in requests to host memory, here of
 * another exporter.
 */
static void test_cpu_on_foreign(struct rig *rig)
{
	uint32_t handle = handle_open(rig, true, 3);
	int memfd = foreign_memfd(LENGTH), fd = foreign_udmabuf(memfd, LENGTH), ret;
	struct uverbs_mr mr;

	ret = uverbs_reg_dmabuf(rig->bar_port.pd, fd, LENGTH, REMOTE, handle, &mr);
	require(!ret, "registration with the handle: %s", strerror(-ret));
	expect_tph(rig, &mr, IB_UVERBS_MR_TPH_DMAH);
	transfer_to(rig, 0, mr.rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
	ret = uverbs_dmah_free(rig->bar_port.ctx, handle);
	require(ret == -EBUSY, "freeing the handle of a live MR: %d", ret);
	dereg(rig, &mr);
	handle_close(rig, handle);
	close(fd);
	close(memfd);
}

/*
 * Host memory with the tag of CPU 1 for persistent memory, 5000 bytes. No other test uses that tag: the boot
 * compares the bytes with those that the NIC has sent to host memory.
 */
static void test_cpu_on_host_memory(struct rig *rig)
{
	const struct uverbs_dmah_opts opts = {
		.has_cpu = true, .cpu = 1, .persistent = true, .has_ph = true, .ph = 3
	};
	uint32_t handle = 0;
	struct uverbs_mr mr;
	uint8_t *to;
	int ret;

	require(!posix_memalign((void **)&to, 4096, 8192), "memory");
	memset(to, 0, 8192);
	ret = uverbs_dmah_alloc(rig->bar_port.ctx, &opts, &handle);
	require(!ret, "DMA handle: %s", strerror(-ret));
	ret = uverbs_reg_addr(rig->bar_port.pd, to, 8192, REMOTE, handle, &mr);
	require(!ret, "registration with the handle: %s", strerror(-ret));
	expect_tph(rig, &mr, IB_UVERBS_MR_TPH_NOT_DMABUF);
	fill(rig->host.addr, 5000, 9);
	transfer_to(rig, (uintptr_t)to, mr.rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_ok(&rig->host_side, IBV_WC_RDMA_WRITE);
	compare("host memory", to, 5000, 9, 0);
	dereg(rig, &mr);
	handle_close(rig, handle);
	free(to);
}

/* In each namespace, the one that the NIC sends and the other; a refused registration leaks nothing. */
static void test_cpu_on_tagged(struct rig *rig)
{
	static const char *const tags[] = { "st=0x5a,ph=1", "xst=0x1234,ph=1",
					    "st=0x5a,xst=0x1234,ph=1", "st=0,xst=0,ph=0" };
	uint32_t handle = handle_open(rig, true, 3);
	struct tphbuf_tag tag;
	struct target target;
	struct uverbs_mr mr;

	buffer_open(rig, &target, "none");
	for (size_t i = 0; i < ARRAY(tags) * 20; i++) {
		int ret;

		tag = tag_of(tags[i % ARRAY(tags)]);
		ok(rig, tphbuf_buffer_tag_set(target.buf, &tag), "set");
		ret = reg(rig, &target, handle, &mr);
		require(ret == -EINVAL, "%s with a handle that names a CPU: %d",
			tags[i % ARRAY(tags)], ret);
	}
	handle_close(rig, handle);
	target_close(rig, &target);
}

static void revoke_and_set(struct rig *rig, const struct uverbs_mr *mr, const char *tag_text,
			   struct target *target)
{
	struct tphbuf_tag tag = tag_of(tag_text);

	ok(rig, tphbuf_device_memory(rig->dev, false), "memory off");
	transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
	ok(rig, tphbuf_buffer_tag_set(target->buf, &tag), "set");
	ok(rig, tphbuf_device_memory(rig->dev, true), "memory on");
	relink(rig);
}

/* The dma-buf has a tag that the MR was not registered with: no TLP arrives, and the fault is counted. */
static void write_is_stale(struct rig *rig, const struct uverbs_mr *mr, uint64_t faults)
{
	struct tally tally;

	transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, 5000);
	poll_status(&rig->host_side, IBV_WC_REM_ACCESS_ERR);
	relink(rig);
	tally_read(rig->dev, &tally);
	require(!tally.writes, "%lu writes arrived", (unsigned long)tally.writes);
	require(tph_raw(rig, mr).stale_faults == faults, "%lu stale faults instead of %lu",
		(unsigned long)tph_raw(rig, mr).stale_faults, (unsigned long)faults);
}

/*
 * A tag set after the registration of an MR with the hint of a handle: the mapping fails until
 * the tag is cleared.
 */
static void test_tag_appears(struct rig *rig)
{
	static const char *const tags[] = { "st=0x5a,ph=1", "xst=0x1234,ph=1" };
	uint32_t handle = handle_open(rig, false, 3);
	struct target target;
	struct uverbs_mr mr;

	buffer_open(rig, &target, "none");
	reg_ok(rig, &target, handle, &mr);
	write_ok(rig, &target, &mr, 1);
	expect(rig, rig->ext ? 16 : 8, 0, 3);
	for (size_t i = 0; i < ARRAY(tags); i++) {
		revoke_and_set(rig, &mr, tags[i], &target);
		write_is_stale(rig, &mr, i + 1);
	}
	ok(rig, tphbuf_buffer_tag_clear(target.buf), "clear");
	write_ok(rig, &target, &mr, 3);
	expect(rig, rig->ext ? 16 : 8, 0, 3);
	dereg(rig, &mr);
	handle_close(rig, handle);
	target_close(rig, &target);
}

/* A hint alone: the buffer's tag and hint win; without a tag the handle's hint is sent with tag 0. */
static void test_hint_only(struct rig *rig)
{
	uint32_t handle = handle_open(rig, false, 3);
	struct target target;
	struct uverbs_mr mr;

	buffer_open(rig, &target, "st=0x5a,xst=0x1234,ph=1");
	reg_ok(rig, &target, handle, &mr);
	expect_tph(rig, &mr, IB_UVERBS_MR_TPH_APPLIED);
	require(tph_raw(rig, &mr).ph == 1, "ph %u", tph_raw(rig, &mr).ph);
	write_ok(rig, &target, &mr, 1);
	expect_both(rig, 1);
	dereg(rig, &mr);
	ok(rig, tphbuf_buffer_tag_clear(target.buf), "clear");
	reg_ok(rig, &target, handle, &mr);
	expect_tph(rig, &mr, IB_UVERBS_MR_TPH_DMAH);
	write_ok(rig, &target, &mr, 2);
	expect(rig, rig->ext ? 16 : 8, 0, 3);
	dereg(rig, &mr);
	handle_close(rig, handle);
	target_close(rig, &target);
}

/* A tag that the NIC cannot send: the exporter did not request the hint of the handle, so no hint is sent. */
static void test_hint_on_other_namespace(struct rig *rig)
{
	const char *other = rig->ext ? "st=0x5a,ph=1" : "xst=0x1234,ph=1";
	uint32_t handle = handle_open(rig, false, 3);
	struct target target;
	struct uverbs_mr mr;

	buffer_open(rig, &target, other);
	reg_ok(rig, &target, handle, &mr);
	expect_tph(rig, &mr, IB_UVERBS_MR_TPH_OTHER_NAMESPACE);
	write_ok(rig, &target, &mr, 1);
	expect(rig, 0, 0, 0);
	dereg(rig, &mr);
	ok(rig, tphbuf_buffer_tag_clear(target.buf), "clear");
	reg_ok(rig, &target, handle, &mr);
	write_ok(rig, &target, &mr, 2);
	expect(rig, rig->ext ? 16 : 8, 0, 3);
	revoke_and_set(rig, &mr, other, &target);
	write_is_stale(rig, &mr, 1);
	dereg(rig, &mr);
	handle_close(rig, handle);
	target_close(rig, &target);
}

/* Invalid attributes of a handle. */
static void test_bad_handles(struct rig *rig)
{
	static const struct uverbs_dmah_opts bad[] = {
		{ .has_cpu = true },				  /* a tag without hint */
		{ .has_cpu = true, .cpu = 4096, .has_ph = true }, /* no such CPU */
		{ .has_ph = true, .ph = 4 },
		{ 0 },
	};
	struct target target;
	struct uverbs_mr mr;
	uint32_t handle;
	int ret;

	for (size_t i = 0; i < ARRAY(bad); i++) {
		ret = uverbs_dmah_alloc(rig->bar_port.ctx, &bad[i], &handle);
		require(ret == -EINVAL, "bad handle %zu: %d", i, ret);
	}
	buffer_open(rig, &target, "none");
	ret = reg(rig, &target, 12345, &mr);
	require(ret == -ENOENT, "a handle that does not exist: %d", ret);
	target_close(rig, &target);
}

static const struct bar_test tests[] = {
	{ "bad_handles", test_bad_handles },
	{ "cpu_on_untagged", test_cpu_on_untagged },
	{ "cpu_on_foreign", test_cpu_on_foreign },
	{ "cpu_on_host_memory", test_cpu_on_host_memory },
	{ "cpu_on_tagged", test_cpu_on_tagged },
	{ "tag_appears", test_tag_appears },
	{ "hint_only", test_hint_only },
	{ "hint_on_other_namespace", test_hint_on_other_namespace },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
