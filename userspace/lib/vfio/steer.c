// SPDX-License-Identifier: MIT
/*
 * Steering tags that the device itself sends: VFIO_DEVICE_FEATURE_TPH_ST and the
 * control register of the TPH requester capability, which vfio makes virtual.
 *
 * Feature numbers are contended. Before anything is set, the number must prove itself, once per open
 * device: GET is refused as the level of the device demands, or fills in the layout of this feature.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include <tphbuf/steer.h>

#include "lib/core/internal.h"
#include "lib/pci/config.h"
#include "util/cmdline.h"

/* PCIe 6.x, 7.9.13; newer than the oldest <linux/pci_regs.h> */
#define CTRL	    8 /* offset of the control register */
#define CTRL_MODE   0x00000007u
#define CTRL_ENABLE 0x00000300u
#define CTRL_SHIFT  8
#define CAP_MODES   0x00000007u
#define CAP_EXT	    0x00000100u
#define TYPE_TPH    1u
#define TYPE_EXT    3u

struct request {
	struct vfio_feature_head head;
	struct vfio_device_feature_tph_st st;
	uint32_t data[TPHBUF_STEER_ENTRIES];
};

_Static_assert(offsetof(struct request, st) == offsetof(struct vfio_device_feature, data) &&
		       offsetof(struct request, data) ==
			       offsetof(struct request, st) +
				       offsetof(struct vfio_device_feature_tph_st, data),
	       "request layout");
_Static_assert(TPHBUF_STEER_NO_CPU == VFIO_TPH_ST_CLEAR && TPHBUF_STEER_PM == VFIO_TPH_ST_PM,
	       "numbers of the kernel");

static bool tph_is_disabled(const struct tphbuf_ctx *ctx)
{
	char text[CMDLINE_MAX];

	return !ctx_read_proc(ctx, "cmdline", text, sizeof(text)) && cmdline_has(text, "notph");
}

/* The kernel has one answer for several reasons. */
static int fail_unsupported(struct tphbuf_device *dev)
{
	const struct pcicfg_reader reader = { .read = device_read_config, .arg = dev };
	unsigned int pos;

	if (!pcicfg_find_ext_cap(&reader, PCI_EXT_CAP_ID_TPH, &pos) && !pos)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_STEER, -EOPNOTSUPP,
				"%s is no TPH requester: it has no such capability", dev->bdf);
	if (tph_is_disabled(dev->ctx))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_STEER, -EOPNOTSUPP,
				"%s: TPH is disabled; remove notph from pci= on the kernel command line and reboot",
				dev->bdf);
	return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_STEER, -EOPNOTSUPP, "%s", dev->bdf);
}

static int fail(struct tphbuf_device *dev, int err)
{
	if (err == -EOPNOTSUPP)
		return fail_unsupported(dev);
	return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_STEER, err, "%s", dev->bdf);
}

static int probe(struct tphbuf_device *dev, uint32_t op)
{
	return vfio_probe(dev->fd, op | VFIO_DEVICE_FEATURE_TPH_ST);
}

static bool has_our_layout(const struct request *reply)
{
	const uint32_t known = VFIO_TPH_ST_VALID | VFIO_TPH_ST_MASK | VFIO_TPH_ST_EXT_VALID |
			       VFIO_TPH_ST_EXT_MASK;
	uint32_t data = reply->data[0];

	return !reply->st.flags && !reply->st.index && reply->st.count == 1 && !(data & ~known) &&
	       (data & VFIO_TPH_ST_VALID || !(data & VFIO_TPH_ST_MASK)) &&
	       (data & VFIO_TPH_ST_EXT_VALID || !(data & VFIO_TPH_ST_EXT_MASK));
}

static int feature(struct tphbuf_device *dev, uint32_t op, struct request *request,
		   unsigned int first, size_t count)
{
	request->st.index = (uint16_t)first;
	request->st.count = (uint16_t)count;
	return vfio_feature(dev->fd, op | VFIO_DEVICE_FEATURE_TPH_ST, &request->head,
			    offsetof(struct request, data) + count * sizeof(request->data[0]));
}

