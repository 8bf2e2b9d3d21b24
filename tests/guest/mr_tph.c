// SPDX-License-Identifier: MIT
/*
 * mr_tph TEST BDF NIC PEER ext|8bit: the state of an MR's hint that the kernel reports
 * (UVERBS_METHOD_QUERY_MR), and registrations that require a hint, by raw ioctls.
 */
#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/bar_rig.h"
#include "tests/guest/foreign.h"
#include "tests/guest/nldev.h"
#include "tests/guest/uverbs.h"

#define LENGTH	MiB
#define TAG	"st=0x5a,xst=0x1234,ph=2"
#define REQUIRE IB_UVERBS_MR_TPH_REQUIRE

static const struct tphbuf_range range = { 0, LENGTH };

static struct uverbs_tph query(struct rig *rig, const struct uverbs_mr *mr)
{
	struct uverbs_tph tph;
	int ret = uverbs_query_tph(rig->bar_port.ctx, mr->handle, &tph);

	require(!ret, "QUERY_MR: %s", strerror(-ret));
	return tph;
}

static void expect_query(struct rig *rig, const struct uverbs_mr *mr, uint32_t state, uint64_t stale)
{
	struct uverbs_tph tph = query(rig, mr);

	require(tph.state == state, "state %u instead of %u", tph.state, state);
	require(tph.stale_faults == stale, "%lu stale faults instead of %lu",
		(unsigned long)tph.stale_faults, (unsigned long)stale);
	if (state != IB_UVERBS_MR_TPH_APPLIED)
		require(!tph.st_width && !tph.st && !tph.ph, "state %u with tag 0x%x", state,
			tph.st);
}

static void expect_applied(struct rig *rig, const struct uverbs_mr *mr)
{
	struct uverbs_tph tph = query(rig, mr);

	require(tph.state == IB_UVERBS_MR_TPH_APPLIED, "state %u", tph.state);
	require(tph.st_width == (rig->ext ? 16 : 8) && tph.st == (rig->ext ? 0x1234 : 0x5a) &&
			tph.ph == 2 && !tph.stale_faults,
		"%u-bit tag 0x%x ph %u, %lu stale faults", tph.st_width, tph.st, tph.ph,
		(unsigned long)tph.stale_faults);
}

static void buffer_open(struct rig *rig, struct target *target)
{
	target_open(rig, target, &range, 1, "none");
	ok(rig, tphbuf_mr_deregister(target->mr), "deregister");
	target->mr = NULL;
}

static void set_tag(struct rig *rig, struct target *target, const char *text)
{
	struct tphbuf_tag tag = tag_of(text);

	ok(rig, tphbuf_buffer_tag_set(target->buf, &tag), "set");
}

static int reg_fd(struct rig *rig, int fd, uint32_t flags, struct uverbs_mr *mr)
{
	return uverbs_reg_dmabuf_flags(rig->bar_port.pd, fd, LENGTH, REMOTE, UVERBS_NO_DMAH, flags,
				       mr);
}

static void dereg(struct rig *rig, const struct uverbs_mr *mr)
{
	int ret = uverbs_dereg(rig->bar_port.ctx, mr);

	require(!ret, "deregistration: %s", strerror(-ret));
}

/* Registers without and with "require": the state, and the errno that corresponds to the state. */
static void expect_both_ways(struct rig *rig, int fd, uint32_t state, int error)
{
	struct uverbs_mr mr;
	int ret = reg_fd(rig, fd, 0, &mr);

	require(!ret, "registration: %s", strerror(-ret));
	expect_query(rig, &mr, state, 0);
	dereg(rig, &mr);
	ret = reg_fd(rig, fd, REQUIRE, &mr);
	require(ret == error, "required: %d (%s) instead of %d", ret, strerror(-ret), error);
	ret = uverbs_reg_dmabuf_old(rig->bar_port.pd, fd, LENGTH, REMOTE, REQUIRE, &mr);
	require(ret == error, "required of REG_DMABUF_MR: %d instead of %d", ret, error);
}

