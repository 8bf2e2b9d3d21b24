/* SPDX-License-Identifier: MIT */
/* Remedies that library and command both name. */
#ifndef UTIL_REMEDY_H
#define UTIL_REMEDY_H

/*
 * Linux 7.3, drivers/pci/pci-sysfs.c, pci_read_config(): without CAP_SYS_ADMIN
 * in the initial user namespace a read ends after 64 bytes.
 */
#define REMEDY_CONFIG_SPACE                                                               \
	"read them with CAP_SYS_ADMIN in the initial user namespace (root, but not of a " \
	"container's user namespace), where sysfs has the config files"

/* Limits of the rdma cgroup: the kernel's rdmacg_try_charge() fails with EAGAIN. */
#define REMEDY_RDMA_HANDLE "raise hca_handle in rdma.max of the process's rdma cgroup"
#define REMEDY_RDMA_OBJECT "raise hca_object in rdma.max of the process's rdma cgroup"

#endif
