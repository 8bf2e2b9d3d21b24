/* SPDX-License-Identifier: MIT */
/*
 * What the files of libtphbuf share.
 *
 * Reference counts: a device holds the context, a buffer its device (or the
 * context), a memory region its buffer. Each public close drops one
 * reference; the object goes with the last one. Single threaded, so plain
 * integers.
 */
#ifndef TPHBUF_INTERNAL_H
#define TPHBUF_INTERNAL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <tphbuf/tphbuf.h>

#include "lib/core/sister.h"
#include "lib/vfio/vfio.h"

/*
 * The regions of a vfio device lie at offsets beyond 32 bits, and a BAR can be
 * larger than the address space of a 32-bit process.
 */
_Static_assert(sizeof(size_t) == 8 && sizeof(off_t) == 8, "libtphbuf is for 64-bit Linux only");

#define ERROR_TEXT_MAX 1024

struct tphbuf_ctx {
	unsigned int refs;
	uint64_t page_size;
	char *sysfs_root;
	char *dev_root;
	char *proc_root;
	tphbuf_log_fn log;
	void *log_arg;
	enum tphbuf_log_level log_level;
	enum tphbuf_stage error_stage;
	char error[ERROR_TEXT_MAX];
	struct tag_clock *clock;
};

/*
 * Counts the tags set through a context. Registries look at it and keep it
 * beyond the context.
 */
struct tag_clock {
	uint32_t refs;	  /* atomic */
	uint64_t changes; /* atomic */
};

/*
 * How a device descriptor is obtained and given an I/O address space. The
 * rest of the library sees a vfio device descriptor and nothing else.
 */
struct device_backend {
	const char *name;
	/*
	 * Fill in dev->fd and the backend's own descriptors. 0 or -errno;
	 * what is open after a failure, close() closes.
	 */
	int (*open)(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts);
	/* Undo open; also called after a failed one. */
	void (*close)(struct tphbuf_device *dev);
};

struct device_region {
	uint64_t size;
	uint64_t offset; /* in the device descriptor */
	uint32_t flags;	 /* VFIO_REGION_INFO_FLAG_ */
};

enum tag_feature {
	TAG_FEATURE_UNASKED,
	TAG_FEATURE_PROBED, /* the number answers as ours would */
	TAG_FEATURE_PROVEN, /* a reply had our layout; supported is valid */
};

struct tphbuf_device {
	unsigned int refs;
	struct tphbuf_ctx *ctx;
	const struct device_backend *backend; /* NULL until it is open */
	int fd;
	int iommufd;   /* backend_cdev, else -1 */
	int container; /* backend_group, else -1 */
	int group;     /* same */
	char bdf[TPHBUF_BDF_MAX];
	struct device_region bar[TPHBUF_NUM_BARS];
	struct device_region config;
	enum tag_feature tag_feature;
	bool steer_proven; /* the feature number is that of VFIO_DEVICE_FEATURE_TPH_ST */
	uint32_t tag_supported;
};

struct tphbuf_buffer {
	unsigned int refs;
	struct tphbuf_ctx *ctx;
	struct tphbuf_device *dev; /* NULL if not ours */
	int fd;
	enum tphbuf_source source;
	struct tphbuf_identity identity; /* see buffer_identity() */
	int bar;			 /* -1 if imported */
	uint64_t length;
	struct tphbuf_range *claimed; /* by the sender, see share.c */
	void *map;
	size_t nr_ranges;
	struct tphbuf_range ranges[];
};

/* ctx.c */
static inline void ctx_get(struct tphbuf_ctx *ctx)
{
	ctx->refs++;
}

void ctx_put(struct tphbuf_ctx *ctx);
/* The text of a file of procfs, cut to @size and ended by a 0. 0 or -errno. */
int ctx_read_proc(const struct tphbuf_ctx *ctx, const char *name, char *text, size_t size);
void clock_get(struct tag_clock *clock); /* both take NULL */
void clock_put(struct tag_clock *clock);
void ctx_log(struct tphbuf_ctx *ctx, enum tphbuf_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* device.c */
static inline void device_get(struct tphbuf_device *dev)
{
	dev->refs++;
}

void device_put(struct tphbuf_device *dev);
int device_read_regions(struct tphbuf_device *dev);
/* For struct pcicfg_reader, of the config region; @arg is the device */
int device_read_config(void *arg, unsigned int offset, void *buf, unsigned int size);

/* ranges.c */
int ranges_check(struct tphbuf_device *dev, unsigned int bar, const struct tphbuf_range *ranges,
		 size_t n);

/*
 * buffer.c: a buffer without descriptor, with room for @n ranges, holding @ctx
 * and @dev (or NULL)
 */
struct tphbuf_buffer *buffer_new(struct tphbuf_ctx *ctx, struct tphbuf_device *dev, size_t n);
void buffer_put(struct tphbuf_buffer *buf);
/*
 * Give @buf the dma-buf @fd, and read its length and identity. The buffer owns
 * @fd from now on, on failure too. 0 or -errno.
 */
int buffer_take_fd(struct tphbuf_buffer *buf, int fd, enum tphbuf_source source);

/*
 * Which dma-buf it is. That of an exported buffer is read at the first call: an
 * fstat() is half of what the library adds to export and registration. Any
 * thread may call it. 0 or -errno.
 */
int buffer_identity(struct tphbuf_buffer *buf, struct tphbuf_identity *identity);

/*
 * buffer_tag.c: read the tag of @dmabuf_fd through its device @device_fd.
 * Touches no object, so any thread may call it. 0 or -errno.
 */
int tag_read(int device_fd, int dmabuf_fd, struct tphbuf_tag_state *state);
/*
 * The tag of @buf, which has its device, for callers that do not require tags.
 * Return: 1; 0 if there are no tags here; -errno, recorded.
 */
int buffer_tag_if_any(struct tphbuf_buffer *buf, struct tphbuf_tag_state *state);

#endif
