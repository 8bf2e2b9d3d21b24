// SPDX-License-Identifier: MIT
/*
 * Preloaded: memory that a machine without devices lacks. /dev/udmabuf, and devices named fake0, fake1... whose exports
 * are files in memory; both pass for dma-bufs. FAKE_LOG names a file that gets a line for each export and each new tag.
 * A device's memory that is off is a file of no bytes: the CPU gets SIGBUS, a system call EFAULT.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tphbuf/tphbuf.h>

#define MAX_BUFFERS 64
/* What files that pass for dma-bufs are named */
#define IS_DMABUF  "/memfd:nccl-net-check"

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static struct fake_device {
	char name[16];
} devices[4];

static struct fake_buffer {
	const struct fake_device *device;
	int fd;
	off_t length;
	void *map;
} buffers[MAX_BUFFERS];
static int n_buffers;

static bool is_dmabuf(int fd)
{
	char link[32], target[64] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, target, sizeof(target) - 1) > 0 &&
	       !strncmp(target, IS_DMABUF, strlen(IS_DMABUF));
}

static int open_any(const char *path, int flags, mode_t mode)
{
	static const char fdinfo[] = "pos:\t0\nexp_name:\tfake\n";
	int fd;

	if (!strcmp(path, "/dev/udmabuf"))
		path = "/dev/null";
	if (sscanf(path, "/proc/self/fdinfo/%d", &fd) != 1 || !is_dmabuf(fd))
		return openat(AT_FDCWD, path, flags, mode);
	fd = memfd_create("fdinfo", MFD_CLOEXEC);
	if (fd >= 0 && pwrite(fd, fdinfo, sizeof(fdinfo) - 1, 0) < 0)
		abort();
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = open_any(path, flags, flags & O_CREAT ? va_arg(ap, mode_t) : 0);
	va_end(ap);
	return fd;
}

int ioctl(int fd, unsigned long request, ...)
{
	const struct udmabuf_create *create;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	create = arg;
	if (request != UDMABUF_CREATE)
		return REAL(ioctl)(fd, request, arg);
	if (fcntl((int)create->memfd, F_GET_SEALS) != F_SEAL_SHRINK) {
		errno = EINVAL;
		return -1;
	}
	return fcntl((int)create->memfd, F_DUPFD_CLOEXEC, 0);
}

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *fmt, ...)
{
	const char *name = getenv("FAKE_LOG");
	FILE *log = name ? fopen(name, "ae") : NULL;
	va_list ap;

	if (!log)
		return;
	va_start(ap, fmt);
	vfprintf(log, fmt, ap);
	va_end(ap);
	fclose(log);
}

static struct fake_buffer *ours(const struct tphbuf_buffer *buf)
{
	const struct fake_buffer *b = (const void *)buf;

	return b >= buffers && b < buffers + MAX_BUFFERS ? &buffers[b - buffers] : NULL;
}

int tphbuf_device_open(struct tphbuf_ctx *ctx, const char *where,
		       const struct tphbuf_device_opts *opts, struct tphbuf_device **dev)
{
	unsigned int number;

	if (sscanf(where, "fake%u", &number) != 1 || number > 3)
		return REAL(tphbuf_device_open)(ctx, where, opts, dev);
	snprintf(devices[number].name, sizeof(devices[number].name), "%s", where);
	*dev = (void *)&devices[number];
	return 0;
}

int tphbuf_buffer_export(struct tphbuf_device *dev, unsigned int bar,
			 const struct tphbuf_range *ranges, size_t n,
			 const struct tphbuf_export_opts *opts, struct tphbuf_buffer **buf)
{
	struct fake_buffer *b = &buffers[n_buffers];
	char tag[TPHBUF_TAG_TEXT_MAX] = "none";

	if (n_buffers == MAX_BUFFERS || n != 1)
		return -ENOMEM;
	b->device = (const void *)dev;
	b->length = (off_t)ranges->length;
	b->fd = memfd_create(strrchr(IS_DMABUF, ':') + 1, MFD_CLOEXEC);
	if (b->fd < 0 || ftruncate(b->fd, b->length))
		return -errno;
	if (opts->tag)
		tphbuf_tag_format(opts->tag, tag, sizeof(tag));
	note("%s BAR%u %#jx+%#jx %s\n", b->device->name, bar, (uintmax_t)ranges->offset,
	     (uintmax_t)ranges->length, tag);
	n_buffers++;
	*buf = (void *)b;
	return 0;
}

int tphbuf_buffer_map(struct tphbuf_buffer *buf, void **addr)
{
	struct fake_buffer *b = ours(buf);

	if (!b)
		return REAL(tphbuf_buffer_map)(buf, addr);
	*addr = b->map = mmap(NULL, (size_t)b->length, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	return *addr == MAP_FAILED ? -errno : 0;
}

int tphbuf_buffer_fd(const struct tphbuf_buffer *buf)
{
	return ours(buf) ? ours(buf)->fd : REAL(tphbuf_buffer_fd)(buf);
}

int tphbuf_buffer_tag_set(struct tphbuf_buffer *buf, const struct tphbuf_tag *tag)
{
	char text[TPHBUF_TAG_TEXT_MAX];

	if (!ours(buf))
		return REAL(tphbuf_buffer_tag_set)(buf, tag);
	tphbuf_tag_format(tag, text, sizeof(text));
	note("%s tag %s\n", ours(buf)->device->name, text);
	return 0;
}

int tphbuf_device_memory(struct tphbuf_device *dev, bool on)
{
	for (int i = 0; i < n_buffers; i++) {
		if (buffers[i].device == (const void *)dev &&
		    ftruncate(buffers[i].fd, on ? buffers[i].length : 0))
			return -errno;
	}
	note("%s memory %s\n", ((struct fake_device *)(void *)dev)->name, on ? "on" : "off");
	return 0;
}

/* The memory is off meanwhile; FAKE_NO_RESET: a device without reset. */
int tphbuf_device_reset(struct tphbuf_device *dev)
{
	int ret;

	if (getenv("FAKE_NO_RESET"))
		return -ENOTTY;
	ret = tphbuf_device_memory(dev, false);
	usleep(10000);
	return ret ? ret : tphbuf_device_memory(dev, true);
}
