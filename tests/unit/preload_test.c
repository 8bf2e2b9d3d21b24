// SPDX-License-Identifier: MIT
/*
 * libtphbuf-preload.so: which registrations are converted, what they become, and what is done about the tag.
 * The functions that replace those of libibverbs are tested by tests/transports/preload.
 */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <pthread.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tphbuf/preload.h>

#include "transports/preload/preload.h"

#include "tests/unit/mr_rig.h"

#define PAGE   4096u
#define BASE   0x7000000000u /* an address that nothing has */
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

static struct preload preload;
static int memory = -1; /* stands for a dma-buf of LENGTH bytes */
static struct ibv_mr *mr;

static char said[2048];
static int said_fd = -1, stderr_fd = -1;

/* Standard error goes to a file from here on. */
static void listen_to_stderr(void)
{
	said_fd = memfd_create("stderr", MFD_CLOEXEC);
	stderr_fd = dup(2);
	assert_true(said_fd >= 0 && stderr_fd >= 0);
	dup2(said_fd, 2);
}

static void said_nothing_yet(void)
{
	assert_int_equal(ftruncate(said_fd, 0), 0);
	lseek(said_fd, 0, SEEK_SET);
}

static void assert_said(const char *part)
{
	ssize_t n = pread(said_fd, said, sizeof(said) - 1, 0);

	said[n < 0 ? 0 : n] = '\0';
	if (!strstr(said, part))
		fail_msg("'%s' was not said, but: %s", part, said);
}

static void assert_said_nothing(void)
{
	assert_int_equal(lseek(said_fd, 0, SEEK_END), 0);
}

static void *at(uint64_t offset)
{
	return (void *)(uintptr_t)(BASE + offset);
}

static int no_dereg(struct ibv_mr *of)
{
	return ibv_dereg_mr(of);
}

static struct ibv_mr *reg_dmabuf(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
				 int fd, int access)
{
	return ibv_reg_dmabuf_mr(pd, offset, length, iova, fd, access);
}

static struct ibv_mr *reg_ex(struct ibv_pd *pd, struct init_attr *attr)
{
	return fake_reg_mr_ex(pd, (struct fake_init_attr *)attr);
}

static int setup(void **state)
{
	int ret = fixture_mr(state);

	memory = memfd_create("dma-buf", MFD_CLOEXEC);
	if (ret || memory < 0 || ftruncate(memory, LENGTH))
		return -1;
	preload = (struct preload){
		.tag = PRELOAD_TAG_PREFER,
		.reg_dmabuf_mr = reg_dmabuf,
		.reg_mr_ex = reg_ex,
		.dereg_mr = no_dereg,
	};
	fake_verbs.tph = tph_st;
	mr = NULL;
	listen_to_stderr();
	return 0;
}

static int teardown(void **state)
{
	dup2(stderr_fd, 2);
	close(stderr_fd);
	close(said_fd);
	close(memory);
	tphbuf_preload_remove(at(0));
	tphbuf_preload_remove(at(LENGTH));
	return close_mr(state);
}

static void add(void)
{
	assert_int_equal(tphbuf_preload_add(at(0), LENGTH, memory, 0), 0);
}

static bool reg(void *addr, size_t length, unsigned int access)
{
	errno = 0;
	return preload_reg(&preload, fake_pd(), addr, length, (uintptr_t)addr, access, &mr);
}

static void assert_refused(void *addr, size_t length, unsigned int access, int err)
{
	mr = (void *)&preload;
	assert_true(reg(addr, length, access));
	assert_int_equal(errno, err);
	assert_null(mr);
	assert_int_equal(fake_verbs.live_mrs, 0);
}