/* Return: 0 or -errno, not recorded. */
static int prove(struct tphbuf_device *dev)
{
	struct request reply = { .data = { UINT32_MAX } };
	int ret;

	if (dev->steer_proven)
		return 0;
	ret = probe(dev, 0);
	if (ret)
		return ret == -EINVAL ? -EPROTO : ret;
	ret = feature(dev, VFIO_DEVICE_FEATURE_GET, &reply, 0, 1);
	if (ret == -EINVAL || ret == -ENOTTY || ret > 0 || (!ret && !has_our_layout(&reply)))
		return -EPROTO;
	if (ret && ret != -EPERM && ret != -EOPNOTSUPP)
		return ret;
	dev->steer_proven = true;
	return 0;
}

/* Where the capability is */
static int find_cap(struct tphbuf_device *dev, unsigned int *pos)
{
	const struct pcicfg_reader reader = { .read = device_read_config, .arg = dev };
	int ret = pcicfg_find_ext_cap(&reader, PCI_EXT_CAP_ID_TPH, pos);

	return ret || *pos ? ret : -EOPNOTSUPP;
}

static int read_register(struct tphbuf_device *dev, unsigned int at, uint32_t *value)
{
	const struct pcicfg_reader reader = { .read = device_read_config, .arg = dev };

	return pcicfg_read(&reader, at, 4, value);
}

static int write_ctrl(struct tphbuf_device *dev, unsigned int pos, uint32_t value)
{
	unsigned char bytes[4] = { (unsigned char)value, (unsigned char)(value >> 8) };
	ssize_t n;

	do {
		n = pwrite(dev->fd, bytes, sizeof(bytes), (off_t)(dev->config.offset + pos + CTRL));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(bytes) ? 0 : -EIO;
}

static uint32_t width_of(uint32_t type)
{
	return type == TYPE_EXT ? 16 : type == TYPE_TPH ? 8 : 0;
}

static uint32_t entries_of(uint32_t cap)
{
	if (!(cap & PCI_TPH_CAP_LOC_MASK))
		return 0;
	return ((cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT) + 1;
}

/* Not recorded. */
static int read_info(struct tphbuf_device *dev, struct tphbuf_steer_info *info)
{
	uint32_t cap, ctrl;
	unsigned int pos;
	int ret = prove(dev);

	if (!ret)
		ret = find_cap(dev, &pos);
	if (!ret)
		ret = read_register(dev, pos + PCI_TPH_CAP, &cap);
	if (!ret)
		ret = read_register(dev, pos + CTRL, &ctrl);
	if (ret)
		return ret;
	info->modes = cap & CAP_MODES;
	info->width = cap & CAP_EXT ? 16 : 8;
	info->entries = entries_of(cap);
	info->can = (probe(dev, VFIO_DEVICE_FEATURE_SET) ? 0 : TPHBUF_STEER_CAN_SET) |
		    (probe(dev, VFIO_DEVICE_FEATURE_GET) ? 0 : TPHBUF_STEER_CAN_GET);
	info->enabled = width_of((ctrl & CTRL_ENABLE) >> CTRL_SHIFT);
	info->mode = (enum tphbuf_steer_mode)(ctrl & CTRL_MODE);
	return 0;
}

int tphbuf_device_steer_info(struct tphbuf_device *dev, struct tphbuf_steer_info *info)
{
	struct tphbuf_steer_info i = { 0 };
	int ret;

	if (!dev)
		return -EINVAL;
	if (!info)
		return ctx_fail_null(dev->ctx, "info");
	ret = read_info(dev, &i);
	if (ret)
		return fail(dev, ret);
	return ctx_info_out(dev->ctx, info, &i, tphbuf_steer_info);
}

static int check_entries(struct tphbuf_device *dev, unsigned int first, const void *array,
			 size_t count)
{
	if (!array)
		return ctx_fail_null(dev->ctx, "array");
	if (!count || count > TPHBUF_STEER_ENTRIES || first > UINT16_MAX)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"entry %u, count %zu: give 1 to %d entries, the first below 65536",
				first, count, TPHBUF_STEER_ENTRIES);
	return 0;
}

int tphbuf_device_steer_set(struct tphbuf_device *dev, unsigned int first, const uint32_t *cpus,
			    size_t count, uint32_t flags)
{
	struct request request = { .st.flags = flags };
	int ret;

	if (!dev)
		return -EINVAL;
	ret = check_entries(dev, first, cpus, count);
	if (ret)
		return ret;
	if (flags & ~TPHBUF_STEER_PM)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"undefined bits in flags 0x%x; use TPHBUF_STEER_PM or 0", flags);
	memcpy(request.data, cpus, count * sizeof(cpus[0]));
	ret = prove(dev);
	if (!ret)
		ret = feature(dev, VFIO_DEVICE_FEATURE_SET, &request, first, count);
	return ret ? fail(dev, ret) : 0;
}

