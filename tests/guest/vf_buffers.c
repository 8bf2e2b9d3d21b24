// SPDX-License-Identifier: MIT
/*
 * vf_buffers PF VF NIC: a virtual function that is opened with the token of its physical function, which is bound to
 * vfio-pci too, exports, is refused tags, and is registered like any device. The permissions of
 * each token are tested by tests/vm/cases/igb_tokens.sh.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#include "tests/guest/rdma.h"
#include "tests/harness/args.h"

#define TOKEN "0b8a3c52-6f1d-4c7e-9a40-52f1c3d97e11"

static struct tphbuf_device *device_open(struct tphbuf_ctx *ctx, const char *bdf, const char *token)
{
	struct tphbuf_device_opts opts = { .size = sizeof(opts), .vf_token = token };
	struct tphbuf_device *dev;

	require(!tphbuf_device_open(ctx, bdf, &opts, &dev), "%s", tphbuf_ctx_error(ctx));
	return dev;
}

static int tph(struct tphbuf_device *dev, uint32_t op, int dmabuf)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf_tph tph;
	} request = {
		.head = { .argsz = sizeof(request), .flags = VFIO_DEVICE_FEATURE_DMA_BUF_TPH | op },
		.tph = { .dmabuf_fd = dmabuf,
			 .flags = op == VFIO_DEVICE_FEATURE_SET ? VFIO_DMA_BUF_TPH_ST : 0 },
	};

	return ioctl(tphbuf_device_fd(dev), VFIO_DEVICE_FEATURE, &request.head) ? -errno : 0;
}

/* igb completes no TPH: the answers of vm no_completer.sh, whatever the descriptor. */
static void tags_are_refused(struct tphbuf_device *dev, struct tphbuf_buffer *buf)
{
	static const uint32_t ops[] = { VFIO_DEVICE_FEATURE_PROBE, VFIO_DEVICE_FEATURE_SET,
					VFIO_DEVICE_FEATURE_GET };
	struct tphbuf_tag tag = { .valid = TPHBUF_TAG_ST, .st = 1, .ph = 1 };
	unsigned int i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		require(tph(dev, ops[i], -1) == -EOPNOTSUPP, "operation %u, no descriptor: %m", i);
		require(tph(dev, ops[i], tphbuf_buffer_fd(buf)) == -EOPNOTSUPP, "operation %u: %m",
			i);
	}
	require(tphbuf_buffer_tag_set(buf, &tag) == -EOPNOTSUPP, "a tag was accepted");
}

static void is_registered_untagged(struct tphbuf_ctx *ctx, struct tphbuf_buffer *buf,
				   struct port *nic)
{
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	struct tphbuf_mr *mr;

	require(!tphbuf_mr_register(buf, nic->pd, NULL, &mr), "%s", tphbuf_ctx_error(ctx));
	require(!tphbuf_mr_applied(mr, &applied), "%s", tphbuf_ctx_error(ctx));
	require(applied.state == TPHBUF_APPLIED_NO && !strcmp(applied.code, "untagged"),
		"state %d, '%s'", applied.state, applied.code);
	require(!tphbuf_mr_deregister(mr), "%s", tphbuf_ctx_error(ctx));
}

/* The PF is closed when its VF opens, so that both may be in one IOMMU group; the token stays. */
static void test_buffers(struct tphbuf_ctx *ctx, const char *pf, const char *vf,
			 const char *nic_name)
{
	static const struct tphbuf_range good = { 0, 4096 }, too_long = { 0, 1 << 20 };
	struct tphbuf_buffer *buf, *dead, *none;
	struct tphbuf_device *dev;
	struct tphbuf_mr *mr;
	struct port nic;

	port_open(&nic, nic_name);
	tphbuf_device_close(device_open(ctx, pf, TOKEN));
	dev = device_open(ctx, vf, TOKEN);
	require(tphbuf_buffer_export(dev, 0, &too_long, 1, NULL, &none) == -EINVAL,
		"a range beyond the BAR was exported");
	require(!tphbuf_buffer_export(dev, 0, &good, 1, NULL, &buf), "%s", tphbuf_ctx_error(ctx));
	tags_are_refused(dev, buf);
	is_registered_untagged(ctx, buf, &nic);
	/* A VF has no Memory Space Enable: switched off, it is on again before the write returns. */
	require(!tphbuf_device_memory(dev, false), "%s", tphbuf_ctx_error(ctx));
	is_registered_untagged(ctx, buf, &nic);
	require(!tphbuf_device_reset(dev), "%s", tphbuf_ctx_error(ctx));
	is_registered_untagged(ctx, buf, &nic);

	/* A descriptor that outlives buffer and device is dead. */
	require(!tphbuf_buffer_import(ctx, tphbuf_buffer_fd(buf), NULL, &dead), "%s",
		tphbuf_ctx_error(ctx));
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	require(tphbuf_mr_register(dead, nic.pd, NULL, &mr) == -ENODEV,
		"a buffer of a closed VF was registered");
	tphbuf_buffer_close(dead);
	port_close(&nic);
}

int main(int argc, char **argv)
{
	struct tphbuf_ctx *ctx;

	args_count(argc, 3, 3, "PF VF NIC");
	require(!tphbuf_ctx_new(NULL, &ctx), "no context");
	test_buffers(ctx, argv[1], argv[2], argv[3]);
	tphbuf_ctx_free(ctx);
	return 0;
}
