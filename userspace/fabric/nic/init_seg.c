// SPDX-License-Identifier: MIT
/*
 * BAR0: the initialisation segment in the first 64 KiB, then UAR pages with the
 * doorbells. All of it is trapped. A write acts when it covers whole registers or
 * a whole doorbell; any other write is ignored.
 *
 * A peer's DMA may write here too, so nothing below depends on the order in which
 * a driver writes. Ids of objects start above 0: events that the NIC itself
 * writes cannot ring a doorbell that makes it write again.
 */
#include <endian.h>
#include <string.h>

#include "fabric/core/reg.h"
#include "fabric/nic/clock.h"
#include "fabric/nic/firmware.h"
#include "fabric/nic/ifc.h"
#include "fabric/nic/init_seg.h"
#include "fabric/nic/nic.h"
#include "fabric/nic/queues/cq.h"
#include "fabric/nic/queues/eq.h"
#include "fabric/nic/queues/qp.h"

#define CMDIF_REV	5u
#define LOG_CMDQ_SIZE	5u /* 32 entries */
#define LOG_CMDQ_STRIDE 6u /* of 64 bytes */

/* Registers (include/linux/mlx5/device.h: struct mlx5_init_seg, struct health_buffer). */
enum {
	SEG_FW_REV = 0x0,
	SEG_CMDIF_REV = 0x4,
	SEG_CMDQ_ADDR_HIGH = 0x10,
	SEG_CMDQ_ADDR_LOW = 0x14,
	SEG_CMD_DOORBELL = 0x18,
	SEG_INITIALIZING = 0x1fc,
	SEG_HEALTH_FW_VERSION = 0x230,
	SEG_HEALTH_SEVERITY = 0x238,
	SEG_HEALTH_SYNDROME = 0x23c,
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
#define INTERFACE_SHIFT 8
#define INTERFACE_MASK	7u

#define CQ_SOLICITED	(1u << 24)
#define FW_RESET_SUPPORTED \
	(1u << 30) /* in SEG_INITIALIZING: the driver may write NIC_INTERFACE_SW_RESET */

/* Health buffer of a fatal state: request for reset, firmware internal error (mlx5/core/health.c). */
#define HEALTH_RFR	      (1ull << 31)
#define HEALTH_FW_INTERNAL    1ull
#define HEALTH_SYNDROME_SHIFT 16
#define HEALTH_SHIFT \
	17 /* of microseconds: about 8 counts a second; the driver reads it every 2 s */

static struct nic *to_nic(struct fab_device *dev)
{
	return (struct nic *)dev;
}

static uint64_t cmdq_high_read(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return to_nic(dev)->cmdif.addr >> 32;
}

static uint64_t cmdq_low_read(struct fab_device *dev, unsigned int arg)
{
	const struct nic_cmdif *cmdif = &to_nic(dev)->cmdif;

	(void)arg;
	return ((uint32_t)cmdif->addr & ~(NIC_PAGE - 1)) |
	       (uint32_t)cmdif->state << INTERFACE_SHIFT | LOG_CMDQ_SIZE << 4 | LOG_CMDQ_STRIDE;
}

/* shift: 32 or 0 */
static uint64_t timer_read(struct fab_device *dev, unsigned int shift)
{
	(void)dev;
	return (uint32_t)(nic_clock() >> shift);
}

static uint64_t severity_read(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return to_nic(dev)->fatal ? HEALTH_RFR : 0;
}

static uint64_t syndrome_read(struct fab_device *dev, unsigned int arg)
{
	(void)arg;
	return to_nic(dev)->fatal ? HEALTH_FW_INTERNAL << HEALTH_SYNDROME_SHIFT : 0;
}

/* Stands still in a fatal state. */
static uint64_t health_counter_read(struct fab_device *dev, unsigned int arg)
{
	const struct nic *nic = to_nic(dev);
	uint64_t now = nic->fatal ? nic->fatal_us : fab_loop_now_us(dev->fabric->loop);

	(void)arg;
	return now >> HEALTH_SHIFT & 0xffffff;
}

static void cmdq_high_written(struct fab_device *dev, uint64_t value)
{
	struct nic_cmdif *cmdif = &to_nic(dev)->cmdif;

	cmdif->addr = value << 32 | (uint32_t)cmdif->addr;
}

static void cmdq_low_written(struct fab_device *dev, uint64_t value)
{
	struct nic *nic = to_nic(dev);
	uint8_t state = value >> INTERFACE_SHIFT & INTERFACE_MASK;

	if (state == NIC_INTERFACE_SW_RESET) { /* firmware restarts, and is disabled after that */
		nic->fatal = false;
		state = NIC_INTERFACE_DISABLED;
	}
	if (state == NIC_INTERFACE_DISABLED) {
		nic_cmd_reset(nic);
		nic_cmd_drop_objects(nic);
	} else if (state == NIC_INTERFACE_FULL) {
		nic->cmdif.addr = (nic->cmdif.addr & ~(uint64_t)UINT32_MAX) |
				  (value & ~(uint64_t)(NIC_PAGE - 1));
		nic->cmdif.ready = true;
	}
	nic->cmdif.state = state;
}

static void doorbell_written(struct fab_device *dev, uint64_t value)
{
	nic_cmd_doorbell(to_nic(dev), (uint32_t)value);
}

#define RO .ro = FAB_REG_ALL

static const struct fab_reg seg_regs[] = {
	{ "fw_rev", SEG_FW_REV, 4, RO, .reset = NIC_FW_MINOR << 16 | NIC_FW_MAJOR },
	{ "cmdif_rev", SEG_CMDIF_REV, 4, RO, .reset = CMDIF_REV << 16 | NIC_FW_SUBMINOR },
	{ "cmdq_addr_high", SEG_CMDQ_ADDR_HIGH, 4, .read = cmdq_high_read,
	  .written = cmdq_high_written },
	{ "cmdq_addr_low", SEG_CMDQ_ADDR_LOW, 4, .ro = 0xff, .reserved = 0x800,
	  .read = cmdq_low_read, .written = cmdq_low_written },
	{ "cmd_doorbell", SEG_CMD_DOORBELL, 4, .write_only = true, .written = doorbell_written },
	{ "initializing", SEG_INITIALIZING, 4, RO, .reset = FW_RESET_SUPPORTED },
	{ "health_fw_version", SEG_HEALTH_FW_VERSION, 4, RO, .reset = NIC_FW_VERSION },
	{ "health_severity", SEG_HEALTH_SEVERITY, 4, RO, .read = severity_read },
	{ "health_syndrome", SEG_HEALTH_SYNDROME, 4, RO, .read = syndrome_read },
	{ "timer_high", SEG_TIMER_HIGH, 4, RO, .arg = 32, .read = timer_read },
	{ "timer_low", SEG_TIMER_LOW, 4, RO, .arg = 0, .read = timer_read },
	{ "health_counter", SEG_HEALTH_COUNTER, 4, RO, .read = health_counter_read },
};

const struct fab_reg_map nic_seg_map = {
	.reg = seg_regs,
	.count = sizeof(seg_regs) / sizeof(seg_regs[0]),
	.big_endian = true,
	.join_writes = true,
};

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
	memset(buf, 0, len);
	if (bar == 0 && off < NIC_UAR_OFFSET)
		fab_regs_read(&to_nic(dev)->seg, off, buf, len);
}

void nic_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
		   uint32_t len)
{
	uint32_t data[2];

	if (bar != 0 || off & 3 || (len != 4 && len != 8))
		return;
	if (off < NIC_UAR_OFFSET) {
		fab_regs_write(&to_nic(dev)->seg, off, buf, len);
		return;
	}
	memcpy(data, buf, len);
	uar_write(to_nic(dev), (uint32_t)(off & (NIC_PAGE - 1)), data, len / 4);
}

void nic_set_fatal(struct nic *nic, bool fatal)
{
	nic->fatal = fatal;
	nic->fatal_us = fab_loop_now_us(nic->dev.fabric->loop);
}