static void bad_ranges(void **state)
{
	int closed = dup(memory);

	(void)state;
	close(closed);
	assert_int_equal(tphbuf_preload_add(at(0), 1, memory, 0), 0);
	assert_int_equal(tphbuf_preload_remove(at(0)), 0);
	assert_int_equal(tphbuf_preload_add(at(0), 0, memory, 0), -EINVAL);
	assert_int_equal(tphbuf_preload_add(at(1), PAGE, memory, 0), -EINVAL);
	assert_int_equal(tphbuf_preload_add(at(0), PAGE, memory, 1), -EINVAL);
	assert_int_equal(tphbuf_preload_add(at(0), LENGTH + 1, memory, 0), -EINVAL);
	assert_int_equal(tphbuf_preload_add(at(0), LENGTH, memory, PAGE), -EINVAL);
	assert_int_equal(tphbuf_preload_add(at(0), PAGE, memory, LENGTH), -EINVAL);
	assert_int_equal(tphbuf_preload_add((void *)-(uintptr_t)PAGE, 2 * PAGE, memory, 0), -EINVAL);
	assert_int_equal(tphbuf_preload_add(at(0), PAGE, closed, 0), -EBADF);
	assert_int_equal(tphbuf_preload_add(at(0), PAGE, -1, 0), -EBADF);
	assert_int_equal(tphbuf_preload_remove(at(0)), -ENOENT);
	assert_false(reg(at(0), PAGE, ACCESS));
}

static void overlapping_ranges(void **state)
{
	(void)state;
	assert_int_equal(tphbuf_preload_add(at(0), 4 * PAGE, memory, 0), 0);
	assert_int_equal(tphbuf_preload_add(at(0), PAGE, memory, 0), -EEXIST);
	assert_int_equal(tphbuf_preload_add(at(3 * PAGE), 2 * PAGE, memory, 0), -EEXIST);
	assert_int_equal(tphbuf_preload_add((char *)at(0) - PAGE, 2 * PAGE, memory, 0), -EEXIST);
	assert_int_equal(tphbuf_preload_add((char *)at(0) - PAGE, 8 * PAGE, memory, 0), -EEXIST);
	assert_int_equal(tphbuf_preload_remove(at(PAGE)), -ENOENT);
	assert_int_equal(tphbuf_preload_remove(at(0)), 0);
	assert_int_equal(tphbuf_preload_remove(at(0)), -ENOENT);
}

/* libibverbs gets these unchanged. */
static void outside(void **state)
{
	(void)state;
	assert_false(reg(at(0), PAGE, ACCESS));
	add();
	assert_false(reg((char *)at(0) - PAGE, PAGE, ACCESS));
	assert_false(reg(at(LENGTH), PAGE, ACCESS));
	assert_false(reg(at(0), 0, ACCESS));
	assert_false(reg(at(0), SIZE_MAX, ACCESS));
	assert_false(reg(NULL, SIZE_MAX, ACCESS | IBV_ACCESS_ON_DEMAND));
	assert_int_equal(fake_verbs.live_mrs, 0);
	assert_said_nothing();
}

static void across_a_border(void **state)
{
	(void)state;
	add();
	assert_refused((char *)at(0) - 1, 2, ACCESS, EFAULT);
	assert_refused((char *)at(0) - PAGE, LENGTH + 2 * PAGE, ACCESS, EFAULT);
	assert_refused(at(LENGTH - 1), 2, ACCESS, EFAULT);
	assert_refused(at(0), LENGTH + 1, ACCESS, EFAULT);
	assert_said("register each range by itself");
	/* Two ranges side by side are two dma-bufs. */
	assert_int_equal(tphbuf_preload_add(at(LENGTH), PAGE, memory, 0), 0);
	assert_refused(at(LENGTH - PAGE), 2 * PAGE, ACCESS, EFAULT);
}

