// SPDX-License-Identifier: MIT
/*
 * vf_token TEST PF VF ...: virtual functions whose physical function is bound to vfio-pci too.
 *   tokens PF VF OTHER	who may open what with which token (vfio_pci_core_match_token_uuid()); OTHER is neither
 *   buffers PF VF NIC	a VF opened with its token exports, is refused tags and is registered as any device
 * Wrong tokens come before the right one.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#include "rdma.h"

#define TOKEN	"0b8a3c52-6f1d-4c7e-9a40-52f1c3d97e11"
#define WRONG	"0b8a3c52-6f1d-4c7e-9a40-52f1c3d97e12"

static struct tphbuf_device *device_open(struct tphbuf_ctx *ctx, const char *bdf, const char *token)
{
	struct tphbuf_device_opts opts = { .size = sizeof(opts), .vf_token = token };
	struct tphbuf_device *dev;

	require(!tphbuf_device_open(ctx, bdf, &opts, &dev), "%s", tphbuf_ctx_error(ctx));
	return dev;
}

/* The refusal names the device and the token as reason, and does not tell the token. */
static void refused(struct tphbuf_ctx *ctx, const char *what, const char *bdf, const char *token, int want)
{
	struct tphbuf_device_opts opts = { .size = sizeof(opts), .vf_token = token };
	struct tphbuf_device *dev;
	int ret = tphbuf_device_open(ctx, bdf, &opts, &dev);
	const char *said = tphbuf_ctx_error(ctx);

	require(ret == want, "%s: %d instead of %d", what, ret, want);
	require(strstr(said, bdf) && strstr(said, "token"), "%s: the message is '%s'", what, said);
	require(!token || !strstr(said, token), "%s: the message tells the token", what);
}

static void test_tokens(struct tphbuf_ctx *ctx, const char *pf, const char *vf, const char *other)
{
	struct tphbuf_device *of_pf, *of_vf;

	refused(ctx, "neither PF nor VF, with a token", other, TOKEN, -EINVAL);
	tphbuf_device_close(device_open(ctx, other, NULL));
	refused(ctx, "VF before its PF had a token", vf, TOKEN, -EACCES);

	/* No VF is in use: what the PF is opened with becomes the token. */
	of_pf = device_open(ctx, pf, TOKEN);
	refused(ctx, "VF without token", vf, NULL, -EACCES);
	refused(ctx, "VF with a wrong token", vf, WRONG, -EACCES);
	refused(ctx, "VF with half a token", vf, "0b8a3c52-6f1d-4c7e", -EINVAL);
	of_vf = device_open(ctx, vf, TOKEN);

	/* A VF is in use: its PF opens with the same token only. */
	tphbuf_device_close(of_pf);
	refused(ctx, "PF without token, VF in use", pf, NULL, -EACCES);
	refused(ctx, "PF with another token, VF in use", pf, WRONG, -EACCES);
	tphbuf_device_close(device_open(ctx, pf, TOKEN));
	tphbuf_device_close(of_vf);

	/* The token stays when the PF is closed; without users a new one replaces it. */
	tphbuf_device_close(device_open(ctx, vf, TOKEN));
	tphbuf_device_close(device_open(ctx, pf, WRONG));
	refused(ctx, "VF with the former token", vf, TOKEN, -EACCES);
	tphbuf_device_close(device_open(ctx, vf, WRONG));
}

static int tph(struct tphbuf_device *dev, uint32_t op, int dmabuf)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf_tph tph;
	} request = {
		.head = { .argsz = sizeof(request), .flags = VFIO_DEVICE_FEATURE_DMA_BUF_TPH | op },
		.tph = { .dmabuf_fd = dmabuf, .flags = op == VFIO_DEVICE_FEATURE_SET ? VFIO_DMA_BUF_TPH_ST : 0 },
	};

	return ioctl(tphbuf_device_fd(dev), VFIO_DEVICE_FEATURE, &request.head) ? -errno : 0;
}

