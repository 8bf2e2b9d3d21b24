/* SPDX-License-Identifier: MIT */
/*
 * A machine for the library to run on: a sysfs and device tree in a temporary
 * directory, and the vfio, iommufd and dma-buf calls the library makes.
 *
 * Paths under /sys and /dev are led to that directory by the wrappers of
 * open(), opendir(), stat() and readlink(). A device node is a plain file
 * with the BARs and the config space at their region offsets, so reads,
 * writes and mappings are real; only ioctl() is modelled, from
 * include/uapi/linux/{vfio,iommufd}.h and the documented error rules. fstat()
 * and statx() show a node as the character device that fake_node() says.
 */
#ifndef MOCK_FAKE_H
#define MOCK_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_BDF       "0000:03:00.0"
#define FAKE_NIC_BDF   "0000:05:00.0"
#define FAKE_BAR2_SIZE (64u << 20)
/* Nodes of the legacy interface: made by fake_group_nodes(). */
#define FAKE_CONTAINER "dev/vfio/vfio"
#define FAKE_GROUP     "dev/vfio/12"

/* The answers of the function's device file; the defaults describe a fully capable device. */
struct fake_device {
	uint64_t bar_size[6];
	uint32_t bar_flags[6]; /* VFIO_REGION_INFO_FLAG_ */
	uint64_t config_size;
	bool has_dmabuf;    /* VFIO_DEVICE_FEATURE_DMA_BUF */
	bool has_tph;	    /* the TPH feature's number has the meaning of this series */
	uint32_t supported; /* namespaces; 0: not a TPH completer */
	/* VFIO_DEVICE_FEATURE_TPH_ST */
	enum {
		STEER_OFF,
		STEER_NO_REQUESTER,
		STEER_CONFINED,
		STEER_UNSAFE,
		STEER_FOREIGN,		/* the number of another feature */
		STEER_FOREIGN_SET_ONLY, /* the same, without GET */
	} steer;
	uint32_t steer_entries; /* that can be set */
	bool steer_refuses;	/* to enable TPH */
	unsigned int foreign_sets;
	/* The meaning of the number in another kernel. */
	enum { FOREIGN_NONE, FOREIGN_SET_ONLY, FOREIGN_BOTH } foreign;
	const char *token;     /* 16 bytes wanted at bind, or NULL */
	uint32_t device_flags; /* VFIO_DEVICE_FLAGS_ */
	bool is_cdev;	       /* false: the device file of a group, which has no type */
	/* The legacy interface. */
	int api_version;
	uint32_t models; /* set of bits 1 << VFIO_..._IOMMU */
	bool viable;
	/* Maximum delay before a rename() that replaces a file, for other processes to run. */
	unsigned int rename_delay_us;
};

extern struct fake_device fake;

/* Flags of the first DMA_BUF_IOCTL_SYNC calls. */
#define FAKE_SYNCS 8
extern uint64_t fake_sync[FAKE_SYNCS];

#define FAKE_UDMABUF_MAX (64u << 20)

/* Build the tree with the default machine, reset all state. */
void fake_setup(void);
/* Remove the tree. */
void fake_teardown(void);

/* The directory that stands for "/": "<root>/sys", "<root>/dev". */
const char *fake_root(void);
/* Path below the root, in a static buffer overwritten by the next call. */
const char *fake_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Container and group of FAKE_BDF; without them only the cdev is there. */
void fake_group_nodes(void);

/*
 * The device number that the file @path below the root shows: a name of
 * fake_setup()'s machine, or another file after this call. Major 0: a plain file.
 */
void fake_node(const char *path, unsigned int major, unsigned int minor);

/* Edit the tree; paths relative to the root. They abort on failure. */
void fake_mkdir(const char *path);
void fake_write(const char *path, const void *data, size_t size);
void fake_text(const char *path, const char *text);
void fake_link(const char *path, const char *target);
void fake_remove(const char *path);
void fake_bytes(const char *path, uint64_t offset, const void *data, size_t size);
/* The config space of FAKE_BDF, in sysfs and through vfio. */
void fake_config(unsigned int offset, uint32_t value, unsigned int size);
void fake_device_config(unsigned int offset, uint32_t value, unsigned int size);

/* RDMA_VERBS_IOCTL, if verbs.c is linked. Return: 0 or -errno. */
extern int (*fake_rdma_ioctl)(void *arg);

/* Let the @nth (1: next) ioctl with this number fail with @err. */
void fake_fail_ioctl(unsigned long request, unsigned int nth, int err);
/* The same for a feature of VFIO_DEVICE_FEATURE and its GET/SET/PROBE bits. */
void fake_fail_feature(uint32_t flags, int err);
/* Let the next call of this wrapped function fail. */
void fake_fail_call(const char *name, int err);
/* Let the next open() of this path fail. */
void fake_fail_open(const char *path, int err);
/*
 * True: stat() shows the files that stand for nodes below /dev as what they are,
 * regular files. Otherwise as character devices. fake_setup() clears it.
 */
extern bool fake_plain_nodes;
/* Let every access() to this path below the root fail, also for root. */
void fake_fail_access(const char *path, int err);

/* The user that the code under test runs as, and the limit of locked memory. fake_setup(): root without limit. */
void fake_user(unsigned int uid, uint64_t memlock);

/* The number of dma-bufs made, and the tag state of the newest. */
unsigned int fake_nr_dmabufs(void);
struct fake_tag {
	uint32_t flags;
	uint16_t xst;
	uint8_t st;
	uint8_t ph;
};
struct fake_tag *fake_dmabuf_tag(void);
/* CPU of an entry of the steering tag table, and whether for persistent memory; FAKE_NO_CPU: not set. */
#define FAKE_ENTRIES 64
#define FAKE_CPUS    4 /* that exist; the caller may run on all but the last */
#define FAKE_NO_CPU  UINT32_MAX
struct fake_entry {
	uint32_t cpu;
	bool pm;
};
struct fake_entry *fake_entry(unsigned int index);

/* A dma-buf of another exporter. The caller closes the descriptor. */
int fake_foreign_dmabuf(size_t size);

unsigned int fake_resets(void);

/* The IOMMU model the container was given; 0 for none. */
unsigned int fake_model(void);

/* Number of open descriptors of this process. */
unsigned int fake_count_fds(void);

#endif