static void test_states(struct rig *rig)
{
	int memfd = foreign_memfd(LENGTH), foreign = foreign_udmabuf(memfd, LENGTH), fd;
	struct uverbs_mr mr = { .handle = rig->host.mr->handle };
	struct uverbs_tph tph;
	struct target target;
	int ret;

	ret = uverbs_query_tph(rig->host_port.ctx, mr.handle, &tph);
	require(!ret && tph.state == IB_UVERBS_MR_TPH_NOT_DMABUF, "host memory: %d, state %u", ret,
		tph.state);
	buffer_open(rig, &target);
	fd = tphbuf_buffer_fd(target.buf);
	expect_both_ways(rig, foreign, IB_UVERBS_MR_TPH_EXPORTER, -EMEDIUMTYPE);
	expect_both_ways(rig, fd, IB_UVERBS_MR_TPH_UNTAGGED, -ENODATA);
	set_tag(rig, &target, rig->ext ? "st=0x5a,ph=2" : "xst=0x1234,ph=2");
	expect_both_ways(rig, fd, IB_UVERBS_MR_TPH_OTHER_NAMESPACE, -EPROTOTYPE);
	set_tag(rig, &target, TAG);
	ret = reg_fd(rig, fd, REQUIRE, &mr);
	require(!ret, "required and applied: %s", strerror(-ret));
	expect_applied(rig, &mr);
	dereg(rig, &mr);
	ret = uverbs_reg_dmabuf_old(rig->bar_port.pd, fd, LENGTH, REMOTE, REQUIRE, &mr);
	require(!ret, "required of REG_DMABUF_MR: %s", strerror(-ret));
	expect_applied(rig, &mr);
	dereg(rig, &mr);
	target_close(rig, &target);
	close(foreign);
	close(memfd);
}

/*
 * Flags that every registration refuses; a refused registration leaks no entry of the table, as
 * the loop shows.
 */
static void test_bad_flags(struct rig *rig)
{
	struct uverbs_tph tph;
	struct target target;
	struct uverbs_mr mr;
	int ret;

	buffer_open(rig, &target);
	for (int bit = 1; bit < 32; bit++) {
		ret = reg_fd(rig, tphbuf_buffer_fd(target.buf), 1u << bit, &mr);
		require(ret == -EINVAL, "flag %d: %d", bit, ret);
		ret = uverbs_reg_dmabuf_old(rig->bar_port.pd, tphbuf_buffer_fd(target.buf), LENGTH,
					    REMOTE, 1u << bit, &mr);
		require(ret == -EINVAL, "flag %d of REG_DMABUF_MR: %d", bit, ret);
	}
	ret = uverbs_reg_addr_flags(rig->host_port.pd, rig->host.addr, 4096, REMOTE, REQUIRE);
	require(ret == -EINVAL, "host memory: %d", ret);
	ret = uverbs_query_tph(rig->bar_port.ctx, 0x7fffffff, &tph);
	require(ret == -ENOENT, "no such MR: %d", ret);
	for (unsigned int i = 0; i < 100; i++) {
		char text[64];

		snprintf(text, sizeof(text), rig->ext ? "st=%u,ph=1" : "xst=%u,ph=1", i);
		set_tag(rig, &target, text);
		ret = reg_fd(rig, tphbuf_buffer_fd(target.buf), REQUIRE, &mr);
		require(ret == -EPROTOTYPE, "round %u: %d", i, ret);
	}
	target_close(rig, &target);
}

static void memory(struct rig *rig, bool on)
{
	ok(rig, tphbuf_device_memory(rig->dev, on), "memory decoding");
}

static void write_mr(struct rig *rig, const struct uverbs_mr *mr, enum ibv_wc_status status)
{
	transfer_to(rig, 0, mr->rkey, IBV_WR_RDMA_WRITE, 3000);
	poll_status(&rig->host_side, status);
	if (status != IBV_WC_SUCCESS)
		relink(rig);
}

static void expect_faults(struct rig *rig, const struct uverbs_mr *mr, uint64_t faults)
{
	struct uverbs_tph tph = query(rig, mr);

	require(tph.stale_faults == faults, "%lu stale faults instead of %lu",
		(unsigned long)tph.stale_faults, (unsigned long)faults);
}

