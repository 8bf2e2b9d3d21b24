/* SPDX-License-Identifier: MIT */
/*
 * A PCIe function of the fabric: config space, BARs, interrupts, guest memory.
 * Models (nic/, endpoint/, engine/) embed it as their first member and supply ops.
 *
 * The guest is hostile: every length and offset that reaches an op has been
 * checked against the BAR by the caller (server/ or a peer's DMA).
 */
#ifndef FAB_DEVICE_H
#define FAB_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "fabric/core/tlp.h"

#define FAB_CFG_SIZE 4096
#define FAB_BARS     6
#define FAB_VECTORS  64
#define FAB_BAR_MIN  4096u /* a TLP never crosses targets */

struct cJSON;
struct fab_device;
struct fab_fabric;
struct fab_mem;

struct fab_device_ops {
	const char *kind; /* "nic", "endpoint", "engine" */
	/* Function level reset, bus reset, or disconnect of the client. BARs keep their addresses. */
	void (*reset)(struct fab_device *dev);
	/* Trapped access, 1..8 bytes, inside the BAR. The write has already been acknowledged to the guest. */
	void (*bar_read)(struct fab_device *dev, unsigned int bar, uint64_t off, void *buf,
			 uint32_t len);
	void (*bar_write)(struct fab_device *dev, unsigned int bar, uint64_t off, const void *buf,
			  uint32_t len);
	/* A config write has been applied to cfg (may be NULL). */
	void (*cfg_written)(struct fab_device *dev, uint32_t off, uint32_t len);
	/* TLPs of another function arrived at a BAR; the data is already written (may be NULL). */
	void (*tlps_received)(struct fab_device *dev, unsigned int bar,
			      const struct fab_tlp_run *run);
	/* Clears counters that survive a reset: for a new client, or on request (may be NULL). */
	void (*clear)(struct fab_device *dev);
	/* Adds the counters of the model to its object in the report (may be NULL). */
	void (*report)(struct fab_device *dev, struct cJSON *object);
	void (*free)(struct fab_device *dev);
};

/* A BAR. Memory BARs (fd >= 0) can be mapped by the guest and are the target of peers' DMA. */
struct fab_bar {
	uint64_t size; /* 0: not implemented; power of two */
	bool is64;
	bool prefetch;
	int fd;	    /* memfd with the mappable part at map_offset, or -1; owned by the device */
	void *host; /* its mapping of map_size bytes */
	uint64_t map_offset; /* part of the BAR that is memory */
	uint64_t map_size;
	uint64_t base; /* claimed bus address, 0: none; cached for routing, see fab_device_bar_addr() */
	struct fab_device *dev;
	unsigned int number;
	struct fab_bar *next;	/* in the fabric's list of claimed BARs */
	struct fab_tally tally; /* TLPs of other functions that arrived here */
};

/* TLPs that a function has sent, by reason */
struct fab_sent {
	uint64_t tlps;
	uint64_t bytes;
	uint64_t tagged; /* with TH */
};

/* Messages that a guest can cause, by kind. See fab_log() and fab_log_kind(). */
#define FAB_LOG_KINDS 512
struct fab_log_count {
	const char *fmt;
	uint64_t kind;
	uint64_t count;
};

struct fab_device {
	const struct fab_device_ops *ops;
	struct fab_fabric *fabric;
	char name[32];
	struct fab_bar bar[FAB_BARS];
	uint8_t cfg[FAB_CFG_SIZE];
	uint8_t wmask[FAB_CFG_SIZE]; /* bits the guest may write */
	uint8_t cfg_initial[FAB_CFG_SIZE];
	/* what every DMA needs of cfg: set after each change of it */
	bool master;
	uint32_t max_payload, max_read_request;
	uint16_t pm_cap, pcie_cap, msix_cap, tph_cap; /* offsets, 0: none */
	uint16_t vectors;
	bool no_flr;	 /* Initiate Function Level Reset has no effect */
	uint32_t flr_us; /* time for which config space is absent after a function level reset */
	uint64_t absent_until_us; /* by the loop's clock */
	int irq_fd[FAB_VECTORS];  /* eventfd from the client or -1; owned by the device */
	struct fab_mem *mem;	  /* guest memory the client has mapped for this function */
	struct fab_device *next;  /* in the fabric */
	struct fab_sent sent[FAB_ORIGIN_COUNT];
	struct fab_tally to_memory; /* TLPs sent to guest memory */
	struct fab_log_count log[FAB_LOG_KINDS];
	/* counters of errors on the wire, for the JSON report */
	uint64_t errors_no_master;   /* DMA while Bus Master Enable was off */
	uint64_t errors_unsupported; /* no target claimed the address */
	uint64_t tph_writes; /* config writes to the TPH requester capability, for the report */
	uint64_t errors_tph; /* steering tag outside the table or wider than enabled: sent without hint */
};

/* Set name, ops, empty BARs, no interrupts. cfg is built afterwards with core/cfg.h. */
int fab_device_init(struct fab_device *dev, const struct fab_device_ops *ops, const char *name);
void fab_device_fini(struct fab_device *dev);

/* A BAR of size bytes; map_size > 0 backs [map_offset, map_offset + map_size) with a memfd. */
int fab_device_add_bar(struct fab_device *dev, unsigned int bar, uint64_t size, bool is64,
		       bool prefetch, uint64_t map_offset, uint64_t map_size);

/* Clears all counters: for a new client, or on request. */
void fab_device_clear(struct fab_device *dev);
/*
 * The client has disconnected: reset, BARs unset, interrupts and guest memory released. Counters
 * stay for the report.
 */
void fab_device_detach(struct fab_device *dev);
/* Function level or bus reset. BARs, interrupts and guest memory stay: the client owns them. */
void fab_device_reset(struct fab_device *dev);

/* Bus address that the guest programmed, or 0 when memory decoding is off or the BAR is unset. */
uint64_t fab_device_bar_addr(const struct fab_device *dev, unsigned int bar);
bool fab_device_memory_enabled(const struct fab_device *dev);
bool fab_device_bus_master(const struct fab_device *dev);

/* Use fd (taken; -1: none) for an MSI-X vector. */
void fab_device_set_irq(struct fab_device *dev, unsigned int vector, int fd);
/* Signal an MSI-X vector; unset or out of range vectors are ignored. */
void fab_device_irq(struct fab_device *dev, unsigned int vector);

/*
 * Called by server/: apply a config access of the guest, run FLR and ops->cfg_written. Until a
 * function level reset has completed, reads are all-ones and writes are lost (PCIe 6.6.2).
 */
void fab_device_cfg_read(struct fab_device *dev, uint32_t off, void *buf, uint32_t len);
void fab_device_cfg_write(struct fab_device *dev, uint32_t off, const void *buf, uint32_t len);

#endif
