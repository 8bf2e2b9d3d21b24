/* SPDX-License-Identifier: MIT */
/*
 * The mlx5-compatible NIC: its objects and what its files offer each other.
 *
 *   init_seg.c   BAR0: initialisation segment, UAR pages (doorbells), health
 *   cmd.c        firmware command queue: fetch, dispatch by table, answer
 *   cmd_*.c      the commands, one file per kind of object
 *   table.c      numbers given to the driver -> objects
 *   buf.c        queues in guest memory, as lists of pages
 *   eq.c cq.c    event and completion queues
 *   mkey.c       memory keys: checks and translation; the only way to payload memory
 *   fault.c      page faults: messages that wait for a translation
 *   qp.c         queue pairs: life, state machine, work queue access
 *   umr.c        memory key updates posted as work requests
 *   requester.c  send queue: executes WQEs, completes or fails them
 *   wqe.c        send queue entries as bytes -> checked work requests
 *   responder.c  receive side: what an incoming message does to memory and RQ
 *   transfer.c   moves bytes between two gather lists, one copy
 *   wire.c       LID routing between the NICs of a fabric
 *
 * Layouts are those of the kernel's mlx5_ifc.h (commands, contexts) and of
 * rdma-core's mlx5dv.h (WQE, CQE); see ifc.h. Everything read from guest memory
 * is copied first and checked after that; nothing in here trusts an index.
 */
#ifndef NIC_H
#define NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/cfg.h"
#include "fabric/core/device.h"
#include "fabric/core/dma.h"
#include "fabric/core/fabric.h"
#include "fabric/core/loop.h"

#define NIC_BAR0_SIZE	    (32u << 20)
#define NIC_UAR_OFFSET	    0x10000u /* first UAR page; UAR n at n * 4096 */
#define NIC_PAGE	    4096u
#define NIC_MAX_UARS	    4096u
#define NIC_MAX_EQS	    64
#define NIC_LOG_MAX_EQ_SIZE 16
#define NIC_LOG_MAX_CQ	    12
#define NIC_LOG_MAX_CQ_SIZE 20
#define NIC_LOG_MAX_QP	    12
#define NIC_LOG_MAX_MKEY    16
#define NIC_LOG_MAX_PD	    12
#define NIC_LOG_MAX_XRCD    8
#define NIC_LOG_MAX_SRQ	    6
#define NIC_MAX_INLINE_WQE  1024
#define NIC_MAX_SGE	    64
#define NIC_MAX_MESSAGE	    (1u << 30) /* cap log_max_msg = 30 */
#define NIC_MAX_PAS	    (1u << 20) /* queue pages that all objects of a NIC may hold */
#define NIC_MAX_MTT	    (1u << 24) /* translation entries that all keys of a NIC may hold */
#define NIC_MAX_FAULTS	    1024       /* page faults of a NIC that wait for the driver's answer */
#define NIC_MOVE_MAX \
	(4u << 20) /* payload bytes one work item may move: bounds the loop's latency */

struct nic_opts {
	uint16_t lid;			/* 1..0xbfff, unique in the fabric */
	enum fab_tph_support requester; /* what TPH it can send */
	unsigned int st_entries;	/* ST table size; 0: direct mode */
	unsigned int vectors;
};

struct nic;

/* Numbers handed to the driver -> objects. Numbers of destroyed objects are reused late (next after wrap). */
struct nic;

struct nic_table {
	void **slot;
	uint32_t size;	/* power of two */
	uint32_t first; /* lowest number given out */
	uint32_t next;
	uint32_t used;
};
int nic_table_init(struct nic_table *table, uint32_t first, uint32_t size);
void nic_table_fini(struct nic_table *table); /* objects must be gone */
int nic_table_add(struct nic_table *table, void *object, uint32_t *number); /* -ENOSPC */
void *nic_table_get(const struct nic_table *table, uint32_t number);	    /* NULL: none */
void *nic_table_del(struct nic_table *table, uint32_t number);

