// SPDX-License-Identifier: MIT
/*
 * VF tokens. The kernel (vfio_pci_core_match_token_uuid()) knows four cases:
 *
 *	VF, PF bound to vfio-pci	the token of the PF is needed
 *	VF, PF bound otherwise		no token is taken
 *	PF, VFs of it in use		the token of the PF is needed
 *	PF, no VF of it in use		a token given becomes the PF's
 *
 * and any other function takes none. It answers EACCES to a token that is
 * missing or wrong and EINVAL to one that is not taken; which case it was, is
 * read from sysfs here. A token is a secret: it is never part of a text.
 */
#include <errno.h>
#include <string.h>

#include "lib/vfio/backend.h"
#include "lib/pci/sysfs.h"
#include "util/driver.h"

int vf_token_parse(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts,
		   unsigned char *uuid)
{
	if (!opts->vf_token || !uuid_text_parse(opts->vf_token, uuid))
		return 0;
	return ctx_fail(dev->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
			"%s: the VF token is not a UUID; use the form 01234567-89ab-cdef-0123-456789abcdef",
			dev->bdf);
}

static bool is_pf(struct tphbuf_device *dev)
{
	uint64_t vfs;

	return !sysfs_read_u64(dev->ctx, dev->bdf, "sriov_totalvfs", &vfs);
}

static int fail_vf(struct tphbuf_device *dev, int err, bool given, const char *pf)
{
	char driver[TPHBUF_NAME_MAX] = "none";

	sysfs_link_name(dev->ctx, pf, "driver", driver, sizeof(driver));
	if (err == -EACCES && given)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_BIND, err,
				"%s: this is not the VF token in force; pass the one its PF %s was opened with",
				dev->bdf, pf);
	if (err == -EACCES)
		return ctx_fail(dev->ctx, TPHBUF_STAGE_BIND, err,
				"%s: a VF token is needed, because its PF %s is bound to %s; pass the one the PF was opened with",
				dev->bdf, pf, driver);
	if (given && !driver_is_vfio(driver))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_BIND, err,
				"%s: takes no VF token, because its PF %s is not bound to vfio-pci (driver: %s); leave the token out",
				dev->bdf, pf, driver);
	return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_BIND, err, "%s", dev->bdf);
}

int vf_token_fail(struct tphbuf_device *dev, int err, bool given)
{
	char pf[TPHBUF_BDF_MAX];

	if (err != -EACCES && err != -EINVAL)
		return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_BIND, err, "%s", dev->bdf);
	if (!sysfs_link_name(dev->ctx, dev->bdf, "physfn", pf, sizeof(pf)))
		return fail_vf(dev, err, given, pf);
	if (err == -EACCES && is_pf(dev))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_BIND, err,
				given ? "%s: this is not the VF token in force; pass the one it was opened with before its VFs were" :
					"%s: a VF token is needed, because VFs of it are in use; pass the one it was opened with before",
				dev->bdf);
	if (err == -EINVAL && given && !is_pf(dev))
		return ctx_fail(dev->ctx, TPHBUF_STAGE_BIND, err,
				"%s: takes no VF token, because it is neither a PF nor a VF; leave the token out",
				dev->bdf);
	return ctx_fail_errno(dev->ctx, TPHBUF_STAGE_BIND, err, "%s", dev->bdf);
}
