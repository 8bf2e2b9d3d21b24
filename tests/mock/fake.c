// SPDX-License-Identifier: MIT
/* The ioctl side of the fake machine and the call wrappers, see fake.h. */
#define _GNU_SOURCE /* memfd_create */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/iommufd.h>
#include <linux/udmabuf.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <rdma/rdma_user_ioctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/fault.h"
#include "tests/mock/region.h"

#define MAX_DMABUFS 4096
#define IOAS_ID	    42
#define FEATURE_OPS (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)

/* The fake itself makes the real calls. */
int __real_fcntl(int fd, int cmd, ...);
int __real_fstat(int fd, struct stat *st);
ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);

struct fake_device fake;
int (*fake_rdma_ioctl)(void *arg);
uint64_t fake_sync[FAKE_SYNCS];
static unsigned int nr_syncs;

static struct {
	unsigned long request;
	unsigned int countdown;
	int err;
} ioctl_failure;

static struct {
	uint32_t flags;
	int err;
} feature_failure;

static struct {
	const char *name;
	int err;
} call_failure;

static struct {
	const char *path;
	int err;
} open_failure;

static struct {
	const char *path;
	int err;
} access_failure;

static struct dmabuf {
	ino_t ino;
	bool foreign;
	struct fake_tag tag;
} dmabufs[MAX_DMABUFS];

static unsigned int nr_dmabufs, nr_resets;

bool fake_plain_nodes;

static struct fake_entry entries[FAKE_ENTRIES];

void fake_setup(void)
{
	static const struct fake_device defaults = {
		.bar_size = { 4096, 32, FAKE_BAR2_SIZE, 0, 0, 256 },
		.bar_flags = {
			[0] = VFIO_REGION_INFO_FLAG_MMAP,
			[2] = VFIO_REGION_INFO_FLAG_MMAP,
		},
		.config_size = 4096,
		.has_dmabuf = true,
		.has_tph = true,
		.supported = 3,
		.device_flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.is_cdev = true,
		.api_version = VFIO_API_VERSION,
		.models = 1 << VFIO_TYPE1_IOMMU | 1 << VFIO_TYPE1v2_IOMMU,
		.viable = true,
	};

	fake = defaults;
	for (unsigned int i = 0; i < FAKE_ENTRIES; i++)
		entries[i] = (struct fake_entry){ .cpu = FAKE_NO_CPU };
	memset(&ioctl_failure, 0, sizeof(ioctl_failure));
	memset(&feature_failure, 0, sizeof(feature_failure));
	memset(&call_failure, 0, sizeof(call_failure));
	memset(&open_failure, 0, sizeof(open_failure));
	memset(&access_failure, 0, sizeof(access_failure));
	fake_plain_nodes = false;
	fake_user(0, UINT64_MAX);
	nr_dmabufs = 0;
	nr_resets = 0;
	group_reset();
	nodes_reset();
	nr_syncs = 0;
	memset(fake_sync, 0, sizeof(fake_sync));
	tree_build();
}

void fake_fail_ioctl(unsigned long request, unsigned int nth, int err)
{
	ioctl_failure.request = request;
	ioctl_failure.countdown = nth;
	ioctl_failure.err = err;
}

void fake_fail_feature(uint32_t flags, int err)
{
	feature_failure.flags = flags;
	feature_failure.err = err;
}

void fake_fail_call(const char *name, int err)
{
	call_failure.name = name;
	call_failure.err = err;
}

void fake_fail_open(const char *path, int err)
{
	open_failure.path = path;
	open_failure.err = err;
}

void fake_fail_access(const char *path, int err)
{
	access_failure.path = path;
	access_failure.err = err;
}

/* For wrappers: true if this call must fail; sets errno. */
bool call_fails(const char *name)
{
	if (call_failure.name && !strcmp(call_failure.name, name)) {
		call_failure.name = NULL;
		errno = call_failure.err;
		return true;
	}
	if (fault_hits()) {
		errno = EIO;
		return true;
	}
	return false;
}

unsigned int fake_nr_dmabufs(void)
{
	return nr_dmabufs;
}

unsigned int fake_resets(void)
{
	return nr_resets;
}

struct fake_tag *fake_dmabuf_tag(void)
{
	return &dmabufs[nr_dmabufs - 1].tag;
}

