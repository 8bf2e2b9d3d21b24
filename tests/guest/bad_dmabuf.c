// SPDX-License-Identifier: MIT
/* Inputs to the calls of a dma-buf itself, see Documentation/driver-api/dma-buf.rst. */
#include "tests/guest/bad_inputs.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_MAX_LEN 31 /* DMA_BUF_NAME_LEN with its NUL */

static void expect(const char *what, uint64_t arg, size_t avail, int got, int want)
{
	require(got == want, "%s 0x%lx, %zu bytes readable: %d instead of %d", what,
		(unsigned long)arg, avail, got, want);
}

static int call(struct rig *rig, unsigned long cmd, const void *input, size_t avail, bool ro,
		void **sent)
{
	*sent = place(rig, input, avail, ro);
	return ioctl(rig->own, cmd, *sent) ? -errno : 0;
}

static size_t any_avail(struct rig *rig, size_t size)
{
	return random_chance(&rig->random, 85) ? size : random_below(&rig->random, (uint32_t)size);
}

void input_sync(struct rig *rig)
{
	struct dma_buf_sync sync = { .flags = random_chance(&rig->random, 70) ?
						      random_below(&rig->random, 16) :
						      random_next(&rig->random) };
	size_t avail = any_avail(rig, sizeof(sync));
	int want = 0;
	void *sent;

	if (avail < sizeof(sync))
		want = -EFAULT;
	else if (sync.flags & ~(uint64_t)DMA_BUF_SYNC_VALID_FLAGS_MASK ||
		 !(sync.flags & DMA_BUF_SYNC_RW))
		want = -EINVAL;
	expect("SYNC", sync.flags, avail, call(rig, DMA_BUF_IOCTL_SYNC, &sync, avail, false, &sent),
	       want);
}

void input_name(struct rig *rig)
{
	char name[48];
	size_t len = random_below(&rig->random, sizeof(name)), avail;
	int want = 0;
	void *sent;

	memset(name, 'a', sizeof(name));
	name[len] = 0;
	avail = random_chance(&rig->random, 70) ? sizeof(name) :
						  random_below(&rig->random, sizeof(name));
	if (len >= avail && avail <= NAME_MAX_LEN)
		want = -EFAULT;
	else if (len > NAME_MAX_LEN)
		want = -EINVAL;
	expect("SET_NAME", len, avail,
	       call(rig, len & 1 ? DMA_BUF_SET_NAME_A : DMA_BUF_SET_NAME_B, name, avail, false,
		    &sent),
	       want);
}

static int sync_flags_errno(uint32_t flags)
{
	return flags & ~(uint32_t)DMA_BUF_SYNC_RW || !(flags & DMA_BUF_SYNC_RW) ? -EINVAL : 0;
}

void input_export_sync_file(struct rig *rig)
{
	struct dma_buf_export_sync_file arg = { .flags = mostly_below(rig, 8),
						.fd = (int)random_next(&rig->random) };
	size_t avail = any_avail(rig, sizeof(arg));
	bool ro = random_chance(&rig->random, 10);
	int want = avail < sizeof(arg) ? -EFAULT : sync_flags_errno(arg.flags) ?: ro ? -EFAULT : 0;
	struct dma_buf_export_sync_file *reply;
	void *sent;

	expect("EXPORT_SYNC_FILE", arg.flags, avail,
	       call(rig, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg, avail, ro, &sent), want);
	reply = sent;
	if (!want)
		require(!close(reply->fd), "EXPORT_SYNC_FILE gave no descriptor: %m");
}

void input_import_sync_file(struct rig *rig)
{
	bool good = random_chance(&rig->random, 20);
	struct dma_buf_import_sync_file arg = { .flags = mostly_below(rig, 8),
						.fd = good ? rig->sync_file : any_descriptor(rig) };
	size_t avail = any_avail(rig, sizeof(arg));
	int want = 0;
	void *sent;

	if (avail < sizeof(arg))
		want = -EFAULT;
	else
		want = sync_flags_errno(arg.flags) ?: arg.fd == rig->sync_file ? 0 : -EINVAL;
	expect("IMPORT_SYNC_FILE", arg.flags, avail,
	       call(rig, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg, avail, false, &sent), want);
}

