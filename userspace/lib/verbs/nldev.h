/* SPDX-License-Identifier: MIT */
/* The RDMA netlink (NETLINK_RDMA), as far as the library needs it. */
#ifndef TPHBUF_NLDEV_H
#define TPHBUF_NLDEV_H

#include <stdint.h>

/**
 * nldev_driver_id() - the enum rdma_driver_id of a device
 * @dev_index: number of the RDMA device, as ibv_get_device_index()
 * @id: result; each ioctl on the device's uverbs node has to name it
 *
 * RDMA_NLDEV_CMD_GET_CHARDEV, Linux 5.3. Return: 0 or -errno of netlink.
 */
int nldev_driver_id(uint32_t dev_index, uint32_t *id);

#endif