static int new_dmabuf(uint64_t size, bool foreign)
{
	struct stat st;
	int fd = memfd_create("dmabuf", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size) || __real_fstat(fd, &st) ||
	    nr_dmabufs == MAX_DMABUFS)
		abort();
	memset(&dmabufs[nr_dmabufs], 0, sizeof(dmabufs[0]));
	dmabufs[nr_dmabufs].ino = st.st_ino;
	dmabufs[nr_dmabufs++].foreign = foreign;
	return fd;
}

int fake_foreign_dmabuf(size_t size)
{
	return new_dmabuf(size, true);
}

static struct dmabuf *find_dmabuf(int fd)
{
	struct stat st;
	unsigned int i;

	if (__real_fstat(fd, &st))
		return NULL;
	for (i = 0; i < nr_dmabufs; i++)
		if (dmabufs[i].ino == st.st_ino)
			return &dmabufs[i];
	return NULL;
}

static int bind_iommufd(struct vfio_device_bind_iommufd *arg)
{
	size_t min = offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr);

	if (arg->argsz < min || arg->iommufd < 0)
		return -EINVAL;
	if (arg->flags & VFIO_DEVICE_BIND_FLAG_TOKEN) {
		if (arg->argsz < sizeof(*arg) || !fake.token)
			return -EINVAL;
		if (memcmp((void *)(uintptr_t)arg->token_uuid_ptr, fake.token, 16))
			return -EACCES;
	} else if (fake.token) {
		return -EACCES;
	}
	arg->out_devid = 1;
	return 0;
}

static int region_info(struct vfio_region_info *arg)
{
	if (arg->argsz < sizeof(*arg))
		return -EINVAL;
	arg->offset = REGION_OFFSET(arg->index);
	arg->flags = 0;
	if (arg->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		arg->size = fake.config_size;
		return 0;
	}
	if (arg->index > VFIO_PCI_BAR5_REGION_INDEX)
		return -EINVAL;
	arg->size = fake.bar_size[arg->index];
	if (arg->size)
		arg->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
			     fake.bar_flags[arg->index];
	return 0;
}

static int feature_dma_buf(uint32_t flags, size_t size, struct vfio_device_feature_dma_buf *arg)
{
	uint64_t length = 0;
	uint32_t i;

	if (!fake.has_dmabuf)
		return -ENOTTY;
	if (flags & VFIO_DEVICE_FEATURE_SET)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (size < sizeof(*arg) || !arg->nr_ranges || arg->flags ||
	    size < sizeof(*arg) + arg->nr_ranges * sizeof(arg->dma_ranges[0]))
		return -EINVAL;
	if (arg->region_index > VFIO_PCI_BAR5_REGION_INDEX)
		return -ENODEV;
	for (i = 0; i < arg->nr_ranges; i++)
		length += arg->dma_ranges[i].length;
	return new_dmabuf(length, false);
}

static int foreign_feature(uint32_t flags)
{
	if (fake.foreign == FOREIGN_SET_ONLY && flags & VFIO_DEVICE_FEATURE_GET)
		return -EINVAL;
	return 0;
}

static int set_tph(const struct vfio_device_feature_dma_buf_tph *arg, struct dmabuf *dmabuf)
{
	struct fake_tag tag = { .flags = arg->flags };

	if (arg->flags & VFIO_DMA_BUF_TPH_ST)
		tag.st = arg->steering_tag;
	if (arg->flags & VFIO_DMA_BUF_TPH_ST_EXT)
		tag.xst = arg->steering_tag_ext;
	if (arg->flags)
		tag.ph = arg->ph;
	dmabuf->tag = tag;
	return 0;
}

