// SPDX-License-Identifier: MIT
/* Operations of the stress on regions: registration, writes, and the state that the kernel reports. */
#include "tests/guest/stress.h"

#include <errno.h>
#include <string.h>
#include <tphbuf/mr.h>
#include <tphbuf/tphbuf.h>

#define ACCESS	  (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE)
#define HOST_SIZE 4096u

static unsigned int nic_of(const struct region *region)
{
	return (unsigned int)(region - stress.region) % NICS;
}

static uint32_t width_of(const struct region *region)
{
	return nic_of(region) ? 16 : 8;
}

static struct region *any_region(struct worker *w)
{
	return &stress.region[random_below(&w->random, REGIONS)];
}

void loops_open(struct worker *w)
{
	for (int i = 0; i < NICS; i++) {
		struct loop *loop = &w->loop[i];

		loop->port = &stress.port[i];
		memory_alloc(&loop->host, loop->port, HOST_SIZE, IBV_ACCESS_LOCAL_WRITE);
		fill(loop->host.addr, HOST_SIZE, (uint32_t)i);
		link_open(&loop->from, loop->port, &loop->to, loop->port, NULL);
	}
	require(!tphbuf_ctx_new(NULL, &w->ctx), "no context");
}

void loops_close(struct worker *w)
{
	for (int i = 0; i < NICS; i++) {
		link_close(&w->loop[i].from, &w->loop[i].to);
		memory_free(&w->loop[i].host);
	}
	tphbuf_ctx_free(w->ctx);
}

/* The mapping has not been revoked since it was made: a write must succeed. */
static bool undisturbed(const struct region *region)
{
	return stamp_is(&stress.dev.life, region->life) &&
	       stamp_is(&stress.dev.memory, region->memory);
}

void region_empty(struct region *region)
{
	int ret;

	if (!region->mr)
		return;
	ret = ibv_dereg_mr(region->mr);
	require(!ret, "ibv_dereg_mr: %s", strerror(ret));
	region->mr = NULL;
}

/*
 * The tag of the buffer, if it can be known: then it does not change before the caller looks at
 * the stamp again.
 */
static bool read_tag(const struct buffer *buffer, tph_t *tph)
{
	*tph = (tph_t){ .dmabuf_fd = buffer->slot };
	return !vfio_tph(stress.dev.slot, VFIO_DEVICE_FEATURE_GET, tph);
}

static void answer_registration(struct worker *w, const struct region *region, bool again, int ret,
				bool certain)
{
	const int *allowed = certain ? ANY(0) : ANY(0, -EBADF, -ENODEV, -EAGAIN);

	answer(w, nic_of(region) ? OP_REGISTER_EXT : OP_REGISTER_8BIT, ret, allowed);
	if (again)
		answer(w, OP_REREGISTER, ret, allowed);
}

void op_register(struct worker *w)
{
	struct region *region = any_region(w);
	struct buffer *buffer = &stress.buffer[random_below(&w->random, SLOTS)];
	struct device *dev = &stress.dev;
	unsigned int now, owner;
	bool again, known;
	int ret;

	pthread_rwlock_wrlock(&region->lock);
	again = region->mr;
	region_empty(region);
	region->life = stamp_now(&dev->life);
	region->memory = stamp_now(&dev->memory);
	now = stamp_now(&buffer->stamp);
	owner = atomic_load(&buffer->owner);
	known = read_tag(buffer, &region->tph);
	stamp_begin(&stress.table[nic_of(region)]);
	region->mr = ibv_reg_dmabuf_mr(stress.port[nic_of(region)].pd, 0, BUFFER_SIZE, 0,
				       buffer->slot, ACCESS);
	ret = region->mr ? 0 : -errno;
	stamp_end(&stress.table[nic_of(region)]);
	region->exact = known && stamp_is(&buffer->stamp, now);
	if (region->mr)
		atomic_store(&region->rkey, region->mr->rkey);
	answer_registration(w, region, again, ret,
			    stamp_is(&buffer->stamp, now) && owner == region->life &&
				    undisturbed(region));
	if (!undisturbed(region))
		region->life = UNKNOWN;
	pthread_rwlock_unlock(&region->lock);
}

void op_deregister(struct worker *w)
{
	struct region *region = any_region(w);

	pthread_rwlock_wrlock(&region->lock);
	if (region->mr) {
		region_empty(region);
		answer(w, OP_DEREGISTER, 0, ANY(0));
	}
	pthread_rwlock_unlock(&region->lock);
}

/* Changing a dma-buf region in place is refused, tagged or not, and leaves it as it is. */
void op_rereg(struct worker *w)
{
	struct region *region = any_region(w);
	int ret;

	pthread_rwlock_wrlock(&region->lock);
	if (region->mr) {
		ret = ibv_rereg_mr(region->mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, NULL, 0,
				   IBV_ACCESS_LOCAL_WRITE);
		require(ret == IBV_REREG_MR_ERR_INPUT || ret == IBV_REREG_MR_ERR_CMD,
			"ibv_rereg_mr: %d", ret);
		require(errno == EINVAL || errno == EOPNOTSUPP, "ibv_rereg_mr: %m");
		answer(w, OP_REREG_REFUSED, 0, ANY(0));
	}
	pthread_rwlock_unlock(&region->lock);
}