/* Pages of a queue as CREATE_x gave them (PAS list). */
struct nic_buf {
	uint64_t *page;
	uint32_t npages;
	uint8_t page_shift; /* >= 12 */
	uint64_t offset;    /* of the queue in the first page */
};
/* The page size and the offset in the first page, as contexts have them: log2(size / 4096), 64ths of a page. */
void nic_buf_layout(struct nic_buf *buf, uint32_t log_page_size, uint32_t page_offset);
/*
 * Take over a PAS list (big endian) for a queue of bytes bytes. -EINVAL: too few pages for it; -ENOSPC: over the
 * NIC's limit. Pages beyond the queue are not kept.
 */
int nic_buf_init(struct nic *nic, struct nic_buf *buf, const uint8_t *pas, uint32_t npas,
		 uint64_t bytes);
void nic_buf_free(struct nic *nic, struct nic_buf *buf);
/* Bytes [off, off + len) of the queue; the caller has reduced off modulo the queue. -EFAULT outside the pages. */
int nic_buf_read(struct nic *nic, const struct nic_buf *buf, uint32_t off, void *to, uint32_t len,
		 enum fab_origin origin);
int nic_buf_write(struct nic *nic, const struct nic_buf *buf, uint32_t off, const void *from,
		  uint32_t len, enum fab_origin origin);
/* The same for an entry whose last byte says who owns it: the guest sees that byte change after all others. */
int nic_buf_publish(struct nic *nic, const struct nic_buf *buf, uint32_t off, const void *entry,
		    uint32_t len, enum fab_origin origin);

struct nic_eq {
	uint32_t number;
	struct nic_buf buf;
	uint8_t log_size;
	uint8_t vector;
	uint64_t event_mask; /* bit = event type */
	uint32_t pi;	     /* next to write, free running */
	uint32_t ci;	     /* from the EQ doorbell */
	bool armed;
	bool overrun; /* events have been lost */
};

struct nic_cq {
	uint32_t number;
	struct nic_buf buf;
	uint8_t log_size;
	uint8_t cqe_bytes; /* 64 or 128 */
	uint32_t eqn;
	uint64_t dbr;	       /* doorbell record: [0] consumer index, [1] arm */
	uint32_t pi;	       /* next to write, free running */
	uint32_t solicited_pi; /* behind the last entry that counts as solicited */
	uint32_t ci;	       /* consumer index when the doorbell record was last read, 24 bit */
	bool armed, armed_solicited;
	bool ignore_overrun;
	bool error;	/* overrun: nothing is written any more */
	uint32_t users; /* QPs */
};

enum nic_key_access {
	NIC_LOCAL_READ = 1,
	NIC_LOCAL_WRITE = 2,
	NIC_REMOTE_READ = 4,
	NIC_REMOTE_WRITE = 8,
	NIC_REMOTE_ATOMIC = 16,
};

struct nic_mkey {
	uint32_t number; /* index: key >> 8 */
	uint8_t variant; /* key & 0xff */
	bool free;	 /* not usable until UMR clears it */
	bool umr_en;
	uint8_t mode;	/* MLX5_MKC_ACCESS_MODE_PA / MTT / ... */
	uint8_t access; /* enum nic_key_access */
	bool length64;
	uint32_t pd;
	uint64_t start, len;
	uint8_t page_shift;
	uint64_t *mtt; /* bus addresses with present bits (low 2), host byte order */
	uint32_t mtts;
	bool tph_en; /* mkc.pcie_tph_en */
	uint8_t tph_ph;
	uint8_t tph_index; /* mkc.pcie_tph_steering_tag_index */
};

/* Result of every step of a work request; each has one CQE syndrome (cq.c). */
enum nic_status {
	NIC_OK = 0,
	NIC_LOCAL_LENGTH,	    /* 0x01 */
	NIC_LOCAL_QP_OP,	    /* 0x02 */
	NIC_LOCAL_PROT,		    /* 0x04 */
	NIC_FLUSHED,		    /* 0x05 */
	NIC_MW_BIND,		    /* 0x06 */
	NIC_BAD_RESPONSE,	    /* 0x10 */
	NIC_LOCAL_ACCESS,	    /* 0x11 */
	NIC_REMOTE_INVALID_REQUEST, /* 0x12 */
	NIC_REMOTE_ACCESS,	    /* 0x13 */
	NIC_REMOTE_OP,		    /* 0x14 */
	NIC_RETRY_EXCEEDED,	    /* 0x15 */
	NIC_RNR_EXCEEDED,	    /* 0x16 */
	NIC_AGAIN, /* not a syndrome: peer not ready, the work request stays at the head of its queue */
	NIC_FAULT, /* not a syndrome: translation absent, and a page fault may be raised for it */
};

