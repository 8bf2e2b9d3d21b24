// SPDX-License-Identifier: MIT
/* Steering tags that the fake machine's device sends itself: VFIO_DEVICE_FEATURE_TPH_ST and the control register. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"

static struct fake_entry entries[FAKE_ENTRIES];

void steer_reset(void)
{
	for (unsigned int i = 0; i < FAKE_ENTRIES; i++)
		entries[i] = (struct fake_entry){ .cpu = FAKE_NO_CPU };
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

int feature_steer(uint32_t flags, size_t size, struct vfio_device_feature_tph_st *arg)
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

/* Control register of the TPH requester capability, which the fake machine has at 0x100 */
#define STEER_CTRL ((off_t)(REGION_OFFSET(REGION_CONFIG) + 0x108))

ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);

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

ssize_t __real_pwrite(int fd, const void *buf, size_t size, off_t offset);
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