static struct tphbuf_tag tag_of(uint32_t data)
{
	struct tphbuf_tag tag = { 0 };

	if (data & VFIO_TPH_ST_VALID) {
		tag.valid |= TPHBUF_TAG_ST;
		tag.st = (uint8_t)((data & VFIO_TPH_ST_MASK) >> 16);
	}
	if (data & VFIO_TPH_ST_EXT_VALID) {
		tag.valid |= TPHBUF_TAG_XST;
		tag.xst = (uint16_t)(data & VFIO_TPH_ST_EXT_MASK);
	}
	return tag;
}

int tphbuf_device_steer_get(struct tphbuf_device *dev, unsigned int first, struct tphbuf_tag *tags,
			    size_t count)
{
	struct request request = { 0 };
	size_t i;
	int ret;

	if (!dev)
		return -EINVAL;
	ret = check_entries(dev, first, tags, count);
	if (ret)
		return ret;
	ret = prove(dev);
	if (!ret)
		ret = feature(dev, VFIO_DEVICE_FEATURE_GET, &request, first, count);
	if (ret)
		return fail(dev, ret);
	for (i = 0; i < count; i++)
		tags[i] = tag_of(request.data[i]);
	return 0;
}

static int enable(struct tphbuf_device *dev, enum tphbuf_steer_mode mode, uint32_t type)
{
	uint32_t want = type << CTRL_SHIFT | (uint32_t)mode, ctrl;
	unsigned int pos;
	int ret;

	ret = find_cap(dev, &pos);
	if (!ret)
		ret = write_ctrl(dev, pos, (uint32_t)mode);
	if (!ret)
		ret = write_ctrl(dev, pos, want);
	if (!ret)
		ret = read_register(dev, pos + CTRL, &ctrl);
	if (ret)
		return ret;
	return (ctrl & (CTRL_MODE | CTRL_ENABLE)) == want ? 0 : -EIO;
}

int tphbuf_device_steer_enable(struct tphbuf_device *dev, enum tphbuf_steer_mode mode,
			       unsigned int width)
{
	struct tphbuf_steer_info info = { 0 };
	int ret;

	if (!dev)
		return -EINVAL;
	if ((unsigned int)mode > TPHBUF_STEER_DS || (width && width != 8 && width != 16))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"mode %u with tags of %u bits; use a TPHBUF_STEER_ mode, and 8, 16 or 0",
				(unsigned int)mode, width);
	ret = read_info(dev, &info);
	if (ret)
		return fail(dev, ret);
	if (!width)
		width = info.width;
	if (!(info.modes & 1u << mode) || width > info.width)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_STEER, -EOPNOTSUPP,
				"%s: mode %u with %u-bit tags cannot be enabled (modes 0x%x, up to %u bits); see the level of the device, parameter tph_st of vfio-pci when it was bound",
				dev->bdf, (unsigned int)mode, width, info.modes, info.width);
	ret = enable(dev, mode, width == 16 ? TYPE_EXT : TYPE_TPH);
	return ret ? fail(dev, ret) : 0;
}

int tphbuf_device_steer_disable(struct tphbuf_device *dev)
{
	unsigned int pos;
	uint32_t ctrl;
	int ret;

	if (!dev)
		return -EINVAL;
	ret = find_cap(dev, &pos);
	if (!ret)
		ret = read_register(dev, pos + CTRL, &ctrl);
	if (!ret)
		ret = write_ctrl(dev, pos, ctrl & CTRL_MODE);
	return ret ? fail(dev, ret) : 0;
}