/* igb completes no TPH: the answers of vm no_completer.sh, whatever the descriptor. */
static void tags_are_refused(struct tphbuf_device *dev, struct tphbuf_buffer *buf)
{
	static const uint32_t ops[] = { VFIO_DEVICE_FEATURE_PROBE, VFIO_DEVICE_FEATURE_SET, VFIO_DEVICE_FEATURE_GET };
	struct tphbuf_tag tag = { .valid = TPHBUF_TAG_ST, .st = 1, .ph = 1 };
	unsigned int i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		require(tph(dev, ops[i], -1) == -EOPNOTSUPP, "operation %u, no descriptor: %m", i);
		require(tph(dev, ops[i], tphbuf_buffer_fd(buf)) == -EOPNOTSUPP, "operation %u: %m", i);
	}
	require(tphbuf_buffer_tag_set(buf, &tag) == -EOPNOTSUPP, "a tag was accepted");
}

static void is_registered_untagged(struct tphbuf_ctx *ctx, struct tphbuf_buffer *buf, struct port *nic)
{
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	struct tphbuf_mr *mr;

	require(!tphbuf_mr_register(buf, nic->pd, NULL, &mr), "%s", tphbuf_ctx_error(ctx));
	require(!tphbuf_mr_applied(mr, &applied), "%s", tphbuf_ctx_error(ctx));
	require(applied.state == TPHBUF_APPLIED_NO && !strcmp(applied.code, "untagged"), "state %d, '%s'",
		applied.state, applied.code);
	require(!tphbuf_mr_deregister(mr), "%s", tphbuf_ctx_error(ctx));
}

/* The PF is closed when its VF opens, so that both may be in one IOMMU group; the token stays. */
static void test_buffers(struct tphbuf_ctx *ctx, const char *pf, const char *vf, const char *nic_name)
{
	static const struct tphbuf_range good = { 0, 4096 }, too_long = { 0, 1 << 20 };
	struct tphbuf_buffer *buf, *dead, *none;
	struct tphbuf_device *dev;
	struct tphbuf_mr *mr;
	struct port nic;

	port_open(&nic, nic_name);
	tphbuf_device_close(device_open(ctx, pf, TOKEN));
	dev = device_open(ctx, vf, TOKEN);
	require(tphbuf_buffer_export(dev, 0, &too_long, 1, NULL, &none) == -EINVAL, "a range beyond the BAR was exported");
	require(!tphbuf_buffer_export(dev, 0, &good, 1, NULL, &buf), "%s", tphbuf_ctx_error(ctx));
	tags_are_refused(dev, buf);
	is_registered_untagged(ctx, buf, &nic);
	/* A VF has no Memory Space Enable: switched off, it is on again before the write returns. */
	require(!tphbuf_device_memory(dev, false), "%s", tphbuf_ctx_error(ctx));
	is_registered_untagged(ctx, buf, &nic);
	require(!tphbuf_device_reset(dev), "%s", tphbuf_ctx_error(ctx));
	is_registered_untagged(ctx, buf, &nic);

	/* A descriptor that outlives buffer and device is dead. */
	require(!tphbuf_buffer_import(ctx, tphbuf_buffer_fd(buf), NULL, &dead), "%s", tphbuf_ctx_error(ctx));
	tphbuf_buffer_close(buf);
	tphbuf_device_close(dev);
	require(tphbuf_mr_register(dead, nic.pd, NULL, &mr) == -ENODEV, "a buffer of a closed VF was registered");
	tphbuf_buffer_close(dead);
	port_close(&nic);
}

int main(int argc, char **argv)
{
	struct tphbuf_ctx *ctx;

	require(argc == 5, "usage: vf_token tokens PF VF OTHER | buffers PF VF NIC");
	require(!tphbuf_ctx_new(NULL, &ctx), "no context");
	if (!strcmp(argv[1], "tokens"))
		test_tokens(ctx, argv[2], argv[3], argv[4]);
	else if (!strcmp(argv[1], "buffers"))
		test_buffers(ctx, argv[2], argv[3], argv[4]);
	else
		fail("no test %s", argv[1]);
	tphbuf_ctx_free(ctx);
	return 0;
}
