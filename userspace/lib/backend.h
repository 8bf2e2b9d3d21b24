/* SPDX-License-Identifier: MIT */
/* The ways to open a vfio device, see struct device_backend. */
#ifndef TPHBUF_BACKEND_H
#define TPHBUF_BACKEND_H

#include "lib/internal.h"

/* Character device bound to a private iommufd context. */
extern const struct device_backend backend_cdev;

#endif