/* Unassigned numbers of the dma-buf ioctl space, and assigned ones with a wrong size or direction */
void input_unknown_ioctl(struct rig *rig)
{
	static const unsigned long known[] = { DMA_BUF_IOCTL_SYNC,
					       DMA_BUF_SET_NAME,
					       DMA_BUF_SET_NAME_A,
					       DMA_BUF_SET_NAME_B,
					       DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
					       DMA_BUF_IOCTL_IMPORT_SYNC_FILE };
	uint64_t any = random_next(&rig->random);
	unsigned long cmd = _IOC(any & 3, DMA_BUF_BASE, (any >> 8) & (any & 0x80 ? 7 : 0xff),
				 (any >> 16) & 0x3fff);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (cmd == known[i])
			cmd += 100 << _IOC_SIZESHIFT;
	expect("ioctl", cmd, 0, ioctl(rig->own, cmd, any & 0x40 ? rig->page : NULL) ? -errno : 0,
	       -ENOTTY);
}

void input_seek(struct rig *rig)
{
	off_t offset = random_chance(&rig->random, 40) ?
			       0 :
			       (off_t)(random_next(&rig->random) >> random_below(&rig->random, 64));
	int whence = (int)mostly_below(rig, 6);
	off_t want = offset || (whence != SEEK_SET && whence != SEEK_END) ? -EINVAL :
		     whence == SEEK_END					  ? (off_t)BUFFER_SIZE :
									    0;
	off_t got = lseek(rig->own, offset, whence);

	if (got < 0)
		got = -errno;
	require(got == want, "lseek %ld from %d: %ld instead of %ld", (long)offset, whence,
		(long)got, (long)want);
}

/* vfio-pci's dma-bufs have no mmap: whatever the offset, no mapping may come out of it. */
void input_mmap(struct rig *rig)
{
	size_t len = random_chance(&rig->random, 80) ?
			     random_below(&rig->random, 2 * BUFFER_SIZE) :
			     (size_t)random_next(&rig->random) >> random_below(&rig->random, 64);
	off_t offset = (off_t)(random_next(&rig->random) >> random_below(&rig->random, 64));
	int prot = (int)random_below(&rig->random, 8);
	void *map;

	if (random_chance(&rig->random, 80))
		offset &= ~4095l;
	map = mmap(NULL, len, prot, MAP_SHARED, rig->own, offset);
	require(map == MAP_FAILED, "mmap of %zu bytes at 0x%lx succeeded", len,
		(unsigned long)offset);
	/* EPERM: the file system of dma-bufs has no executables */
	require(errno == EINVAL || errno == ENOMEM || errno == EOVERFLOW ||
			(errno == EPERM && prot & PROT_EXEC),
		"mmap of %zu bytes at 0x%lx: %m", len, (unsigned long)offset);
}

/* All fences have signalled: poll() reports every requested event. A dma-buf has neither read() nor write(). */
void input_poll_and_io(struct rig *rig)
{
	struct pollfd poll_in = { .fd = rig->own, .events = (short)random_below(&rig->random, 8) };
	short want = poll_in.events & (POLLIN | POLLOUT);
	int ret = poll(&poll_in, 1, 0);

	require(ret == !!poll_in.revents, "poll for 0x%x: %d (0x%x)", poll_in.events, ret,
		poll_in.revents);
	require((poll_in.revents & (POLLIN | POLLOUT)) == want, "poll for 0x%x: 0x%x",
		poll_in.events, poll_in.revents);
	require(read(rig->own, rig->page, random_below(&rig->random, 4096)) < 0 && errno == EINVAL,
		"read: %m");
	require(write(rig->own, rig->page, random_below(&rig->random, 4096)) < 0 && errno == EINVAL,
		"write: %m");
}
