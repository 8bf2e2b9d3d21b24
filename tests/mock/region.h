/* SPDX-License-Identifier: MIT */
/* Where the fake device's regions lie in its node, and the parts of fake.h. */
#ifndef MOCK_REGION_H
#define MOCK_REGION_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGION_CONFIG	     7
#define REGION_OFFSET(index) ((uint64_t)(index) << 28)

/* The device's node, which a group's device descriptor refers to as well. */
#define DEV_NODE "dev/vfio/devices/vfio0"

void tree_build(void);

/* True if @fd refers to this file of the tree. */
bool fd_is(int fd, const char *node);

/* nodes.c: forget the nodes of fake_node() */
void nodes_reset(void);
/* The number of the node open at @fd. Return: false if it is another file. */
bool node_number(int fd, unsigned int *major, unsigned int *minor);

/* For wrappers: true if this call must fail; sets errno. */
bool call_fails(const char *name);

/* Both operations of a feature */
#define FEATURE_OPS (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)

/* dmabuf.c; answers of ioctls are 0 or more, or -errno */
void dmabuf_reset(void);
bool is_dmabuf(int fd);
int feature_dma_buf(uint32_t flags, size_t size, struct vfio_device_feature_dma_buf *arg);
int feature_tph(uint32_t flags, size_t size, struct vfio_device_feature_dma_buf_tph *arg);
int dmabuf_ioctl(int fd, unsigned long request, void *arg);

/* files.c */
void files_reset(void);

/* steer.c */
void steer_reset(void);
int feature_steer(uint32_t flags, size_t size, struct vfio_device_feature_tph_st *arg);

/* group.c */
void group_reset(void);
int group_ioctl(int fd, unsigned long request, void *arg);
int container_ioctl(int fd, unsigned long request, uintptr_t model);

#endif