/* Where a work request has met an absent translation. */
struct nic_missing {
	struct nic *nic; /* of the key; NULL: nowhere so far. May be gone when the fault is over */
	uint32_t key;
	bool write;
	bool failed; /* the page fault ended in error: the access fails, whatever the key says by now */
	uint64_t va;  /* first byte without translation */
	uint32_t len; /* from there to the end of the access */
};

/* One access to memory by key. */
struct nic_access {
	uint32_t key;
	uint32_t pd;
	uint8_t need;		/* enum nic_key_access bits */
	bool write;		/* MWr; else MRd */
	enum fab_origin origin; /* 0: payload */
	uint64_t va;
	uint32_t len;
	struct nic_missing *missing; /* of the work request; NULL: it cannot wait for a page fault */
};

/*
 * Check key, variant, free, PD, access bits and bounds; translate; issue DMA with the key's hint.
 * fn sees the pieces with off counted from 0 of this access. len 0 is checked for the key only when need != 0
 * and never touches memory. NIC_LOCAL_PROT: key, PD, access or bounds; NIC_FAULT: translation not present,
 * access->missing tells where; NIC_LOCAL_ACCESS: the same without access->missing or after its fault has failed;
 * NIC_REMOTE_OP: the bus answered with an error.
 */
enum nic_status nic_mkey_access(struct nic *nic, const struct nic_access *access,
				fab_dma_piece_fn fn, void *ctx);
/* The checks of nic_mkey_access() alone: must pass for the whole range before the first byte moves. */
enum nic_status nic_mkey_check(struct nic *nic, const struct nic_access *access);
struct nic_mkey *nic_mkey_get(struct nic *nic,
			      uint32_t key); /* number and variant match, else NULL */
void nic_mkey_free(struct nic *nic, struct nic_mkey *mkey);
bool nic_mkey_valid(const struct nic_mkey *mkey); /* page size and bounds make sense, or the key is free */
/* Translation entries of a key, all not present. -ENOSPC: over the NIC's limit. */
int nic_mkey_alloc_mtt(struct nic *nic, struct nic_mkey *mkey, uint32_t entries);

/* As the driver's MLX5_QP_STATE_* */
enum nic_qp_state {
	NIC_QP_RST,
	NIC_QP_INIT,
	NIC_QP_RTR,
	NIC_QP_RTS,
	NIC_QP_SQER,
	NIC_QP_SQD,
	NIC_QP_ERR
};

struct nic_qp {
	struct nic *nic;
	uint32_t number;
	uint8_t service; /* qpc.st: MLX5_QPC_ST_RC, UD, QP0, QP1, REG_UMR ... */
	enum nic_qp_state state;
	uint32_t pd;
	uint32_t cqn_send, cqn_recv;
	struct nic_buf buf; /* RQ first, SQ at sq_offset */
	uint32_t sq_offset;
	uint8_t log_sq_size; /* in 64-byte basic blocks; no_sq: has none */
	bool no_sq, no_rq;
	uint8_t log_rq_size;   /* entries */
	uint8_t log_rq_stride; /* bytes = 16 << log_rq_stride */
	uint64_t dbr; /* doorbell record: [0] RQ, [1] SQ producer index, big endian, 16 bit */
	uint8_t context[232] __attribute__((aligned(8))); /* last qpc image, for QUERY_QP */
	/* path, from INIT2RTR and RTR2RTS */
	uint16_t remote_lid;
	uint32_t remote_qpn;
	uint8_t access; /* NIC_REMOTE_*: rre rwe rae */
	uint8_t mtu;
	uint8_t min_rnr, rnr_retry, retry_count, ack_timeout;
	uint32_t sq_psn, rq_psn;
	/* queues, free running */
	uint16_t sq_pi; /* last producer index seen */
	uint16_t sq_ci; /* next basic block to execute */
	uint16_t rq_pi; /* last producer index seen */
	uint16_t rq_ci; /* next receive entry to consume */
	/* of the work request at sq_ci; all zero when it has not begun (nic_requester_stop() clears them) */
	uint32_t progress; /* message bytes that have moved */
	uint32_t rnr_tries, retry_tries;
	bool waiting; /* the timer or the fault's end, not a doorbell, continues the send queue */
	struct nic_missing missing;
	struct nic_fault *fault; /* that it waits for; NULL: none */
	struct fab_timer timer;
	struct fab_work work;		    /* the send queue has something to do */
	uint64_t posted, completed, failed; /* counters for the report */
	struct nic_qp *next;		    /* all QPs of the NIC */
};

