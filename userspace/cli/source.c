// SPDX-License-Identifier: MIT
/* The buffer that a command works on: device opened, memory enabled, ranges exported. */
#include <string.h>

#include "cli/source.h"

static int export(const struct options *opts, struct source *src)
{
	struct tphbuf_tag tag = opts->tag;
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_export_opts export_opts = {
		.size = sizeof(export_opts),
		.tag = opts->has_tag ? &tag : NULL,
	};
	struct tphbuf_range whole = { 0 };
	int ret;

	if (opts->nr_ranges)
		return tphbuf_buffer_export(src->dev, (unsigned int)opts->bar, opts->ranges,
					    opts->nr_ranges, &export_opts, &src->buf);
	ret = tphbuf_device_info(src->dev, &info);
	if (ret)
		return ret;
	whole.length = info.bar[opts->bar].size;
	return tphbuf_buffer_export(src->dev, (unsigned int)opts->bar, &whole, 1, &export_opts,
				    &src->buf);
}

int device_open(struct cli *cli, const struct options *opts, struct tphbuf_device **dev)
{
	struct tphbuf_device_opts dev_opts = {
		.size = sizeof(dev_opts),
		.vf_token = opts->vf_token,
		.backend = opts->backend,
		.flags = opts->noiommu ? TPHBUF_DEVICE_NOIOMMU : 0,
	};

	return tphbuf_device_open(cli->ctx, opts->bdf, &dev_opts, dev);
}

int source_open(struct cli *cli, const struct options *opts, struct source *src)
{
	int ret;

	memset(src, 0, sizeof(*src));
	ret = device_open(cli, opts, &src->dev);
	/* Already enabled by the open, unless another process shares the device. */
	if (!ret)
		ret = tphbuf_device_memory(src->dev, true);
	if (!ret)
		ret = export(opts, src);
	if (ret) {
		source_close(src);
		return cli_fail(cli, ret);
	}
	return CLI_OK;
}

const char *source_bdf(const struct source *src)
{
	if (src->received)
		return src->received->bdf;
	return src->dev ? tphbuf_device_bdf(src->dev) : "";
}

int source_bar(const struct source *src)
{
	return src->received ? src->received->bar : tphbuf_buffer_bar(src->buf);
}

const struct tphbuf_range *source_ranges(const struct source *src, size_t *n)
{
	if (!src->received)
		return tphbuf_buffer_ranges(src->buf, n);
	*n = src->received->nr_ranges;
	return src->received->ranges;
}

void source_close(struct source *src)
{
	tphbuf_buffer_close(src->buf);
	tphbuf_device_close(src->dev);
	memset(src, 0, sizeof(*src));
}