static void inside(void **state)
{
	(void)state;
	assert_int_equal(tphbuf_preload_add(at(0), LENGTH - 2 * PAGE, memory, 2 * PAGE), 0);
	assert_true(reg(at(0x123), 0x345, ACCESS));
	assert_non_null(mr);
	assert_int_equal(fake_verbs.offset, 2 * PAGE + 0x123);
	assert_int_equal(fake_verbs.length, 0x345);
	assert_int_equal(fake_verbs.iova, BASE + 0x123);
	assert_int_equal(fake_verbs.access, ACCESS);
	assert_ptr_equal(mr->addr, at(0x123));
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_true(preload_reg(&preload, fake_pd(), at(0), PAGE, 0x40000, ACCESS, &mr));
	assert_int_equal(fake_verbs.iova, 0x40000);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	/* The last byte */
	assert_true(reg(at(LENGTH - 2 * PAGE - 1), 1, ACCESS));
	assert_int_equal(fake_verbs.offset, LENGTH - 1);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_said_nothing();
}

static void access_flags(void **state)
{
	const unsigned int bad[] = { IBV_ACCESS_MW_BIND, IBV_ACCESS_ZERO_BASED,
				     IB_UVERBS_ACCESS_FLUSH_GLOBAL,
				     IB_UVERBS_ACCESS_FLUSH_PERSISTENT,

				     1u << 30 };

	(void)state;
	add();
	for (size_t i = 0; i < NR(bad); i++)
		assert_refused(at(0), PAGE, ACCESS | bad[i], EINVAL);
	assert_said("cannot have access");
	assert_true(reg(at(0), PAGE,
			ACCESS | IBV_ACCESS_ON_DEMAND | IBV_ACCESS_HUGETLB |
				IBV_ACCESS_OPTIONAL_RANGE));
	assert_int_equal(fake_verbs.access, ACCESS | IBV_ACCESS_RELAXED_ORDERING);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_true(reg(at(0), PAGE, ACCESS | IBV_ACCESS_REMOTE_ATOMIC));
	assert_int_equal(fake_verbs.access, ACCESS | IBV_ACCESS_REMOTE_ATOMIC);
	assert_int_equal(ibv_dereg_mr(mr), 0);
}

static void failing_registration(void **state)
{
	(void)state;
	add();
	fake_verbs.reg_errno = EOPNOTSUPP;
	assert_refused(at(0), PAGE, ACCESS, EOPNOTSUPP);
	assert_said("of a dma-buf with mlx5_0");
	fake_verbs.reg_errno = 0;
}

static void required_tag(void **state)
{
	(void)state;
	add();
	preload.tag = PRELOAD_TAG_REQUIRE;
	assert_true(reg(at(0), PAGE, ACCESS));
	assert_non_null(mr);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_said_nothing();
	fake_verbs.tph = tph_none;
	assert_refused(at(0), PAGE, ACCESS, EOPNOTSUPP);
	assert_said("the tag is required (TPHBUF_PRELOAD_TAG) but not applied: ");
	fake_verbs.tph.old_kernel = true;
	assert_refused(at(0), PAGE, ACCESS, EOPNOTSUPP);
	fake_verbs.tph = tph_st;
	fake_verbs.query_errno = EIO;
	assert_refused(at(0), PAGE, ACCESS, EOPNOTSUPP);
	fake_verbs.query_errno = 0;
}

static void preferred_tag(void **state)
{
	(void)state;
	add();
	fake_verbs.tph = tph_none;
	assert_true(reg(at(0), PAGE, ACCESS));
	assert_non_null(mr);
	assert_said("no tag applied: ");
	assert_int_equal(ibv_dereg_mr(mr), 0);
	said_nothing_yet();
	fake_verbs.tph = tph_st;
	preload.verbose = true;
	assert_true(reg(at(0), PAGE, ACCESS));
	assert_said("tag applied: st=0x5a,ph=2");
	assert_int_equal(ibv_dereg_mr(mr), 0);
}

static void ignored_tag(void **state)
{
	(void)state;
	add();
	preload.tag = PRELOAD_TAG_IGNORE;
	fake_verbs.tph = tph_none;
	fake_verbs.query_errno = EIO;
	assert_true(reg(at(0), PAGE, ACCESS));
	assert_non_null(mr);
	assert_said_nothing();
	assert_int_equal(ibv_dereg_mr(mr), 0);
	fake_verbs.query_errno = 0;
}