static int feature_tph(uint32_t flags, size_t size, struct vfio_device_feature_dma_buf_tph *arg)
{
	struct dmabuf *dmabuf;

	if (fake.foreign)
		return foreign_feature(flags);
	if (!fake.has_tph)
		return -ENOTTY;
	if (!fake.supported)
		return -EOPNOTSUPP;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if ((flags & FEATURE_OPS) == FEATURE_OPS || !(flags & FEATURE_OPS) ||
	    size < offsetof(struct vfio_device_feature_dma_buf_tph, supported))
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_SET) {
		if (arg->flags & ~3u || arg->ph > 3)
			return -EINVAL;
		if (arg->flags & ~fake.supported)
			return -EOPNOTSUPP;
	}
	if (__real_fcntl(arg->dmabuf_fd, F_GETFD) < 0)
		return -EBADF;
	dmabuf = find_dmabuf(arg->dmabuf_fd);
	if (!dmabuf || dmabuf->foreign)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_SET)
		return set_tph(arg, dmabuf);
	arg->flags = dmabuf->tag.flags;
	if (size >= sizeof(*arg))
		arg->supported = fake.supported;
	arg->steering_tag = dmabuf->tag.st;
	arg->steering_tag_ext = dmabuf->tag.xst;
	arg->ph = dmabuf->tag.ph;
	return 0;
}

struct fake_entry *fake_entry(unsigned int index)
{
	return &entries[index];
}

static int set_steer(const struct vfio_device_feature_tph_st *arg)
{
	uint32_t i;

	for (i = 0; i < arg->count; i++) {
		if (arg->data[i] == VFIO_TPH_ST_CLEAR)
			continue;
		if (arg->data[i] >= FAKE_CPUS)
			return -EINVAL;
		if (arg->data[i] == FAKE_CPUS - 1)
			return -EPERM;
	}
	for (i = 0; i < arg->count; i++)
		entries[arg->index + i] = (struct fake_entry){ .cpu = arg->data[i],
							       .pm = arg->flags & VFIO_TPH_ST_PM };
	return 0;
}

/* CPU n has tag 0x20 + n, CPU 0 no tag of 16 bits, the others 0x120 + n; 0x40 and 0x240 for persistent memory. */
static void get_steer(struct vfio_device_feature_tph_st *arg)
{
	uint32_t i, cpu;
	bool pm;

	for (i = 0; i < arg->count; i++) {
		cpu = entries[arg->index + i].cpu;
		arg->data[i] = 0;
		if (cpu == FAKE_NO_CPU)
			continue;
		pm = entries[arg->index + i].pm;
		arg->data[i] = VFIO_TPH_ST_VALID | ((pm ? 0x40 : 0x20) + cpu) << 16;
		if (cpu)
			arg->data[i] |= VFIO_TPH_ST_EXT_VALID | ((pm ? 0x240 : 0x120) + cpu);
	}
}

static int foreign_steer(uint32_t flags, struct vfio_device_feature_tph_st *arg)
{
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (flags & VFIO_DEVICE_FEATURE_SET)
		fake.foreign_sets++;
	else if (fake.steer == STEER_FOREIGN_SET_ONLY)
		return -EINVAL;
	else
		arg->data[0] = 0x12345678;
	return 0;
}

static int feature_steer(uint32_t flags, size_t size, struct vfio_device_feature_tph_st *arg)
{
	if (fake.steer >= STEER_FOREIGN)
		return foreign_steer(flags, arg);
	if (fake.steer == STEER_OFF)
		return -ENOTTY;
	if (fake.steer == STEER_NO_REQUESTER)
		return -EOPNOTSUPP;
	if (flags & VFIO_DEVICE_FEATURE_GET && fake.steer != STEER_UNSAFE)
		return -EPERM;
	if (flags & FEATURE_OPS && !fake.steer_entries)
		return -EOPNOTSUPP;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if ((flags & FEATURE_OPS) == FEATURE_OPS || !(flags & FEATURE_OPS) || size < sizeof(*arg) ||
	    !arg->count || size < sizeof(*arg) + arg->count * sizeof(arg->data[0]) ||
	    arg->index + arg->count > (int)fake.steer_entries)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_SET)
		return set_steer(arg);
	get_steer(arg);
	return 0;
}

static int feature(struct vfio_device_feature *arg)
{
	size_t size = arg->argsz - sizeof(*arg);

	if (arg->argsz < sizeof(*arg))
		return -EINVAL;
	if (feature_failure.err && feature_failure.flags == arg->flags) {
		feature_failure.flags = 0;
		return -feature_failure.err;
	}
	switch (arg->flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_DMA_BUF:
		return feature_dma_buf(arg->flags, size, (void *)arg->data);
	case VFIO_DEVICE_FEATURE_DMA_BUF_TPH:
		return feature_tph(arg->flags, size, (void *)arg->data);
	case VFIO_DEVICE_FEATURE_TPH_ST:
		return feature_steer(arg->flags, size, (void *)arg->data);
	default:
		return -ENOTTY;
	}
}

