/* SPDX-License-Identifier: MIT */
/* The ways to open a vfio device, see struct device_backend. */
#ifndef TPHBUF_BACKEND_H
#define TPHBUF_BACKEND_H

#include "lib/core/internal.h"
#include "util/uuid.h"

/* Character device bound to a private iommufd context. */
extern const struct device_backend backend_cdev;
/* IOMMU group in a private container: the legacy interface. */
extern const struct device_backend backend_group;

/*
 * The device of the caller's descriptor @fd; backend_shared.c. If
 * dev->bdf is given it must be that device, else it is filled in. 0 or a
 * recorded error; device_put() cleans up.
 */
int shared_open(struct tphbuf_device *dev, int fd);

/*
 * Check that a vfio driver is bound to @dev, and write its name to @driver,
 * TPHBUF_NAME_MAX bytes. Return: 0 or a recorded error.
 */
int check_vfio_driver(struct tphbuf_device *dev, char *driver);

/*
 * Record why a device that no IOMMU isolates is not opened; @name is its node.
 * Return: 0 if the caller insists on it.
 */
int check_noiommu(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts,
		  const char *name);

/* Parse opts->vf_token, if there is one, into @uuid. 0 or a recorded error. */
int vf_token_parse(struct tphbuf_device *dev, const struct tphbuf_device_opts *opts,
		   unsigned char *uuid);

/*
 * Record that the kernel refused the device with @err at the call that takes
 * the VF token; @given tells whether it got one. Return: @err.
 */
int vf_token_fail(struct tphbuf_device *dev, int err, bool given);

#endif
