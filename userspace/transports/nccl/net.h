/* SPDX-License-Identifier: MIT */
/*
 * The core of libnccl-net-tphbuf.so: the calls of NCCL's network interface without
 * the differences between its versions, and what a back end provides.
 *
 * Objects: a context for each init; a listening comm; a comm, which sends or receives;
 * a registered region; a request. Each begins with a magic number, so that a handle
 * of the wrong kind is refused, and has a number of its own for log and trace.
 *
 * Locks: the state of the process (plugin.c) has one, each comm has one. NCCL calls from
 * three kinds of thread: init, service (connect, register, close) and progress
 * (send, receive, test). No thread of our own exists, so that NCCL can unload us.
 */
#ifndef TRANSPORTS_NCCL_NET_H
#define TRANSPORTS_NCCL_NET_H

#include <pthread.h>
#include <stdbool.h>

#include <tphbuf/registry.h>
#include <tphbuf/transport.h>

#include "abi.h"

#define NET_MAX_RECVS	 8				     /* parts of a grouped receive */
#define NET_SLOTS	 (NCCL_MAX_REQUESTS * NET_MAX_RECVS) /* requests of one comm */
#define NET_MAX_BYTES	 (1ull << 30)			     /* of one message */
#define NET_BLOB	 256				     /* a back end's part of the greeting */

#define NET_MAGIC_CTX	 0x74706331u
#define NET_MAGIC_LISTEN 0x74706c31u
#define NET_MAGIC_COMM	 0x74706d31u
#define NET_MAGIC_MR	 0x74707231u
#define NET_MAGIC_REQ	 0x74707131u

enum net_tag_policy { NET_TAG_IGNORE, NET_TAG_PREFER, NET_TAG_REQUIRE };

/* Options from the environment, read at the first init */
struct net_config {
	char backend[16];
	char copy[256];
	char memory[256];
	char trace[256];
	char ifname[64];
	char devices[256];
	enum net_tag_policy tag;
	int ptr_support; /* 0: as the back end says */
	unsigned int timeout_ms;
	unsigned int qps;
};

struct net_backend;

struct net_device {
	char name[64];
	char pci_path[256]; /* empty: a virtual device */
	uint64_t guid;
	int speed; /* Mb/s */
	int port;
	int ptr_support;
	const struct net_backend *backend;
	struct tphbuf_registry *registry; /* of dma-bufs, for all comms of the device */
	void *domain;			  /* of its registrations */
	void *state;			  /* the back end's */
};

struct net_ctx {
	uint32_t magic;
	uint32_t id;
	unsigned int users; /* the init, and each comm */
	struct net_listen *listens;
	struct net_half *halves; /* connects that have not come to an end */
};

/* Clear to send: what a receiver announces, one for each (grouped) receive */
struct net_cts {
	uint32_t seq;
	uint32_t n;
	uint32_t taken; /* bit for each part that a send took */
	struct {
		uint64_t size;
		int32_t tag;
		uint32_t rkey;
		uint64_t addr;
	} part[NET_MAX_RECVS];
};

enum net_kind { NET_SEND, NET_RECV, NET_FLUSH };

struct net_part {
	char *data;
	size_t size; /* posted; of a send the message's */
	size_t got;  /* arrived */
	int tag;
	bool arrived;
	unsigned int arrivals; /* of the queue pairs' pieces */
	struct net_mr *mr;
};

struct net_request {
	uint32_t magic; /* 0 while the slot is free */
	uint32_t id;
	struct net_comm *comm;
	enum net_kind kind;
	bool done;
	uint32_t seq;	/* of the receive it is or belongs to */
	uint32_t index; /* of a send: the part it took */
	uint32_t n;
	uint32_t pending; /* completions that the back end waits for */
	uint64_t polls;
	struct net_part part[NET_MAX_RECVS];
	struct net_request *next; /* free list, or the back end's queue */
	size_t head_size, head_done, body_done;
	unsigned char head[176];
};

struct net_comm {
	uint32_t magic;
	uint32_t id;
	bool sends;
	bool peer_gone; /* closed in order; an error only if something is outstanding */
	struct net_ctx *ctx;
	struct net_device *dev;
	pthread_mutex_t lock;
	int fd; /* TCP to the peer; of the verbs back end only to see the peer die */
	enum nccl_result error; /* sticky */
	uint32_t next_seq;
	uint64_t retries; /* NULL requests given since the last one with a request */
	bool exhausted_said;
	struct net_request *slots, *free;
	unsigned int busy;
	struct net_cts cts[NET_SLOTS]; /* ring; of a sender */
	uint32_t cts_head, cts_tail;
	void *state; /* the back end's */
};

struct net_mr {
	uint32_t magic;
	uint32_t id;
	struct net_device *dev;
	int type;
	char *data;
	size_t size;
	char *cpu; /* where the CPU reaches @data; NULL: by copy hook, or not at all */
	struct tphbuf_registration *region; /* of a dma-buf */
	void *object;			    /* of memory without one: the back end's */
	uint64_t iova;			    /* address of @data for the device */
	uint32_t lkey, rkey;
};