static void options(void **state)
{
	const struct {
		const char *text;
		enum preload_tag tag;
	} rows[] = {
		{ NULL, PRELOAD_TAG_PREFER },	    { "", PRELOAD_TAG_PREFER },
		{ "prefer", PRELOAD_TAG_PREFER },   { "ignore", PRELOAD_TAG_IGNORE },
		{ "require", PRELOAD_TAG_REQUIRE }, { "Require", PRELOAD_TAG_WRONG },
		{ "yes", PRELOAD_TAG_WRONG },
	};

	(void)state;
	for (size_t i = 0; i < NR(rows); i++) {
		said_nothing_yet();
		if (rows[i].text)
			setenv("TPHBUF_PRELOAD_TAG", rows[i].text, 1);
		else
			unsetenv("TPHBUF_PRELOAD_TAG");
		preload_read_options(&preload);
		assert_int_equal(preload.tag, rows[i].tag);
		if (rows[i].tag == PRELOAD_TAG_WRONG)
			assert_said("use require, prefer or ignore");
		else
			assert_said_nothing();
	}
	unsetenv("TPHBUF_PRELOAD_TAG");
	assert_false(preload.verbose);
	setenv("TPHBUF_PRELOAD_VERBOSE", "1", 1);
	preload_read_options(&preload);
	assert_true(preload.verbose);
	unsetenv("TPHBUF_PRELOAD_VERBOSE");
	add();
	preload.tag = PRELOAD_TAG_WRONG;
	assert_refused(at(0), PAGE, ACCESS, EINVAL);
}

/* ibv_reg_mr_ex() by address, without and with a DMA handle */
static void extended_registration(void **state)
{
	struct init_attr attr = {
		.length = PAGE,
		.access = ACCESS,
		.comp_mask = MASK_ADDR | MASK_IOVA,
		.iova = 0x10000,
		.addr = at(PAGE),
		.fd = -1,
	};

	(void)state;
	assert_false(preload_reg_ex(&preload, fake_pd(), &attr, &mr));
	add();
	assert_true(preload_reg_ex(&preload, fake_pd(), &attr, &mr));
	assert_int_equal(fake_verbs.by, BY_REG_DMABUF);
	assert_int_equal(fake_verbs.offset, PAGE);
	assert_int_equal(fake_verbs.iova, 0x10000);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	attr.comp_mask |= MASK_DMAH;
	attr.dmah = (struct ibv_dmah *)&preload;
	assert_true(preload_reg_ex(&preload, fake_pd(), &attr, &mr));
	assert_int_equal(fake_verbs.by, BY_REG_MR_EX);
	assert_ptr_equal(fake_verbs.dmah, attr.dmah);
	assert_ptr_equal(mr->addr, at(PAGE));
	assert_int_equal(ibv_dereg_mr(mr), 0);
}

static void changed_region(void **state)
{
	(void)state;
	add();
	assert_false(preload_refuses_rereg(IBV_REREG_MR_CHANGE_ACCESS, at(0), PAGE));
	assert_false(preload_refuses_rereg(IBV_REREG_MR_CHANGE_TRANSLATION, at(LENGTH), PAGE));
	assert_true(preload_refuses_rereg(IBV_REREG_MR_CHANGE_TRANSLATION, at(0), PAGE));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_true(preload_refuses_rereg(IBV_REREG_MR_CHANGE_TRANSLATION, (char *)at(0) - 1, 2));
	assert_said("register it anew");
}