/* ESTALE: the buffer has another tag now than the region; ENODEV: it is revoked. */
void op_prefetch(struct worker *w)
{
	struct region *region = any_region(w);

	pthread_rwlock_rdlock(&region->lock);
	if (region->mr) {
		bool calm = undisturbed(region);
		struct ibv_sge sge = { .length = BUFFER_SIZE, .lkey = region->mr->lkey };
		int ret = ibv_advise_mr(region->mr->pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE,
					IBV_ADVISE_MR_FLAG_FLUSH, &sge, 1);

		answer(w, OP_PREFETCH, -ret,
		       calm && undisturbed(region) ? ANY(0) : ANY(0, -ESTALE, -ENODEV));
	}
	pthread_rwlock_unlock(&region->lock);
}

/* The kernel's report of the region's tag. */
void op_applied(struct worker *w)
{
	struct region *region = any_region(w);
	struct tphbuf_applied applied = { .size = sizeof(applied) };
	uint32_t bit = nic_of(region) ? VFIO_DMA_BUF_TPH_ST_EXT : VFIO_DMA_BUF_TPH_ST;
	uint32_t st;
	int ret;

	pthread_rwlock_rdlock(&region->lock);
	if (!region->mr)
		goto out;
	ret = tphbuf_ibv_applied(w->ctx, region->mr, &applied);
	answer(w, OP_APPLIED, ret, ANY(0));
	require(applied.state != TPHBUF_APPLIED_UNKNOWN, "the kernel does not tell: %s",
		applied.reason);
	if (!region->exact)
		goto out;
	require((applied.state == TPHBUF_APPLIED_YES) == !!(region->tph.flags & bit),
		"applied: %d (%s) with flags 0x%x", applied.state, applied.reason,
		region->tph.flags);
	st = nic_of(region) ? region->tph.steering_tag_ext : region->tph.steering_tag;
	require(applied.state != TPHBUF_APPLIED_YES ||
			((nic_of(region) ? applied.tag.xst : applied.tag.st) == st &&
			 applied.tag.ph == region->tph.ph),
		"another tag is applied than 0x%x ph %u", st, region->tph.ph);
out:
	pthread_rwlock_unlock(&region->lock);
}

/* One write into the region with rkey; a pair of queue pairs that an error has stopped is made again. */
static enum ibv_wc_status write_once(struct worker *w, unsigned int nic, uint32_t rkey)
{
	struct loop *loop = &w->loop[nic];
	uint32_t len = 1 + random_below(&w->random, HOST_SIZE);
	struct ibv_sge sge = { .addr = (uintptr_t)loop->host.addr,
			       .length = len,
			       .lkey = loop->host.mr->lkey };
	struct ibv_send_wr wr = {
		.opcode = IBV_WR_RDMA_WRITE,
		.sg_list = &sge,
		.num_sge = 1,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { .remote_addr = random_below(&w->random, BUFFER_SIZE - len),
			     .rkey = rkey },
	};
	struct ibv_wc wc;

	post(&loop->from, &wr);
	wc = poll_any(&loop->from);
	if (wc.status != IBV_WC_SUCCESS) {
		link_close(&loop->from, &loop->to);
		link_open(&loop->from, loop->port, &loop->to, loop->port, NULL);
	}
	return wc.status;
}

static void answer_write(struct worker *w, enum op op, enum ibv_wc_status status, bool certain)
{
	require(status == IBV_WC_SUCCESS || status == IBV_WC_REM_ACCESS_ERR, "write: %s",
		ibv_wc_status_str(status));
	answer(w, op, status == IBV_WC_SUCCESS ? 0 : -EACCES, certain ? ANY(0) : ANY(0, -EACCES));
}

/* With a key that may be gone before the write arrives. */
void op_write(struct worker *w)
{
	struct region *region = any_region(w);
	uint32_t rkey = atomic_load(&region->rkey);

	if (!rkey)
		return;
	pthread_rwlock_rdlock(&stress.traffic);
	answer_write(w, OP_WRITE, write_once(w, nic_of(region), rkey), false);
	pthread_rwlock_unlock(&stress.traffic);
}

static bool tags_verified(struct region *region, bool table_written)
{
	return region->exact ? tags_verify_exact(&region->tph, width_of(region), table_written) :
			       tags_verify_tally();
}

/* The only write in flight, of a region that stays registered: every TLP must carry the region's tag. */
void op_write_checked(struct worker *w)
{
	struct region *region = any_region(w);
	struct stamp *table = &stress.table[nic_of(region)];
	enum ibv_wc_status status;
	unsigned int written;
	bool calm, cleared;

	pthread_rwlock_wrlock(&stress.traffic);
	pthread_rwlock_rdlock(&region->lock);
	if (!region->mr)
		goto out;
	calm = undisturbed(region);
	cleared = tags_verify_tally();
	written = stamp_now(table);
	status = write_once(w, nic_of(region), region->mr->rkey);
	answer_write(w, OP_WRITE_CHECKED, status, calm && undisturbed(region));
	if (!cleared || !tags_verified(region, !stamp_is(table, written)))
		w->inconclusive++;
out:
	pthread_rwlock_unlock(&region->lock);
	pthread_rwlock_unlock(&stress.traffic);
}