/*
 * What a back end provides. Functions return NCCL's results and say in the log why.
 *
 * comm_open() makes the local end and its part of the greeting (at most NET_BLOB bytes),
 * comm_connect() gets the peer's. post() queues a request; progress() moves all of the comm and marks requests done.
 * comm_close() frees what comm_open() made.
 */
struct net_backend {
	const char *name;
	int (*devices)(struct net_device **devs, int *n);
	void (*device_close)(struct net_device *dev);
	enum nccl_result (*comm_open)(struct net_comm *comm, void *blob);
	enum nccl_result (*comm_connect)(struct net_comm *comm, const void *blob);
	void (*comm_close)(struct net_comm *comm);
	enum nccl_result (*post)(struct net_comm *comm, struct net_request *req);
	enum nccl_result (*progress)(struct net_comm *comm);
	enum nccl_result (*reg)(struct net_device *dev, struct net_mr *mr);
	void (*unreg)(struct net_mr *mr);
	enum nccl_result (*reg_dmabuf)(struct net_device *dev, struct net_mr *mr, uint64_t offset,
				       int fd);
};

extern const struct net_backend net_loop, net_verbs;

/* plugin.c */
enum nccl_result net_init(struct net_ctx **ctx, int version, nccl_logger log);
enum nccl_result net_finalize(struct net_ctx *ctx);
enum nccl_result net_devices(int *n);
struct net_device *net_device(int dev);
const struct net_config *net_config(void);
struct net_ctx *net_shared_ctx(void); /* of versions before 11 */
void net_ctx_get(struct net_ctx *ctx);
void net_ctx_put(struct net_ctx *ctx);
void net_lock(void);
void net_unlock(void);
uint32_t net_number(void); /* the next number of an object */

/* log.c */
void net_set_logger(nccl_logger log);
void net_log(enum nccl_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define net_warn(...) net_log(NCCL_LOG_WARN, __VA_ARGS__)
#define net_info(...) net_log(NCCL_LOG_INFO, __VA_ARGS__)

/* boot.c */
enum nccl_result net_listen(struct net_ctx *ctx, int dev, void *handle, struct net_listen **listen);
enum nccl_result net_connect(struct net_ctx *ctx, int dev, void *handle, struct net_comm **comm);
enum nccl_result net_accept(struct net_listen *listen, struct net_comm **comm);
enum nccl_result net_close_listen(struct net_listen *listen);
void net_close_halves(struct net_ctx *ctx);
void net_close_listens(struct net_ctx *ctx);

/* comm.c */
struct net_comm *net_comm_new(struct net_ctx *ctx, struct net_device *dev, bool sends);
void net_comm_free(struct net_comm *comm);
enum nccl_result net_isend(struct net_comm *comm, void *data, size_t size, int tag,
			   struct net_mr *mr, struct net_request **req);
enum nccl_result net_irecv(struct net_comm *comm, int n, void **data, const size_t *sizes,
			   const int *tags, void **mrs, struct net_request **req);
enum nccl_result net_iflush(struct net_comm *comm, int n, void **data, const int *sizes, void **mrs,
			    struct net_request **req);
enum nccl_result net_test(struct net_request *req, int *done, int *sizes);
enum nccl_result net_close(struct net_comm *comm, bool sends);
enum nccl_result net_fail(struct net_comm *comm, enum nccl_result error);

/* cts.c: the receiver's announcements, as a sender keeps them */
bool net_cts_add(struct net_comm *comm, const struct net_cts *cts);
struct net_cts *net_cts_match(struct net_comm *comm, int tag, uint32_t *index);
void net_cts_take(struct net_comm *comm, struct net_cts *cts, uint32_t index);

/* mem.c */
enum nccl_result net_reg(struct net_comm *comm, void *data, size_t size, int type,
			 struct net_mr **mr);
enum nccl_result net_reg_dmabuf(struct net_comm *comm, void *data, size_t size, int type,
				uint64_t offset, int fd, struct net_mr **mr);
enum nccl_result net_dereg(struct net_comm *comm, struct net_mr *mr);
bool net_mr_covers(const struct net_mr *mr, const void *data, size_t size);

/* memory_hook.c: the vendor's answer which dma-buf an address belongs to */
int net_memory_open(const char *name);
void net_memory_close(void);
bool net_memory_known(void);
/* 0 and a descriptor of the caller; -errno, which the log has */
int net_memory_resolve(const void *addr, size_t length, int *fd, uint64_t *offset);

/* copy.c: the hook that reaches memory the CPU cannot */
int net_copy_open(const char *name);
void net_copy_close(void);
const struct tphbuf_net_copy *net_copy(void **state);
extern const struct tphbuf_net_copy net_copy_cuda;

/* trace.c */
void net_trace_open(const char *file);
void net_trace_close(void);
bool net_tracing(void);
void net_trace(const char *call, enum nccl_result result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