/* Host memory: lengths as the kernel takes them; the memfd is sealed. */
static int udmabuf_create(const struct udmabuf_create *arg)
{
	if (arg->offset || !arg->size || arg->size % 4096 || arg->size > FAKE_UDMABUF_MAX ||
	    __real_fcntl((int)arg->memfd, F_GET_SEALS) != F_SEAL_SHRINK)
		return -EINVAL;
	return new_dmabuf(arg->size, true);
}

static int heap_alloc(struct dma_heap_allocation_data *arg)
{
	if (arg->fd || arg->heap_flags || !arg->len || arg->fd_flags != (O_RDWR | O_CLOEXEC))
		return -EINVAL;
	arg->fd = (uint32_t)new_dmabuf(arg->len, true);
	return 0;
}

static int dmabuf_ioctl(int fd, unsigned long request, void *arg)
{
	const struct dma_buf_sync *sync = arg;

	switch (request) {
	case UDMABUF_CREATE:
		return udmabuf_create(arg);
	case DMA_HEAP_IOCTL_ALLOC:
		return heap_alloc(arg);
	case DMA_BUF_IOCTL_SYNC:
		if (!find_dmabuf(fd))
			return -ENOTTY;
		fake_sync[nr_syncs++ % FAKE_SYNCS] = sync->flags;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int do_ioctl(int fd, unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;
	struct vfio_device_attach_iommufd_pt *attach = arg;
	struct iommu_ioas_alloc *ioas = arg;

	switch (request) {
	case VFIO_DEVICE_BIND_IOMMUFD:
		return bind_iommufd(arg);
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return attach->pt_id == IOAS_ID && !attach->flags ? 0 : -EINVAL;
	case IOMMU_IOAS_ALLOC:
		ioas->out_ioas_id = IOAS_ID;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(arg);
	case VFIO_DEVICE_RESET:
		nr_resets++;
		return 0;
	case VFIO_DEVICE_FEATURE:
		return feature(arg);
	case VFIO_DEVICE_GET_INFO:
		if (!fd_is(fd, DEV_NODE))
			return -ENOTTY;
		info->flags = fake.device_flags;
		return 0;
	case RDMA_VERBS_IOCTL:
		return fake_rdma_ioctl ? fake_rdma_ioctl(arg) : -ENOTTY;
	case VFIO_GROUP_GET_STATUS:
	case VFIO_GROUP_SET_CONTAINER:
	case VFIO_GROUP_GET_DEVICE_FD:
		return group_ioctl(fd, request, arg);
	case VFIO_GET_API_VERSION:
	case VFIO_CHECK_EXTENSION:
	case VFIO_SET_IOMMU:
		return container_ioctl(fd, request, (uintptr_t)arg);
	default:
		return dmabuf_ioctl(fd, request, arg);
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	static pthread_mutex_t kernel = PTHREAD_MUTEX_INITIALIZER;
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (call_fails("ioctl"))
		return -1;
	if (ioctl_failure.countdown && ioctl_failure.request == request &&
	    !--ioctl_failure.countdown) {
		errno = ioctl_failure.err;
		return -1;
	}
	pthread_mutex_lock(&kernel);
	ret = do_ioctl(fd, request, arg);
	pthread_mutex_unlock(&kernel);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/* Lead /sys and /dev/{vfio,iommu} into the tree. */
static const char *lead(const char *path, char *buf)
{
	if (!fake_root()[0] || (strncmp(path, "/sys/", 5) && strncmp(path, "/dev/vfio", 9) &&
				strcmp(path, "/dev/iommu") && strcmp(path, "/proc/cpuinfo") &&
				strcmp(path, "/proc/cmdline") && strcmp(path, "/dev/udmabuf") &&
				strncmp(path, "/dev/dma_heap/", 14)))
		return path;
	if ((size_t)snprintf(buf, PATH_MAX, "%s%s", fake_root(), path) >= PATH_MAX)
		abort();
	return buf;
}

/* The fdinfo of a dma-buf. Return: -1 if @path is about another file. */
static int open_fdinfo(const char *path)
{
	static const char text[] = "pos:\t0\nflags:\t02\nsize:\t4096\ncount:\t2\nexp_name:\tfake\n";
	int about, fd;

	if (sscanf(path, "/proc/self/fdinfo/%d", &about) != 1 || !find_dmabuf(about))
		return -1;
	fd = memfd_create("fdinfo", MFD_CLOEXEC);
	if (fd < 0 || __real_pwrite(fd, text, sizeof(text) - 1, 0) < 0)
		abort();
	return fd;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	char buf[PATH_MAX];
	mode_t mode = 0;
	va_list ap;
	int fd;

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (call_fails("open"))
		return -1;
	if (open_failure.path && !strcmp(open_failure.path, path)) {
		open_failure.path = NULL;
		errno = open_failure.err;
		return -1;
	}
	fd = open_fdinfo(path);
	return fd < 0 ? __real_open(lead(path, buf), flags, mode) : fd;
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
	char buf[PATH_MAX];

	return call_fails("opendir") ? NULL : __real_opendir(lead(path, buf));
}

int __real_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st)
{
	char buf[PATH_MAX];

	if (call_fails("stat") || __real_stat(lead(path, buf), st))
		return -1;
	if (!strncmp(path, "/dev/", 5) && S_ISREG(st->st_mode) && !fake_plain_nodes)
		st->st_mode = S_IFCHR | 0600;
	return 0;
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	char buf[PATH_MAX];

	if (call_fails("access"))
		return -1;
	path = lead(path, buf);
	if (!access_failure.path || strcmp(fake_path("%s", access_failure.path), path))
		return __real_access(path, mode);
	errno = access_failure.err;
	return -1;
}

int __wrap_fstat(int fd, struct stat *st)
{
	unsigned int major, minor;

	if (call_fails("fstat") || __real_fstat(fd, st))
		return -1;
	if (node_number(fd, &major, &minor)) {
		st->st_mode = S_IFCHR | 0600;
		st->st_rdev = makedev(major, minor);
	}
	return 0;
}

char *__real_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved)
{
	char buf[PATH_MAX];

	return call_fails("realpath") ? NULL : __real_realpath(lead(path, buf), resolved);
}

ssize_t __real_readlink(const char *path, char *target, size_t size);
ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
	static const char anon[] = "anon_inode:[vfio-device]";
	char buf[PATH_MAX];
	int fd;

	if (call_fails("readlink"))
		return -1;
	if (sscanf(path, "/proc/self/fd/%d", &fd) == 1 && fake_root()[0] && fd_is(fd, DEV_NODE) &&
	    size >= sizeof(anon) - 1) {
		memcpy(target, anon, sizeof(anon) - 1);
		return sizeof(anon) - 1;
	}
	return __real_readlink(lead(path, buf), target, size);
}

void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return call_fails("mmap") ? MAP_FAILED : __real_mmap(addr, length, prot, flags, fd, offset);
}

ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	return call_fails("pread") ? -1 : __real_pread(fd, buf, size, offset);
}

