// SPDX-License-Identifier: MIT
/* PCI functions as sysfs shows them: addresses, list, description. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/internal.h"
#include "lib/pci/config.h"
#include "lib/pci/sysfs.h"
#include "util/number.h"

static int hex_field(const char **text, unsigned int min_digits, unsigned int max_digits, char end,
		     unsigned int *value)
{
	const char *p = *text;
	unsigned int digits = 0, sum = 0;

	for (; digits < max_digits; digits++, p++) {
		int digit = hex_digit(*p);

		if (digit < 0)
			break;
		sum = sum << 4 | (unsigned int)digit;
	}
	if (digits < min_digits || *p != end)
		return -EINVAL;
	*text = end ? p + 1 : p;
	*value = sum;
	return 0;
}

int tphbuf_bdf_parse(const char *text, char *bdf)
{
	unsigned int domain = 0, bus, device, function;
	const char *p = text, *colon;

	if (!text || !bdf)
		return -EINVAL;
	colon = strchr(text, ':');
	if (colon && strchr(colon + 1, ':') && hex_field(&p, 1, 8, ':', &domain))
		return -EINVAL;
	if (hex_field(&p, 1, 2, ':', &bus) || hex_field(&p, 1, 2, '.', &device) ||
	    hex_field(&p, 1, 1, '\0', &function) || device > 0x1f || function > 7)
		return -EINVAL;
	snprintf(bdf, TPHBUF_BDF_MAX, "%04x:%02x:%02x.%u", domain, bus, device, function);
	return 0;
}

static int read_config(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	struct sysfs_config config;
	int ret = sysfs_config_open(ctx, bdf, &config);

	pcicfg_unknown(info);
	if (sysfs_hidden(ret)) {
		ctx_log(ctx, TPHBUF_LOG_INFO, "%s: config space is hidden (%s)", bdf,
			strerror(-ret));
		return sysfs_exists(ctx, bdf);
	}
	if (ret)
		return ret;
	ret = pcicfg_decode(&config.reader, info);
	sysfs_config_close(&config);
	return ret;
}

int tphbuf_pci_find(struct tphbuf_ctx *ctx, const char *name, char *bdf)
{
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!name || !bdf)
		return ctx_fail_null(ctx, "name and bdf");
	if (!tphbuf_bdf_parse(name, bdf))
		return 0;
	if (!name[0] || strchr(name, '/') || strchr(name, ':'))
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"'%s' is neither a PCI address nor an RDMA device; use the form 0000:03:00.0 or mlx5_0",
				name);
	ret = sysfs_rdma_bdf(ctx, name, bdf);
	if (ret && sysfs_rdma_exists(ctx, name))
		return ctx_fail(ctx, TPHBUF_STAGE_LOOKUP, ret,
				"RDMA device %s has no PCI function (it is software, such as rxe or siw), so it sends no steering tags; name a NIC, see tphbuf list",
				name);
	if (ret)
		return ctx_fail(ctx, TPHBUF_STAGE_LOOKUP, ret,
				"there is no RDMA device %s; see tphbuf list --all", name);
	return 0;
}

int tphbuf_pci_read(struct tphbuf_ctx *ctx, const char *bdf, struct tphbuf_pci_info *info)
{
	char name[TPHBUF_BDF_MAX];
	struct tphbuf_pci_info i;
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!info || tphbuf_bdf_parse(bdf, name))
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"'%s' is not a PCI address; use the form 0000:03:00.0",
				bdf ? bdf : "(null)");
	ret = sysfs_exists(ctx, name);
	if (!ret)
		ret = sysfs_describe(ctx, name, &i);
	if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, ret, "%s", name);
	ret = read_config(ctx, name, &i);
	if (ret == -EIO)
		ctx_log(ctx, TPHBUF_LOG_INFO, "%s: config space does not answer", name);
	else if (ret)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, ret, "%s: config", name);
	return ctx_info_out(ctx, info, &i, tphbuf_pci_info);
}

static int compare_bdf(const void *a, const void *b)
{
	return strcmp(a, b);
}

int tphbuf_pci_list(struct tphbuf_ctx *ctx, char (**bdfs)[TPHBUF_BDF_MAX], size_t *n)
{
	char(*list)[TPHBUF_BDF_MAX] = NULL;
	size_t used = 0, room = 0;
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	if (!ctx)
		return -EINVAL;
	if (!bdfs || !n)
		return ctx_fail_null(ctx, "bdfs and n");
	snprintf(path, sizeof(path), "%s/bus/pci/devices", ctx->sysfs_root);
	dir = opendir(path);
	if (!dir)
		return ctx_fail_errno(ctx, TPHBUF_STAGE_LOOKUP, -errno, "%s", path);
	while ((entry = readdir(dir))) {
		char(*more)[TPHBUF_BDF_MAX];
		char bdf[TPHBUF_BDF_MAX];

		if (tphbuf_bdf_parse(entry->d_name, bdf))
			continue;
		if (used == room) {
			room = room ? 2 * room : 64;
			more = realloc(list, room * sizeof(*list));
			if (!more)
				goto err_nomem;
			list = more;
		}
		memcpy(list[used++], bdf, sizeof(bdf));
	}
	closedir(dir);
	if (used)
		qsort(list, used, sizeof(*list), compare_bdf);
	*bdfs = list;
	*n = used;
	return 0;

err_nomem:
	closedir(dir);
	free(list);
	return ctx_fail_nomem(ctx, TPHBUF_STAGE_LOOKUP);
}

void tphbuf_pci_list_free(char (*bdfs)[TPHBUF_BDF_MAX])
{
	free(bdfs);
}
