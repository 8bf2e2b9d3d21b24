/* SPDX-License-Identifier: MIT */
/*
 * Version of the model's firmware: 0.1.0, which no product has. The initialisation segment and
 * the component registers report the same one.
 */
#ifndef NIC_FIRMWARE_H
#define NIC_FIRMWARE_H

#define NIC_FW_MAJOR	0u
#define NIC_FW_MINOR	1u
#define NIC_FW_SUBMINOR 0u
#define NIC_FW_VERSION	(NIC_FW_MAJOR << 24 | NIC_FW_MINOR << 16 | NIC_FW_SUBMINOR)

#endif
