/* SPDX-License-Identifier: MIT */
/*
 * Order of the vfio back ends with TPHBUF_BACKEND_AUTO: the character device,
 * then the group. The library opens by it, doctor predicts by it.
 */
#ifndef UTIL_BACKEND_ORDER_H
#define UTIL_BACKEND_ORDER_H

#include <stdbool.h>

/* Result of an attempt to open a device through a back end. */
enum backend_result {
	BACKEND_OPEN,
	BACKEND_MISSING,   /* kernel or container does not offer it */
	BACKEND_FORBIDDEN, /* no permission to open its nodes */
	BACKEND_FAILED,	   /* any other error */
};

/* The group is tried after this result of the character device. */
static inline bool backend_try_group(enum backend_result cdev)
{
	return cdev == BACKEND_MISSING || cdev == BACKEND_FORBIDDEN;
}

/*
 * Neither opened: true if the error of the group is reported, the one that got
 * further. On a tie the character device's is.
 */
static inline bool backend_report_group(enum backend_result cdev, enum backend_result group)
{
	return group != BACKEND_MISSING && (cdev == BACKEND_MISSING || group != BACKEND_FORBIDDEN);
}

#endif
