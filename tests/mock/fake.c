// SPDX-License-Identifier: MIT
/* The ioctl side of the fake machine, see fake.h. */
#include <errno.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <rdma/rdma_user_ioctl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tests/mock/fake.h"
#include "tests/mock/fault.h"
#include "tests/mock/region.h"

#define IOAS_ID 42

struct fake_device fake;
int (*fake_rdma_ioctl)(void *arg);

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

static unsigned int nr_resets;

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
	memset(&ioctl_failure, 0, sizeof(ioctl_failure));
	memset(&feature_failure, 0, sizeof(feature_failure));
	memset(&call_failure, 0, sizeof(call_failure));
	fake_user(0, UINT64_MAX);
	nr_resets = 0;
	dmabuf_reset();
	files_reset();
	group_reset();
	nodes_reset();
	steer_reset();
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

unsigned int fake_resets(void)
{
	return nr_resets;
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
