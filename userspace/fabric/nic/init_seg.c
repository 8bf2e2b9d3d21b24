// SPDX-License-Identifier: MIT
/*
 * BAR0: the initialisation segment in the first 64 KiB, then UAR pages with the
 * doorbells. All of it is trapped. Reads see 32-bit registers; a write acts
 * when it covers a whole register, anything else is ignored.
 *
 * A peer's DMA may write here too, so nothing below may depend on the order
 * in which a driver would do things. Numbers of objects start above 0:
 * what the NIC itself writes (events) cannot ring a doorbell that writes again.
 */
#include <endian.h>
#include <string.h>

#include "fabric/nic/ifc.h"
#include "fabric/nic/init_seg.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"

/* The model's firmware version: 0.1.0, which no product has. */
#define FW_MAJOR	0u
#define FW_MINOR	1u
#define FW_SUBMINOR	0u
#define CMDIF_REV	5u
#define LOG_CMDQ_SIZE	5u /* 32 entries */
#define LOG_CMDQ_STRIDE 6u /* of 64 bytes */

/* Registers (include/linux/mlx5/device.h: struct mlx5_init_seg). */
enum {
	SEG_FW_REV = 0x0,
	SEG_CMDIF_REV = 0x4,
	SEG_CMDQ_ADDR_HIGH = 0x10,
	SEG_CMDQ_ADDR_LOW = 0x14,
	SEG_CMD_DOORBELL = 0x18,
	SEG_HEALTH_FW_VERSION = 0x230,
	SEG_TIMER_HIGH = 0x1000,
	SEG_TIMER_LOW = 0x1004,
	SEG_HEALTH_COUNTER = 0x1010,
};

/* Doorbells in a UAR page (include/linux/mlx5/{cq,doorbell}.h, mlx5/core/lib/eq.h). */
enum {
	UAR_CQ_ARM = 0x20,
	UAR_EQ_ARM = 0x40,
	UAR_EQ_UPDATE = 0x48,
	UAR_SQ_FIRST = 0x800,
};

/* nic_interface field of SEG_CMDQ_ADDR_LOW */
#define INTERFACE_SHIFT	   8
#define INTERFACE_MASK	   3u
#define INTERFACE_FULL	   0u
#define INTERFACE_DISABLED 1u

#define CQ_SOLICITED	   (1u << 24)
#define HEALTH_SHIFT	   17 /* of microseconds: about 8 counts a second; the driver looks every 2 s */

static uint32_t seg_read(struct nic *nic, uint32_t reg)
{
	uint64_t now = fab_loop_now_us(nic->dev.fabric->loop);

	switch (reg) {
	case SEG_FW_REV:
		return FW_MINOR << 16 | FW_MAJOR;
	case SEG_CMDIF_REV:
		return CMDIF_REV << 16 | FW_SUBMINOR;
	case SEG_CMDQ_ADDR_HIGH:
		return (uint32_t)(nic->cmdif.addr >> 32);
	case SEG_CMDQ_ADDR_LOW:
		return ((uint32_t)nic->cmdif.addr & ~(NIC_PAGE - 1)) |
		       (uint32_t)nic->cmdif.state << INTERFACE_SHIFT | LOG_CMDQ_SIZE << 4 |
		       LOG_CMDQ_STRIDE;
	case SEG_HEALTH_FW_VERSION:
		return FW_MAJOR << 24 | FW_MINOR << 16 | FW_SUBMINOR;
	case SEG_TIMER_HIGH:
		return (uint32_t)(now >> 32);
	case SEG_TIMER_LOW:
		return (uint32_t)now;
	case SEG_HEALTH_COUNTER:
		return (uint32_t)(now >> HEALTH_SHIFT) & 0xffffff;
	default:
		return 0;
	}
}

static void cmdq_low_write(struct nic *nic, uint32_t value)
{
	uint8_t state = value >> INTERFACE_SHIFT & INTERFACE_MASK;

	if (state == INTERFACE_DISABLED) {
		nic_cmd_reset(nic);
		nic_cmd_drop_objects(nic);
	} else if (state == INTERFACE_FULL) {
		nic->cmdif.addr = (nic->cmdif.addr & ~(uint64_t)UINT32_MAX) |
				  (value & ~(NIC_PAGE - 1));
		nic->cmdif.ready = true;
	}
	nic->cmdif.state = state;
}

static void seg_write(struct nic *nic, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case SEG_CMDQ_ADDR_HIGH:
		nic->cmdif.addr = (uint64_t)value << 32 | (uint32_t)nic->cmdif.addr;
		break;
	case SEG_CMDQ_ADDR_LOW:
		cmdq_low_write(nic, value);
		break;
	case SEG_CMD_DOORBELL:
		nic_cmd_doorbell(nic, value);
		break;
	}
}

/* data: 1 or 2 big endian words */
static void uar_write(struct nic *nic, uint32_t off, const uint32_t *data, uint32_t words)
{
	uint32_t first = be32toh(data[0]), second = words == 2 ? be32toh(data[1]) : 0;

	if (off >= UAR_SQ_FIRST) {
		/* Which QP is in the second word of the pair; how far is in its doorbell record. */
		if (words == 2)
			nic_sq_doorbell(nic, second >> 8);
		else if (off & 4)
			nic_sq_doorbell(nic, first >> 8);
	} else if (off == UAR_EQ_ARM || off == UAR_EQ_UPDATE) {
		nic_eq_doorbell(nic, first >> 24, first & NIC_CI_MASK, off == UAR_EQ_ARM);
	} else if (off == UAR_CQ_ARM && words == 2) {
		nic_cq_arm(nic, second & NIC_CI_MASK, first & NIC_CI_MASK, first & CQ_SOLICITED);
	} else if (off == UAR_CQ_ARM + 4 && words == 1) {
		nic_cq_arm_record(nic, first & NIC_CI_MASK);
	}
}

void nic_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf, uint32_t len)
{
	struct nic *nic = (struct nic *)dev;
	uint8_t *to = buf;
	uint32_t i, word;

	memset(buf, 0, len);
	if (bar != 0 || off >= NIC_UAR_OFFSET)
		return;
	for (i = 0; i < len; i++) {
		word = htobe32(seg_read(nic, (uint32_t)(off + i) & ~3u));
		to[i] = ((const uint8_t *)&word)[(off + i) & 3];
	}
}

void nic_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
		   uint32_t len)
{
	struct nic *nic = (struct nic *)dev;
	uint32_t data[2];

	if (bar != 0 || off & 3 || (len != 4 && len != 8))
		return;
	memcpy(data, buf, len);
	if (off >= NIC_UAR_OFFSET) {
		uar_write(nic, (uint32_t)(off & (NIC_PAGE - 1)), data, len / 4);
		return;
	}
	seg_write(nic, (uint32_t)off, be32toh(data[0]));
	if (len == 8)
		seg_write(nic, (uint32_t)off + 4, be32toh(data[1]));
}