/* One fault, one count; synchronous prefetches return ESTALE, asynchronous ones report nothing. */
static void test_stale_faults(struct rig *rig)
{
	struct ibv_sge sge = { .length = 4096 };
	struct target target;
	struct uverbs_mr mr;
	int ret;

	buffer_open(rig, &target);
	set_tag(rig, &target, TAG);
	require(!reg_fd(rig, tphbuf_buffer_fd(target.buf), REQUIRE, &mr), "register");
	sge.lkey = mr.lkey;
	memory(rig, false);
	set_tag(rig, &target, "st=0x11,xst=0x2222,ph=2");
	memory(rig, true);
	for (uint64_t i = 1; i <= 3; i++) {
		write_mr(rig, &mr, IBV_WC_REM_ACCESS_ERR);
		expect_faults(rig, &mr, i);
	}
	ret = ibv_advise_mr(rig->bar_port.pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE,
			    IBV_ADVISE_MR_FLAG_FLUSH, &sge, 1);
	require(ret == ESTALE, "prefetch that waits: %d", ret);
	expect_faults(rig, &mr, 4);
	ret = ibv_advise_mr(rig->bar_port.pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, 0, &sge, 1);
	require(!ret, "prefetch that does not wait: %d", ret);
	set_tag(rig, &target, TAG);
	write_mr(rig, &mr, IBV_WC_SUCCESS);
	expect_both(rig, 2);
	dereg(rig, &mr);
	target_close(rig, &target);
}

/*
 * An MR without a hint continues without one when a tag is set, changed or cleared, and the
 * kernel reports so.
 */
static void test_changed(struct rig *rig)
{
	const char *const first[] = { "none", rig->ext ? "st=0x5a,ph=2" : "xst=0x1234,ph=2" };
	const uint32_t states[] = { IB_UVERBS_MR_TPH_UNTAGGED, IB_UVERBS_MR_TPH_OTHER_NAMESPACE };
	struct target target;
	struct uverbs_mr mr;

	buffer_open(rig, &target);
	for (size_t i = 0; i < ARRAY(first); i++) {
		set_tag(rig, &target, first[i]);
		require(!reg_fd(rig, tphbuf_buffer_fd(target.buf), 0, &mr), "register");
		expect_query(rig, &mr, states[i], 0);
		set_tag(rig, &target, TAG);
		write_mr(rig, &mr, IBV_WC_SUCCESS); /* the mapping exists still */
		expect_query(rig, &mr, states[i], 0);
		memory(rig, false);
		memory(rig, true);
		write_mr(rig, &mr, IBV_WC_SUCCESS);
		expect_query(rig, &mr, IB_UVERBS_MR_TPH_CHANGED, 0);
		set_tag(rig, &target, first[i]);
		memory(rig, false);
		memory(rig, true);
		write_mr(rig, &mr, IBV_WC_SUCCESS);
		expect_query(rig, &mr, states[i], 0);
		expect(rig, 0, 0, 0);
		dereg(rig, &mr);
	}
	target_close(rig, &target);
}

/* The tag of the buffer is not sent, for this reason; everything works without hint. */
static void works_without_hint(struct rig *rig, uint32_t state, int error)
{
	struct target target;
	struct uverbs_mr mr;

	buffer_open(rig, &target);
	set_tag(rig, &target, TAG);
	expect_both_ways(rig, tphbuf_buffer_fd(target.buf), state, error);
	require(!reg_fd(rig, tphbuf_buffer_fd(target.buf), 0, &mr), "register");
	write_mr(rig, &mr, IBV_WC_SUCCESS);
	expect(rig, 0, 0, 0);
	dereg(rig, &mr);
	target_close(rig, &target);
}

/* Peer and memory below different root ports */
static void test_host_bridge(struct rig *rig)
{
	struct target target;

	buffer_open(rig, &target);
	expect_both_ways(rig, tphbuf_buffer_fd(target.buf), IB_UVERBS_MR_TPH_UNTAGGED, -ENODATA);
	target_close(rig, &target);
	works_without_hint(rig, IB_UVERBS_MR_TPH_HOST_BRIDGE, -EXDEV);
}