struct nic_cmdif {
	uint64_t addr;	   /* of the command queue */
	uint32_t doorbell; /* slots rung and not done */
	struct fab_work work;
	bool ready;    /* address has been written */
	bool drop;     /* objects go before the next command runs */
	uint8_t state; /* initial_seg.nic_interface as the driver set it */
};

struct nic {
	struct fab_device dev; /* first */
	struct nic_opts opts;
	uint64_t guid;
	struct nic_cmdif cmdif;
	bool hca_enabled, hca_initialised;
	uint32_t cmd_eqn; /* 0: completions are polled */
	struct nic_table pds, uars, xrcds, eqs, cqs, mkeys, qps, srqs, faults;
	struct nic_qp *qp_list;
	uint32_t pas_entries, mtt_entries; /* held by objects, see NIC_MAX_PAS and NIC_MAX_MTT */
	uint32_t fault_count;		   /* part of the tokens; never starts again */
	uint64_t fault_timeout_us;
	char node_desc[64];
	uint32_t port_caps; /* IBTA CapabilityMask, as far as the driver may change it */
	/* counters for the report */
	uint64_t commands, commands_bad, wqes, wqes_bad, messages, rnr_events, retry_events,
		cq_overruns, eq_overruns, page_faults,	    /* accesses that found no translation */
		faults_raised, fault_resumes, fault_errors, /* events; the driver's answers */
		fault_timeouts, fault_bad_resumes,
		faults_over; /* no answer; no such fault; above NIC_MAX_FAULTS */
};

int nic_new(struct fab_fabric *fabric, const char *name, const struct nic_opts *opts,
	    struct nic **nic);
void nic_reset_objects(struct nic *nic); /* drop every object: reset, teardown, disconnect */

/* init_seg.c -> the rest */
void nic_cmd_doorbell(struct nic *nic, uint32_t slots);
void nic_sq_doorbell(struct nic *nic, uint32_t qpn);
void nic_eq_doorbell(struct nic *nic, uint32_t eqn, uint32_t ci, bool arm);
void nic_cq_arm(struct nic *nic, uint32_t cqn, uint32_t ci, bool solicited_only);
void nic_cq_arm_record(struct nic *nic, uint32_t cqn); /* the same, read from the doorbell record */
extern const struct fab_device_ops nic_device_ops;     /* nic.c */
void nic_bar_read(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf, uint32_t len);
void nic_bar_write(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
		   uint32_t len);
void nic_cmd_init(struct nic *nic);  /* cmd.c: sets up cmdif.work */
void nic_cmd_reset(struct nic *nic); /* cmd.c: forget the command queue and what has been rung */
/* nic_reset_objects() from the event loop: a register may be written by a message of the NIC that is reset. */
void nic_cmd_drop_objects(struct nic *nic);

/* Events. data: the 28 bytes of the EQE's event data. Unsubscribed types are dropped. */
void nic_event(struct nic *nic, uint8_t type, const void *data);
bool nic_event_sub(struct nic *nic, uint8_t type, uint8_t sub_type,
		   const void *data); /* true: a queue took it */
void nic_event_qp(struct nic *nic, uint8_t type, uint32_t qpn);
bool nic_eq_post(struct nic *nic, struct nic_eq *eq, uint8_t type, uint8_t sub_type,
		 const void *data);
void nic_eq_free(struct nic *nic, struct nic_eq *eq);

/* Completions (cq.c) */
struct nic_completion {
	uint32_t qpn;
	uint16_t wqe_counter;
	uint8_t opcode;	    /* MLX5_CQE_REQ, MLX5_CQE_RESP_* */
	uint8_t wqe_opcode; /* send queue: opcode of the WQE */
	enum nic_status status;
	uint32_t byte_count;
	uint32_t imm; /* as on the wire, big endian value already in host order */
	bool solicited;
	uint16_t slid;
};
void nic_cq_free(struct nic *nic, struct nic_cq *cq);
void nic_cq_complete(struct nic *nic, uint32_t cqn, const struct nic_completion *completion);
uint8_t nic_syndrome(enum nic_status status);