/* The range has a descriptor of its own; it goes with the range. */
static void descriptor_numbers(void **state)
{
	int other = open("/dev/null", O_RDONLY | O_CLOEXEC), copy = dup(memory), used;
	struct stat got, want;

	(void)state;
	assert_int_equal(tphbuf_preload_add(at(0), LENGTH, copy, 0), 0);
	assert_int_equal(dup2(other, copy), copy);
	assert_true(reg(at(0), PAGE, ACCESS));
	used = fake_verbs.fd;
	assert_int_equal(fstat(used, &got) | fstat(memory, &want), 0);
	assert_int_equal(got.st_ino, want.st_ino);
	assert_true(fcntl(used, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_int_equal(tphbuf_preload_remove(at(0)), 0);
	assert_int_equal(fcntl(used, F_GETFD), -1);
	assert_false(reg(at(0), PAGE, ACCESS));
	close(copy);
	close(other);
}

/* tphbuf_buffer_map() tells the range, its end takes it back. */
static void mapped_buffer(void **state)
{
	struct fixture *f = *state;
	char *addr;

	assert_int_equal(tphbuf_buffer_map(f->buf, (void **)&addr), 0);
	assert_true(reg(addr + PAGE, PAGE, ACCESS));
	assert_int_equal(fake_verbs.offset, PAGE);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	tphbuf_buffer_unmap(f->buf);
	assert_false(reg(addr + PAGE, PAGE, ACCESS));
	assert_int_equal(tphbuf_buffer_map(f->buf, (void **)&addr), 0);
	assert_true(reg(addr, PAGE, ACCESS));
	tphbuf_buffer_close(f->buf);
	f->buf = NULL;
	assert_false(reg(addr, PAGE, ACCESS));
	/* The region is the dma-buf's and outlives the mapping. */
	assert_int_equal(ibv_dereg_mr(mr), 0);
}

/* A mapping that the library does not know would be registered as host memory. */
static int map_once(struct fixture *f)
{
	enum range_place place;
	uint64_t offset;
	void *addr;
	int fd, ret = tphbuf_buffer_map(f->buf, &addr);

	if (ret)
		return ret;
	place = ranges_begin((uintptr_t)addr, PAGE, &fd, &offset);
	ranges_end();
	assert_int_equal(place, RANGE_INSIDE);
	tphbuf_buffer_unmap(f->buf);
	return 0;
}

static void each_failure_of_mapping(void **state)
{
	sweep_faults(*state, map_once);
}

static _Atomic bool stop;

static void *adds_and_removes(void *arg)
{
	(void)arg;
	while (!stop) {
		tphbuf_preload_add(at(LENGTH), LENGTH, memory, 0);
		tphbuf_preload_remove(at(LENGTH));
	}
	return NULL;
}

/* A registration sees the range as a whole or not at all; a child inherits no lock of another thread. */
static void threads_and_forks(void **state)
{
	pthread_t thread;
	int status;

	(void)state;
	add();
	preload.tag = PRELOAD_TAG_IGNORE;
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, adds_and_removes, NULL), 0);
	for (int i = 0; i < 200; i++) {
		assert_true(reg(at(0), LENGTH, ACCESS));
		ibv_dereg_mr(mr);
		if (reg(at(LENGTH), PAGE, ACCESS)) {
			assert_non_null(mr);
			ibv_dereg_mr(mr);
		}
		if (i % 10)
			continue;
		pid_t child = fork();

		if (!child) {
			alarm(20);
			_exit(reg(at(0), PAGE, ACCESS) && mr && !tphbuf_preload_remove(at(0)) ? 0 :
												1);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	stop = true;
	pthread_join(thread, NULL);
}

#define PRELOAD(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PRELOAD(bad_ranges),
		PRELOAD(overlapping_ranges),
		PRELOAD(outside),
		PRELOAD(across_a_border),
		PRELOAD(access_flags),
		PRELOAD(failing_registration),
		PRELOAD(required_tag),
		PRELOAD(preferred_tag),
		PRELOAD(ignored_tag),
		PRELOAD(options),
		PRELOAD(inside),
		PRELOAD(extended_registration),
		PRELOAD(changed_region),
		PRELOAD(descriptor_numbers),
		PRELOAD(mapped_buffer),
		PRELOAD(each_failure_of_mapping),
		PRELOAD(threads_and_forks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