/* pci=notph */
static void test_notph(struct rig *rig)
{
	works_without_hint(rig, IB_UVERBS_MR_TPH_NIC_DISABLED, -ENXIO);
}

/* Lengths by which restrack's entries are told apart. */
#define TAGGED_LENGTH	(5 * 4096)
#define UNTAGGED_LENGTH (7 * 4096)

static void expect_reported(struct rig *rig, bool privileged)
{
	struct nldev_mr tagged = nldev_mr(rig->bar_port.name, TAGGED_LENGTH);
	struct nldev_mr untagged = nldev_mr(rig->bar_port.name, UNTAGGED_LENGTH);
	struct nldev_mr host = nldev_mr(rig->host_port.name, rig->host.len);

	require(tagged.found == 1 && tagged.has_state && tagged.has_stale_faults &&
			tagged.state == IB_UVERBS_MR_TPH_APPLIED && !tagged.stale_faults,
		"tagged: %u found, state %u", tagged.found, tagged.state);
	require(tagged.has_values == privileged, "privileged: %d, values: %d", privileged,
		tagged.has_values);
	if (privileged)
		require(tagged.st_width == (rig->ext ? 16 : 8) &&
				tagged.st == (rig->ext ? 0x1234 : 0x5a) && tagged.ph == 2,
			"%u-bit tag 0x%x ph %u", tagged.st_width, tagged.st, tagged.ph);
	require(untagged.found == 1 && untagged.has_state && !untagged.has_values &&
			untagged.state == IB_UVERBS_MR_TPH_UNTAGGED,
		"untagged: %u found, state %u", untagged.found, untagged.state);
	require(host.found && !host.has_state, "host memory: %u found, has a state: %d", host.found,
		host.has_state);
}

/* restrack: the state of each MR of a dma-buf to all, tag and hint with CAP_NET_ADMIN. */
static void test_restrack(struct rig *rig)
{
	struct uverbs_mr tagged, untagged;
	struct target target;
	int status, fd;
	pid_t pid;

	buffer_open(rig, &target);
	fd = tphbuf_buffer_fd(target.buf);
	require(!uverbs_reg_dmabuf(rig->bar_port.pd, fd, UNTAGGED_LENGTH, REMOTE, UVERBS_NO_DMAH,
				   &untagged),
		"register");
	set_tag(rig, &target, TAG);
	require(!uverbs_reg_dmabuf(rig->bar_port.pd, fd, TAGGED_LENGTH, REMOTE, UVERBS_NO_DMAH,
				   &tagged),
		"register");
	expect_reported(rig, true);
	fflush(stdout);
	pid = fork();
	require(pid >= 0, "fork: %m");
	if (!pid) {
		require(!setgid(1000) && !setuid(1000), "setuid: %m");
		expect_reported(rig, false);
		_exit(0);
	}
	require(waitpid(pid, &status, 0) == pid && !status, "without privilege: status %d", status);
	dereg(rig, &tagged);
	dereg(rig, &untagged);
	target_close(rig, &target);
}

/* Registers and deregisters with 24 pairs of tag and hint, each of which has a pool of keys. */
static unsigned int fill_pools(struct rig *rig, struct target *target)
{
	unsigned int pairs = 0;
	struct uverbs_mr mr;
	char text[64];

	for (unsigned int tag = 0xc0; tag < 0xc6; tag++) {
		for (unsigned int ph = 0; ph < 4; ph++, pairs++) {
			snprintf(text, sizeof(text), "st=%u,xst=%u,ph=%u", tag, tag, ph);
			set_tag(rig, target, text);
			require(!reg_fd(rig, tphbuf_buffer_fd(target->buf), REQUIRE, &mr),
				"register with %s", text);
			dereg(rig, &mr);
		}
	}
	return pairs;
}