/* qp.c */
struct nic_qp *nic_qp_get(struct nic *nic, uint32_t qpn);
int nic_qp_read_dbr(struct nic_qp *qp, uint16_t *rq_pi, uint16_t *sq_pi);
int nic_qp_read_sq(struct nic_qp *qp, uint16_t index, void *to,
		   uint32_t len); /* wraps at the end of the queue */
int nic_qp_read_rq(struct nic_qp *qp, uint16_t index, void *to, uint32_t len); /* one entry */
void nic_qp_set_state(struct nic_qp *qp,
		      enum nic_qp_state state); /* to ERR: flush is queued; to RST: indexes cleared */
void nic_qp_free(struct nic_qp *qp);

/*
 * requester.c: qp->work executes one WQE (or a part of a long one) a call while the state is RTS, and flushes
 * both queues while it is ERR. The receive queue has no doorbell, so in ERR a slow timer looks for new entries.
 */
void nic_requester_init(struct nic_qp *qp); /* sets up qp->work and qp->timer */
void nic_requester_kick(struct nic_qp *qp); /* doorbell, or the state has become ERR */
void nic_requester_stop(struct nic_qp *qp); /* before the QP goes away or is reset */
void nic_qp_fail(struct nic_qp *qp, enum nic_status status,
		 uint8_t event); /* to ERR + async event (0: none) */

/* umr.c: one UMR WQE, already copied. NIC_LOCAL_QP_OP for anything it does not understand. */
enum nic_status nic_umr_execute(struct nic_qp *qp, const uint8_t *wqe, uint32_t len);

/* A message between two QPs: gather list of the sender, validated when its first byte moves. */
struct nic_sge {
	uint32_t len;
	uint32_t lkey;
	uint64_t addr;
};
struct nic_message {
	struct nic_qp *from;
	uint8_t opcode; /* MLX5_OPCODE_SEND, _SEND_IMM, _RDMA_WRITE, _RDMA_WRITE_IMM, _RDMA_READ */
	bool has_imm, solicited;
	uint32_t imm;
	uint64_t remote_va;
	uint32_t rkey;
	uint32_t len;
	const struct nic_sge *sge; /* nsge entries; unused when inline_data */
	uint32_t nsge;
	const uint8_t *inline_data; /* len bytes */
	uint32_t done;		    /* bytes moved before; nic_respond() advances it */
};

/*
 * responder.c: deliver up to NIC_MOVE_MAX bytes of msg to the peer; for RDMA READ data flows back into msg->sge.
 * The status is what the *requester* sees: NIC_AGAIN for receiver not ready (RNR NAK); NIC_FAULT for an absent
 * translation at either end, in msg->from->missing; NIC_OK with
 * msg->done < msg->len asks for another call. Errors of the responder move its QP to ERR and raise its event.
 */
enum nic_status nic_respond(struct nic_qp *to, struct nic_message *msg);
bool nic_responder_flush(
	struct nic_qp *qp); /* ERR: complete some receives with NIC_FLUSHED; true: call again */

/* transfer.c: one end of a transfer: by key in the memory of nic, or bytes of this process (source only). */
struct nic_side {
	struct nic *nic;
	uint32_t pd;
	uint8_t need; /* enum nic_key_access bits */
	const struct nic_sge *sge;
	uint32_t nsge;
	const uint8_t *host;	     /* not NULL: instead of all above */
	struct nic_missing *missing; /* see struct nic_access */
};
enum nic_status nic_side_check(const struct nic_side *side,
			       uint32_t len); /* may its first len bytes be accessed? */
/*
 * Copy bytes [skip, skip + len) of from to the same place of to. Lists shorter than that end the copy early.
 * *blame says whose access failed.
 */
enum nic_status nic_transfer(const struct nic_side *from, const struct nic_side *to, uint32_t skip,
			     uint32_t len, const struct nic_side **blame);

/* wire.c: the QP that (lid, qpn) names if it can receive (RTR or RTS, RC, connected back); else NULL */
struct nic_qp *nic_wire_find(struct nic_qp *from);

#endif
