// SPDX-License-Identifier: MIT
/* The legacy vfio interface of the fake machine: container and group. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"
#include "util/uuid.h"

/* The fake itself makes the real calls. */
int __real_open(const char *path, int flags, ...);
int __real_stat(const char *path, struct stat *st);
int __real_fstat(int fd, struct stat *st);

static bool container_filled;
static unsigned int model_set;

void group_reset(void)
{
	container_filled = false;
	model_set = 0;
}

bool fd_is(int fd, const char *node)
{
	struct stat a, b;

	return !__real_fstat(fd, &a) && !__real_stat(fake_path("%s", node), &b) &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* "BDF" or "BDF vf_token=UUID" */
static int group_device(const char *name)
{
	static const char option[] = FAKE_BDF " vf_token=";
	unsigned char token[16];

	if (strncmp(name, FAKE_BDF, strlen(FAKE_BDF)))
		return -ENODEV;
	if (!strcmp(name, FAKE_BDF)) {
		if (fake.token)
			return -EACCES;
	} else {
		if (strncmp(name, option, strlen(option)) ||
		    uuid_text_parse(name + strlen(option), token) || !fake.token)
			return -EINVAL;
		if (memcmp(token, fake.token, sizeof(token)))
			return -EACCES;
	}
	return __real_open(fake_path(DEV_NODE), O_RDWR | O_CLOEXEC);
}

int group_ioctl(int fd, unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	if (!fd_is(fd, FAKE_GROUP))
		return -ENOTTY;
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = fake.viable ? VFIO_GROUP_FLAGS_VIABLE : 0;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		if (!fd_is(*(int *)arg, FAKE_CONTAINER))
			return -EBADF;
		/* A container that is an iommufd claims the group later. */
		container_filled = true;
		return 0;
	default:
		return model_set ? group_device(arg) : -EINVAL;
	}
}

int container_ioctl(int fd, unsigned long request, uintptr_t model)
{
	if (!fd_is(fd, FAKE_CONTAINER))
		return -ENOTTY;
	switch (request) {
	case VFIO_GET_API_VERSION:
		return fake.api_version;
	case VFIO_CHECK_EXTENSION:
		return !!(fake.models & 1u << model);
	default:
		if (!container_filled)
			return -EINVAL;
		if (!(fake.models & 1u << model))
			return -ENODEV;
		model_set = (unsigned int)model;
		return 0;
	}
}

unsigned int fake_model(void)
{
	return model_set;
}
