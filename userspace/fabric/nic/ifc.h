/* SPDX-License-Identifier: MIT */
/*
 * Layouts of the mlx5 interface. They are taken, at build time, from the kernel
 * (<linux/mlx5/mlx5_ifc.h>: commands and contexts) and from rdma-core
 * (<infiniband/mlx5dv.h>: WQE and CQE, DEVX_GET and DEVX_SET). Stated again here
 * is only what those two headers do not have.
 */
#ifndef NIC_IFC_H
#define NIC_IFC_H

#include <stddef.h>
#include <stdint.h>

/* Definitions of the kernel that mlx5_ifc.h uses. */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#ifndef BIT
#define BIT(n) (1u << (n))
#endif
#ifndef BIT_ULL
#define BIT_ULL(n) (1ull << (n))
#endif
#ifndef DECLARE_FLEX_ARRAY
#define DECLARE_FLEX_ARRAY(type, name) \
	struct {                       \
		struct {               \
		} name##_empty;        \
		type name[];           \
	}
#endif

#include <linux/mlx5/mlx5_ifc.h>
#include <infiniband/mlx5dv.h>

/* Room for one layout; DEVX_SET64 wants 8-byte alignment. */
#define NIC_LAYOUT(layout, name) uint32_t name[DEVX_ST_SZ_DW(layout)] __attribute__((aligned(8)))

/* Bits [bit, bit + size) of a layout, most significant first. */
struct nic_field {
	uint32_t bit;
	uint32_t size;
};

#define NIC_FIELD(layout, field) { __devx_bit_off(layout, field), __devx_bit_sz(layout, field) }

/* Fields of up to 32 bits that do not cross a dword, as all fields of the interface. */
static inline uint32_t nic_field_get(const void *p, struct nic_field field)
{
	return _devx_get(p, field.bit, field.size);
}

static inline void nic_field_set(void *p, struct nic_field field, uint32_t value)
{
	_devx_set(p, value, field.bit, field.size);
}

/* Command status, first byte of every output (include/linux/mlx5/device.h: MLX5_CMD_STAT_*). */
enum nic_cmd_status {
	NIC_CMD_OK = 0x00,
	NIC_CMD_INTERNAL = 0x01,
	NIC_CMD_BAD_OP = 0x02,
	NIC_CMD_BAD_PARAM = 0x03,
	NIC_CMD_BAD_SYS_STATE = 0x04,
	NIC_CMD_BAD_RES = 0x05,
	NIC_CMD_RES_BUSY = 0x06,
	NIC_CMD_LIMIT = 0x08,
	NIC_CMD_BAD_INDEX = 0x0a,
	NIC_CMD_NO_RES = 0x0f,
	NIC_CMD_BAD_QP_STATE = 0x10,
	NIC_CMD_BAD_IN_LEN = 0x50,
	NIC_CMD_BAD_OUT_LEN = 0x51,
};

/* Delivery status, bits 7:1 of the last byte of a command queue entry (drivers/.../mlx5/core/cmd.c). */
enum nic_delivery {
	NIC_DELIVERY_OK = 0x00,
	NIC_DELIVERY_TOKEN = 0x02,
	NIC_DELIVERY_BLOCK_NUMBER = 0x03,
	NIC_DELIVERY_OUT_ALIGN = 0x04,
	NIC_DELIVERY_IN_ALIGN = 0x05,
	NIC_DELIVERY_FIRMWARE = 0x06,
	NIC_DELIVERY_IN_LENGTH = 0x07,
	NIC_DELIVERY_OUT_LENGTH = 0x08,
	NIC_DELIVERY_DESCRIPTOR = 0x10,
};

/* Event types (include/linux/mlx5/device.h: MLX5_EVENT_TYPE_*). */
enum nic_event_type {
	NIC_EVENT_COMP = 0x00,
	NIC_EVENT_COMM_EST = 0x02,
	NIC_EVENT_CQ_ERROR = 0x04,
	NIC_EVENT_WQ_CATASTROPHIC = 0x05,
	NIC_EVENT_COMMAND = 0x0a,
	NIC_EVENT_PAGE_FAULT = 0x0c,
	NIC_EVENT_WQ_INVALID_REQUEST = 0x10,
	NIC_EVENT_WQ_ACCESS = 0x11,
	NIC_EVENT_SRQ_CATASTROPHIC = 0x12,
	NIC_EVENT_SRQ_LAST_WQE = 0x13,
	NIC_EVENT_SRQ_LIMIT = 0x14,
};

