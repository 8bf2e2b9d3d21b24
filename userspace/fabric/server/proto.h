/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user protocol, server side: wire format.
 *
 * Source: QEMU docs/interop/vfio-user.rst, protocol version 0.x. Commands are
 * answered in the order in which they came. The server never sends commands of
 * its own: guest memory is accessed through the files of DMA_MAP.
 */
#ifndef SRV_PROTO_H
#define SRV_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#define SRV_MAX_FDS  16u    /* in one message; announced to the client */
#define SRV_MAX_XFER 65536u /* bytes of one region access; announced to the client */

enum srv_command_number {
	SRV_VERSION = 1,
	SRV_DMA_MAP = 2,
	SRV_DMA_UNMAP = 3,
	SRV_DEVICE_GET_INFO = 4,
	SRV_DEVICE_GET_REGION_INFO = 5,
	SRV_DEVICE_GET_REGION_IO_FDS = 6,
	SRV_DEVICE_GET_IRQ_INFO = 7,
	SRV_DEVICE_SET_IRQS = 8,
	SRV_REGION_READ = 9,
	SRV_REGION_WRITE = 10,
	SRV_DMA_READ = 11,
	SRV_DMA_WRITE = 12,
	SRV_DEVICE_RESET = 13,
	SRV_COMMAND_COUNT,
};

/* Header flags */
#define SRV_TYPE_MASK	 0x0fu
#define SRV_TYPE_COMMAND 0x00u
#define SRV_TYPE_REPLY	 0x01u
#define SRV_NO_REPLY	 0x10u
#define SRV_ERROR	 0x20u

struct srv_header {
	uint16_t id;
	uint16_t command;
	uint32_t size; /* of the message with this header */
	uint32_t flags;
	uint32_t error; /* errno, with SRV_ERROR */
};

struct srv_version {
	uint16_t major, minor;
	/* JSON text with its NUL */
};

#define SRV_DMA_FLAG_READ  1u
#define SRV_DMA_FLAG_WRITE 2u

struct srv_dma_map {
	uint32_t argsz, flags;
	uint64_t offset, addr, size;
};

#define SRV_UNMAP_FLAG_ALL 2u

struct srv_dma_unmap {
	uint32_t argsz, flags;
	uint64_t addr, size;
};

struct srv_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	/* data */
};

#define SRV_MAX_BODY (sizeof(struct srv_region_access) + SRV_MAX_XFER)

_Static_assert(sizeof(struct srv_header) == 16, "header");
_Static_assert(sizeof(struct srv_dma_map) == 32, "DMA_MAP");
_Static_assert(sizeof(struct srv_dma_unmap) == 24, "DMA_UNMAP");
_Static_assert(sizeof(struct srv_region_access) == 16, "REGION_READ");

struct fab_device;

/* One command with its answer. */
struct srv_msg {
	struct srv_header header;
	const void *body; /* header.size - 16 bytes, aligned to 8 */
	uint32_t len;
	int fds[SRV_MAX_FDS]; /* owned; a handler that keeps one writes -1 here */
	unsigned int nfds;
	uint8_t *reply; /* SRV_MAX_BODY bytes */
	uint32_t reply_len;
	int reply_fd;	 /* borrowed from the device, -1: none */
	const char *why; /* reason of a refusal if errno is ambiguous; NULL: errno is sufficient */
};

struct srv_session {
	struct fab_device *dev;
	bool versioned; /* VERSION has been agreed on */
};

/*
 * Check and run one command. 0: answer in msg; -errno: error reply. *close is set when the stream
 * cannot continue. srv_proto_act() runs the part that must follow the answer.
 */
int srv_proto_run(struct srv_session *session, struct srv_msg *msg, bool *close);
void srv_proto_act(struct srv_session *session, struct srv_msg *msg);
const char *srv_proto_name(unsigned int command);

/* region.c: handlers of the region commands */
int srv_region_info(struct srv_session *session, struct srv_msg *msg);
int srv_region_read(struct srv_session *session, struct srv_msg *msg);
int srv_region_write(struct srv_session *session, struct srv_msg *msg); /* checks only */
void srv_region_write_act(struct srv_session *session, struct srv_msg *msg);

/* irq.c */
int srv_irq_info(struct srv_session *session, struct srv_msg *msg);
int srv_irq_set(struct srv_session *session, struct srv_msg *msg);

#endif