/* Pools of pairs of tag and hint that are not used any more do not stay. */
static void test_pools(struct rig *rig)
{
	unsigned int pairs, peak, left, seconds = 0;
	struct target target;

	buffer_open(rig, &target);
	pairs = fill_pools(rig, &target);
	peak = nldev_pools(rig->bar_port.name);
	require(peak >= pairs, "%u pools for %u pairs of tag and hint", peak, pairs);
	nldev_set_aging(rig->bar_port.name, 1);
	do {
		sleep(1);
		left = nldev_pools(rig->bar_port.name);
	} while (left >= pairs / 2 && seconds++ < 60);
	nldev_set_aging(rig->bar_port.name, 60);
	printf("%u pools, then %u\n", peak, left);
	require(left < pairs / 2, "%u of %u pools stay", left, peak);
	target_close(rig, &target);
}

/* The NIC's TPH registers answer with all ones, as in a reset, or are back. */
static void absent(struct rig *rig, bool gone)
{
	char command[512];

	if (gone)
		snprintf(command, sizeof(command),
			 "insmod /mnt/kernel/modules/tph_absent.ko function=$(basename "
			 "$(readlink -f /sys/class/infiniband/%s/device))",
			 rig->bar_port.name);
	else
		snprintf(command, sizeof(command), "rmmod tph_absent");
	require(!system(command), "%s", command);
}

static void write_tagged(struct rig *rig, const struct uverbs_mr *mr, unsigned int st,
			 unsigned int xst)
{
	tally_clear(rig->dev);
	write_mr(rig, mr, IBV_WC_SUCCESS);
	expect(rig, rig->ext ? 16 : 8, rig->ext ? xst : st, 2);
}

/*
 * A function that does not accept a new entry of its table: the registration reports so, MRs that
 * exist report that their hint is not sent, and all is back when the function is, at the next
 * registration.
 */
static void test_absent(struct rig *rig)
{
	const char *other = "st=0x77,xst=0x7777,ph=2";
	struct uverbs_mr old, mr;
	struct target target;
	int fd, ret;

	buffer_open(rig, &target);
	fd = tphbuf_buffer_fd(target.buf);
	set_tag(rig, &target, TAG);
	require(!reg_fd(rig, fd, REQUIRE, &old), "register");
	absent(rig, true);
	set_tag(rig, &target, other);
	ret = reg_fd(rig, fd, REQUIRE, &mr);
	require(ret == -EIO, "required, table does not answer: %d", ret);
	require(query(rig, &old).state == IB_UVERBS_MR_TPH_NIC_DISABLED, "old MR: state %u",
		query(rig, &old).state);
	expect_both_ways(rig, fd, IB_UVERBS_MR_TPH_NIC_DISABLED, -ENXIO);
	absent(rig, false);
	ret = reg_fd(rig, fd, REQUIRE, &mr);
	require(!ret, "TPH does not come back: %s", strerror(-ret));
	write_tagged(rig, &mr, 0x77, 0x7777);
	dereg(rig, &mr);
	expect_applied(rig, &old);
	write_tagged(rig, &old, 0x5a, 0x1234);

	absent(rig, true);
	set_tag(rig, &target, "st=0x78,xst=0x7878,ph=2");
	require(!reg_fd(rig, fd, 0, &mr), "register");
	expect_query(rig, &mr, IB_UVERBS_MR_TPH_TABLE_ERROR, 0);
	absent(rig, false);
	dereg(rig, &mr);
	dereg(rig, &old);
	require(!reg_fd(rig, fd, REQUIRE, &mr), "register");
	write_tagged(rig, &mr, 0x78, 0x7878);
	dereg(rig, &mr);
	target_close(rig, &target);
}

static const struct bar_test tests[] = {
	{ "absent", test_absent },     { "bad_flags", test_bad_flags },
	{ "changed", test_changed },   { "host_bridge", test_host_bridge },
	{ "notph", test_notph },       { "pools", test_pools },
	{ "restrack", test_restrack }, { "stale_faults", test_stale_faults },
	{ "states", test_states },
};

int main(int argc, char **argv)
{
	return bar_main(argc, argv, tests, ARRAY(tests));
}