/*
 * Page fault event of the memory scheme (include/linux/mlx5/device.h: struct
 * mlx5_eqe_page_fault). Big endian.
 */
#define NIC_FAULT_MEMORY 2u	   /* eqe.event_sub_type */
#define NIC_FAULT_LAST	 (1u << 7) /* flags: the driver answers when it has served this event */

struct nic_eqe_memory_fault {
	uint8_t flags;
	uint8_t reserved;
	uint16_t post_demand_pages, pre_demand_pages;
	uint16_t token_47_32;
	uint32_t token_31_0;
	uint32_t demand_pages; /* in bits 31:12 */
	uint32_t mkey;
	uint64_t va;
} __attribute__((packed));

/* Registers of ACCESS_REG (include/linux/mlx5/driver.h: MLX5_REG_*). */
enum nic_register {
	NIC_REG_PMTU = 0x5003,
	NIC_REG_PTYS = 0x5004,
	NIC_REG_PPCNT = 0x5008,
	NIC_REG_PVLC = 0x500f,
	NIC_REG_NODE_DESC = 0x6001,
	NIC_REG_HOST_ENDIANNESS = 0x7004,
	NIC_REG_MNVDA = 0x9024,
	NIC_REG_MCQS = 0x9060,
	NIC_REG_MCQI = 0x9061,
	NIC_REG_MCAM = 0x907f,
};

/* UMR control segment (include/linux/mlx5/device.h: MLX5_UMR_*, MLX5_MKEY_MASK_*). */
enum nic_umr_flag {
	NIC_UMR_OFFSET = 1 << 4,
	NIC_UMR_CHECK_NOT_FREE = 1 << 5, /* fail when the key is not free */
	NIC_UMR_CHECK_FREE = 1 << 6,	 /* fail when the key is free */
	NIC_UMR_INLINE = 1 << 7,
};

#define NIC_UMR_LEN	    (1ull << 0)
#define NIC_UMR_PAGE_SIZE   (1ull << 1)
#define NIC_UMR_START_ADDR  (1ull << 6)
#define NIC_UMR_PD	    (1ull << 7)
#define NIC_UMR_EN_RINVAL   (1ull << 8)
#define NIC_UMR_KEY	    (1ull << 13)
#define NIC_UMR_QPN	    (1ull << 14)
#define NIC_UMR_LR	    (1ull << 17)
#define NIC_UMR_LW	    (1ull << 18)
#define NIC_UMR_RR	    (1ull << 19)
#define NIC_UMR_RW	    (1ull << 20)
#define NIC_UMR_A	    (1ull << 21)
#define NIC_UMR_SMALL_FENCE (1ull << 23)
#define NIC_UMR_FREE	    (1ull << 29)

/* MTT entries: presence for reads and for writes (drivers/infiniband/hw/mlx5/mlx5_ib.h). */
#define NIC_MTT_READ  1u
#define NIC_MTT_WRITE 2u

/* opt_param_mask of QP transitions (include/linux/mlx5/qp.h: MLX5_QP_OPTPAR_*). */
enum nic_qp_optional {
	NIC_QP_OPT_RRE = 1 << 1,
	NIC_QP_OPT_RAE = 1 << 2,
	NIC_QP_OPT_RWE = 1 << 3,
	NIC_QP_OPT_PKEY_INDEX = 1 << 4,
	NIC_QP_OPT_Q_KEY = 1 << 5,
	NIC_QP_OPT_RNR_TIMEOUT = 1 << 6,
	NIC_QP_OPT_RETRY_COUNT = 1 << 12,
	NIC_QP_OPT_RNR_RETRY = 1 << 13,
	NIC_QP_OPT_ACK_TIMEOUT = 1 << 14,
	NIC_QP_OPT_COUNTER_SET = 1 << 25,
};

/* qpc.rq_type: what receives come from (include/linux/mlx5/qp.h). */
enum nic_rq_type { NIC_RQ_OWN = 0, NIC_RQ_SHARED = 1, NIC_RQ_NONE = 3 };

#endif
