/* SPDX-License-Identifier: MIT */
/*
 * nccl-net-check: loads a network plugin as NCCL does and tells which points of NCCL's
 * contract it keeps.
 *
 * load.c     which file, which table, as which release of NCCL
 * adapt.c    the calls in the newest form, over a table of any version
 * pair.c     a connection inside one process, buffers with canaries
 * world.c    ranks as processes, and messages between them
 * points*.c  contract points: each runs in a process of its own, with a deadline
 * collective.c, reduce.c, data.c  collectives between ranks, every byte compared
 * faults.c   faults during a collective
 * device.c, dmabuf.c  memory of a device, dma-bufs of host memory
 * replay.c   plays what TPHBUF_NET_TRACE recorded
 */
#ifndef TRANSPORTS_CHECK_CHECK_H
#define TRANSPORTS_CHECK_CHECK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../nccl/abi.h"

struct release {
	const char *name;
	int newest, oldest;  /* tables it knows */
	bool finalize_unset; /* calls finalize after an init that failed */
};

struct plugin {
	const struct release *as;
	char name[256]; /* as asked for */
	char path[256];
	void *library;
	const void *table;
	int version;
};

/* load.c */
const struct release *release_named(const char *name);
/* NULL, or why not */
const char *plugin_load(struct plugin *p, const char *name, const struct release *as);
void plugin_unload(struct plugin *p);

/* adapt.c */
const char *np_name(const struct plugin *p);
int np_requests(const struct plugin *p); /* of a comm that NCCL asks for at a time */
enum nccl_result np_init(struct plugin *p, void **ctx, nccl_logger log);
enum nccl_result np_finalize(struct plugin *p, void *ctx);
enum nccl_result np_devices(struct plugin *p, int *n);
enum nccl_result np_properties(struct plugin *p, int dev, struct nccl_props_v12 *props);
enum nccl_result np_listen(struct plugin *p, void *ctx, int dev, void *handle, void **listen_comm);
enum nccl_result np_connect(struct plugin *p, void *ctx, int dev, void *handle, void **comm);
enum nccl_result np_accept(struct plugin *p, void *listen_comm, void **comm);
enum nccl_result np_reg(struct plugin *p, void *comm, void *data, size_t size, int type, void **mr);
enum nccl_result np_reg_dmabuf(struct plugin *p, void *comm, void *data, size_t size,
			       uint64_t offset, int fd, void **mr);
enum nccl_result np_dereg(struct plugin *p, void *comm, void *mr);
enum nccl_result np_isend(struct plugin *p, void *comm, void *data, size_t size, int tag, void *mr,
			  void **req);
enum nccl_result np_irecv(struct plugin *p, void *comm, int n, void **data, size_t *sizes,
			  int *tags, void **mrs, void **req);
enum nccl_result np_iflush(struct plugin *p, void *comm, int n, void **data, int *sizes, void **mrs,
			   void **req);
enum nccl_result np_test(struct plugin *p, void *req, int *done, int *sizes);
enum nccl_result np_close_send(struct plugin *p, void *comm);
enum nccl_result np_close_recv(struct plugin *p, void *comm);
enum nccl_result np_close_listen(struct plugin *p, void *comm);

/* log.c: what the plugin says; shown with -v, or when a point fails */
void check_log(enum nccl_log_level level, unsigned long flags, const char *file, int line,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));
extern bool check_verbose;
extern int check_deadline_s; /* of one test */
/* NCCL_PTR_HOST, or NCCL_PTR_CUDA with --device-memory: how data tests register */
extern int check_memory;

/* The result of a point: NULL if it holds; text that begins with "SKIP " if it cannot be tested */
typedef const char *(*point_fn)(struct plugin *p);

struct point {
	const char *id;
	const char *sentence;
	point_fn run;
};

extern const struct point points_load[], points_connect[], points_memory[], points_data[],
	points_errors[];

/* A formatted reason, in memory that the process keeps */
const char *reason(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Fail a point with the call and its result. */
#define TRY(call)                                                                           \
	do {                                                                                \
		enum nccl_result try_result = (call);                                       \
		if (try_result)                                                             \
			return reason("%s: result %d (%s:%d)", #call, try_result, __FILE__, \
				      __LINE__);                                            \
	} while (0)
/* Go on only if @call returns NULL; its reason is the point's. */
#define HOLDS(call)                         \
	do {                                \
		const char *holds = (call); \
		if (holds)                  \
			return holds;       \
	} while (0)
#define NEED(condition, ...)                        \
	do {                                        \
		if (!(condition))                   \
			return reason(__VA_ARGS__); \
	} while (0)

/* pair.c */
struct pair {
	struct plugin *p;
	void *ctx;
	void *listen_comm, *send, *recv;
	char handle[NCCL_HANDLE_SIZE];
};

struct region {
	char *data;
	size_t size;
	void *mr;
	void *comm;
};

const char *pair_open(struct pair *pair, struct plugin *p); /* init, and connect */
const char *pair_connect(struct pair *pair, struct plugin *p, void *ctx);
const char *pair_join(struct pair *pair); /* connect and accept, both polled in turn */
void pair_close(struct pair *pair);	  /* the comms */
void pair_end(struct pair *pair);	  /* and finalize */
const char *region_new(struct region *r, struct plugin *p, void *comm, size_t size);
void region_free(struct region *r, struct plugin *p);
/* A pair with a region of @size bytes at each end */
const char *pair_prepare(struct pair *pair, struct plugin *p, size_t size, struct region *from,
			 struct region *to);
void pattern_fill(void *data, size_t size, unsigned int seed);
/* Where the data differs from the pattern, or @size */
size_t pattern_differs(const void *data, size_t size, unsigned int seed);
/* Send and receive once, until both are done; got: size that the receiver was told */
const char *pair_transfer(struct pair *pair, struct region *from, size_t size, struct region *to,
			  size_t room, int *got);
/* A message from one new region to another, compared */
const char *pair_message(struct pair *pair, size_t size, unsigned int seed);
/* Test until done; the other end's request may be polled meanwhile */
const char *wait_request(struct plugin *p, void *req, int *sizes);
const char *send_until(struct pair *pair, void *data, size_t size, int tag, void *mr, void *poll,
		       int *poll_done, int *poll_sizes, void **req);

/* world.c: ranks */
struct world {
	int rank, n;
	int up; /* to the parent, which passes messages on */
	struct plugin *p;
	void *ctx;
};

typedef const char *(*rank_fn)(struct world *w, void *arg);
/* Run @fn in @n processes. NULL, or the first failure. */
const char *world_run(struct plugin *p, int n, rank_fn fn, void *arg);
/* Give @size bytes to rank @to; take the bytes that rank @from gave. */
void world_give(struct world *w, int to, const void *data, size_t size);
void world_take(struct world *w, int from, void *data, size_t size);
/* The same if it is there; false: not yet */
bool world_try(struct world *w, int from, void *data, size_t size);
void world_barrier(struct world *w);

/* data.c: one collective with each of the sizes in turn; @done of them were right. faults.c */
const char *data_test(const char *name, struct plugin *p, int ranks, const size_t *size, int n,
		      atomic_int *done);
const char *fault_test(const char *name, struct plugin *p, int ranks);
extern const char *const data_names[], *const fault_names[];

/* replay.c */
const char *replay(struct plugin *p, const char *file);

/* tap.c */
int fds_open(void);
int threads_running(void);
/* Run in a process of its own. NULL, or what happened. */
const char *run_apart(point_fn run, struct plugin *p);

#endif