/* Control register of the TPH requester capability, which the fake machine has at 0x100 */
#define STEER_CTRL ((off_t)(REGION_OFFSET(REGION_CONFIG) + 0x108))

/* As vfio has it: the mode stays while TPH is enabled, and a refusal reads back as off. */
static uint32_t virtual_ctrl(int fd, const void *buf)
{
	uint32_t value, before = 0;

	memcpy(&value, buf, sizeof(value));
	if (__real_pread(fd, &before, sizeof(before), STEER_CTRL) != sizeof(before))
		abort();
	if (before & 0x300 && value & 0x300)
		value = (value & ~7u) | (before & 7);
	return fake.steer_refuses ? value & ~0x300u : value;
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t size, off_t offset)
{
	uint32_t ctrl;

	if (call_fails("pwrite"))
		return -1;
	if (fake.steer < STEER_CONFINED || offset != STEER_CTRL || size != sizeof(ctrl))
		return __real_pwrite(fd, buf, size, offset);
	ctrl = virtual_ctrl(fd, buf);
	return __real_pwrite(fd, &ctrl, sizeof(ctrl), offset);
}

off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence)
{
	return call_fails("lseek") ? -1 : __real_lseek(fd, offset, whence);
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return call_fails("fcntl") ? -1 : __real_fcntl(fd, cmd, arg);
}
