// SPDX-License-Identifier: MIT
/* The registry of regions: get, put, invalidate. See registry.h for locking. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/registry/registry.h"

#define DEFAULT_LIMIT 4096
#define MAX_ATTEMPTS  3

/* The rounded request: the key, and the buffer. */
struct query {
	struct tphbuf_identity identity;
	struct region_key key;
	int fd;
	struct tphbuf_device *dev; /* or NULL */
	struct tag_clock *clock;   /* or NULL */
};

static int check_opts(struct tphbuf_ctx *ctx, struct tphbuf_registry_opts *o)
{
	if (!o->ops || o->ops->size < sizeof(struct tphbuf_registry_ops) || !o->ops->reg ||
	    !o->ops->unreg)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"no operations, or not all of them; give reg and unreg");
	if (o->flags & ~TPHBUF_REGISTRY_VERIFY)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"unknown flags 0x%x; use the TPHBUF_REGISTRY_ bits",
				o->flags & ~TPHBUF_REGISTRY_VERIFY);
	if (!o->limit)
		o->limit = DEFAULT_LIMIT;
	if (o->limit > TPHBUF_REGISTRY_MAX)
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"a limit of %u regions is too large; use at most %u", o->limit,
				TPHBUF_REGISTRY_MAX);
	if (!o->granule)
		o->granule = (uint64_t)sysconf(_SC_PAGESIZE);
	if (o->granule != TPHBUF_GRANULE_WHOLE && o->granule & (o->granule - 1))
		return ctx_fail(ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
				"the granule 0x%" PRIx64
				" is not a power of two; use one, 0 or TPHBUF_GRANULE_WHOLE",
				o->granule);
	return 0;
}

static void registry_destroy(struct tphbuf_registry *reg)
{
	table_destroy(reg);
	pthread_mutex_destroy(&reg->mutex);
	tphbuf_ctx_free(reg->ctx);
	free(reg);
}

int tphbuf_registry_new(struct tphbuf_ctx *ctx, const struct tphbuf_registry_opts *opts,
			struct tphbuf_registry **regp)
{
	struct tphbuf_ctx_opts own = { .size = sizeof(own) };
	struct tphbuf_registry_opts o;
	struct tphbuf_registry *reg;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = ctx_opts_in(ctx, &o, opts, tphbuf_registry_opts);
	if (!ret && !regp)
		ret = ctx_fail_null(ctx, "reg");
	if (!ret)
		ret = check_opts(ctx, &o);
	if (ret)
		return ret;
	reg = calloc(1, sizeof(*reg));
	if (!reg)
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_REGISTER);
	pthread_mutex_init(&reg->mutex, NULL);
	reg->ops = *o.ops;
	reg->arg = o.arg;
	reg->flags = o.flags;
	reg->limit = o.limit;
	reg->granule = o.granule;
	own.sysfs_root = ctx->sysfs_root;
	own.dev_root = ctx->dev_root;
	own.proc_root = ctx->proc_root;
	ret = tphbuf_ctx_new(&own, &reg->ctx);
	if (!ret)
		ret = table_init(reg);
	if (ret) {
		registry_destroy(reg);
		return ctx_fail_nomem(ctx, TPHBUF_STAGE_REGISTER);
	}
	*regp = reg;
	return 0;
}

/* Drop a reference; with the mutex. */
static void region_put_locked(struct tphbuf_registration *region)
{
	struct tphbuf_registry *reg = region->reg;

	if (__atomic_sub_fetch(&region->refs, 1, __ATOMIC_ACQ_REL))
		return;
	reg->ops.unreg(reg->arg, region->object);
	known_put(reg, region->known);
	free(region);
	reg->alive--;
}

/* Remove @region from the table if only the table holds it. */
static bool unlink_unused(struct tphbuf_registry *reg, struct tphbuf_registration *region)
{
	bool unused;

	write_lock(reg);
	unused = __atomic_load_n(&region->refs, __ATOMIC_RELAXED) == 1;
	if (unused)
		table_remove(reg, region);
	write_unlock(reg);
	return unused;
}

/* Take out of the table what refers to @known, or everything. */
static int unlink_all(struct tphbuf_registry *reg, const struct known *known)
{
	struct tphbuf_registration *region, *next, *out = NULL;
	uint64_t i;
	int n = 0;

	write_lock(reg);
	for (i = 0; i <= reg->mask; i++) {
		for (region = reg->bucket[i]; region; region = next) {
			next = region->next;
			if (known && region->known != known)
				continue;
			table_remove(reg, region);
			region->next = out;
			out = region;
			n++;
		}
	}
	write_unlock(reg);
	for (region = out; region; region = next) {
		next = region->next;
		region_put_locked(region);
	}
	return n;
}

int tphbuf_registry_free(struct tphbuf_registry *reg)
{
	struct tphbuf_registration *region;
	uint64_t i;

	if (!reg)
		return 0;
	for (i = 0; i <= reg->mask; i++)
		for (region = reg->bucket[i]; region; region = region->next)
			if (__atomic_load_n(&region->refs, __ATOMIC_ACQUIRE) > 1)
				return -EBUSY;
	/* Some that left the table may still be held. */
	if (reg->alive != reg->stats.regions)
		return -EBUSY;
	unlink_all(reg, NULL);
	while (reg->index.nr)
		known_put(reg, reg->index.range[--reg->index.nr].known);
	registry_destroy(reg);
	return 0;
}

/* Look, and take a reference; readers only. */
static struct tphbuf_registration *take(struct tphbuf_registry *reg, const struct query *q,
					struct slot *slot)
{
	struct tphbuf_registration *region = table_find(reg, &q->identity, &q->key);
	uint64_t tick;

	if (!region || (reg->flags & TPHBUF_REGISTRY_VERIFY && region->known->device_fd >= 0) ||
	    (q->dev && region->known->device_fd < 0) || !known_is_fresh(region->known, q->clock))
		return NULL;
	__atomic_add_fetch(&region->refs, 1, __ATOMIC_RELAXED);
	/* Written only when it changes, to keep the line shared. */
	tick = __atomic_load_n(&reg->tick, __ATOMIC_RELAXED);
	if (__atomic_load_n(&region->last_used, __ATOMIC_RELAXED) != tick)
		__atomic_store_n(&region->last_used, tick, __ATOMIC_RELAXED);
	__atomic_add_fetch(&slot->hits, 1, __ATOMIC_RELAXED);
	return region;
}

/*
 * Read the tag; if it is another one, the regions leave the table. Return: 1
 * if so, 0, -errno, which is not recorded.
 */
static int refresh(struct tphbuf_registry *reg, struct known *known)
{
	struct clock_times before;
	int ret = known_read_tag(known, &before);

	if (ret < 0)
		return ret;
	if (ret)
		reg->stats.stale += (uint64_t)unlink_all(reg, known);
	known_settle(known, &before);
	return ret;
}

static int fail_refresh(struct tphbuf_registry *reg, int err)
{
	return ctx_fail_errno(reg->ctx, TPHBUF_STAGE_TAG, err, "the tag of a buffer");
}

/* Ask the operations for a region that carries the tag that counts now. */
static int register_once(struct tphbuf_registry *reg, struct known *known,
			 const struct region_key *key, void **object)
{
	const struct tphbuf_registry_request request = {
		.domain = key->domain,
		.buf = known->buf,
		.offset = key->offset,
		.length = key->length,
		.access = key->access,
		.tag = known->device_fd < 0 ? NULL : &known->tag,
	};
	int err = reg->ops.reg(reg->arg, &request, object);
	/* The tag of the region is certain only if the buffer's tag did not change meanwhile. */
	int changed = refresh(reg, known);

	/* A change of the tag may be the reason for the failure. */
	if (err && changed <= 0)
		return err;
	if (!err && !changed)
		return 0;
	if (!err)
		reg->ops.unreg(reg->arg, *object);
	if (changed < 0)
		return fail_refresh(reg, changed);
	return ctx_fail_errno(reg->ctx, TPHBUF_STAGE_REGISTER, -EAGAIN,
			      "a region of 0x%" PRIx64 " bytes", key->length);
}

static int make_room(struct tphbuf_registry *reg)
{
	struct tphbuf_registration *oldest;

	while (reg->stats.regions >= reg->limit) {
		oldest = table_oldest_unused(reg);
		if (!oldest)
			return ctx_fail(reg->ctx, TPHBUF_STAGE_REGISTER, -EBUSY,
					"all %u regions are in use; put some back, or give the registry a higher limit",
					reg->limit);
		if (!unlink_unused(reg, oldest))
			continue;
		region_put_locked(oldest);
		reg->stats.evictions++;
	}
	return 0;
}

/* Make a region; takes over the user of @known on success. */
static int make_region(struct tphbuf_registry *reg, struct known *known,
		       const struct region_key *key, struct tphbuf_registration **regionp)
{
	struct tphbuf_registration *region;
	int attempt, ret;

	ret = make_room(reg);
	if (ret)
		return ret;
	region = aligned_alloc(_Alignof(struct tphbuf_registration), sizeof(*region));
	if (!region)
		return ctx_fail_nomem(reg->ctx, TPHBUF_STAGE_REGISTER);
	memset(region, 0, sizeof(*region));
	region->key = *key;
	region->known = known;
	region->reg = reg;
	region->refs = 2; /* the table, the caller */
	ret = -EAGAIN;
	for (attempt = 0; attempt < MAX_ATTEMPTS && ret == -EAGAIN; attempt++)
		ret = register_once(reg, known, key, &region->object);
	if (ret) {
		free(region);
		return ret;
	}
	reg->stats.misses++;
	reg->alive++;
	write_lock(reg);
	region->last_used = __atomic_add_fetch(&reg->tick, 1, __ATOMIC_RELAXED);
	table_add(reg, region);
	write_unlock(reg);
	*regionp = region;
	return 0;
}

/* With the mutex: what a reader could not find. */
static int get_slowly(struct tphbuf_registry *reg, const struct query *q,
		      struct tphbuf_registration **regionp)
{
	struct tphbuf_registration *region;
	struct known *known;
	int ret;

	ret = known_get(reg, &q->identity, q->fd, q->dev, q->clock, &known);
	if (ret)
		return ret;
	ret = refresh(reg, known);
	if (ret < 0) {
		fail_refresh(reg, ret);
		goto err_put;
	}
	region = table_find(reg, &q->identity, &q->key);
	if (region) {
		/* Another thread has made the region meanwhile, or the tag had to be read. */
		__atomic_add_fetch(&region->refs, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&region->last_used, reg->tick, __ATOMIC_RELAXED);
		__atomic_add_fetch(&reg->slot[0].hits, 1, __ATOMIC_RELAXED);
		known_put(reg, known);
		*regionp = region;
		return 0;
	}
	ret = make_region(reg, known, &q->key, regionp);
	if (!ret)
		return 0;
err_put:
	known_put(reg, known);
	return ret;
}

/* Round the range outward; @total is the length of the buffer. */
static bool round_range(const struct tphbuf_registry *reg, uint64_t total, struct region_key *key,
			uint64_t offset, uint64_t length)
{
	uint64_t end, mask = reg->granule - 1;

	if (!length || offset >= total || length > total - offset)
		return false;
	if (reg->granule == TPHBUF_GRANULE_WHOLE) {
		key->offset = 0;
		key->length = total;
		return true;
	}
	end = offset + length;
	end = end > total - (total & mask) ? total : (end + mask) & ~mask;
	key->offset = offset & ~mask;
	key->length = end - key->offset;
	return true;
}

static int fail_range(struct tphbuf_registry *reg)
{
	int ret;

	pthread_mutex_lock(&reg->mutex);
	ret = ctx_fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, -EINVAL,
		       "the range is empty or not inside the buffer; use a smaller one");
	pthread_mutex_unlock(&reg->mutex);
	return ret;
}

static int fail_descriptor(struct tphbuf_registry *reg, int err, int fd)
{
	pthread_mutex_lock(&reg->mutex);
	ctx_fail_errno(reg->ctx, TPHBUF_STAGE_IMPORT, err, "descriptor %d", fd);
	pthread_mutex_unlock(&reg->mutex);
	return err;
}

static int get(struct tphbuf_registry *reg, const struct query *q,
	       struct tphbuf_registration **region)
{
	struct slot *slot = read_lock(reg);
	int ret = 0;

	*region = take(reg, q, slot);
	read_unlock(slot);
	if (*region)
		return 0;
	pthread_mutex_lock(&reg->mutex);
	ret = get_slowly(reg, q, region);
	pthread_mutex_unlock(&reg->mutex);
	return ret;
}

int tphbuf_registry_get(struct tphbuf_registry *reg, void *domain, struct tphbuf_buffer *buf,
			uint64_t offset, uint64_t length, int32_t access,
			struct tphbuf_registration **regionp)
{
	struct tphbuf_registration *region;
	struct query q;
	int ret;

	if (!reg || !buf || !regionp)
		return -EINVAL;
	ret = buffer_identity(buf, &q.identity);
	if (ret)
		return fail_descriptor(reg, ret, buf->fd);
	q.key.domain = domain;
	q.key.access = access;
	q.fd = buf->fd;
	q.dev = buf->dev;
	q.clock = buf->ctx->clock;
	if (!round_range(reg, buf->length, &q.key, offset, length))
		return fail_range(reg);
	ret = get(reg, &q, &region);
	if (!ret)
		*regionp = region;
	return ret;
}

int tphbuf_registry_get_fd(struct tphbuf_registry *reg, void *domain, int fd, uint64_t offset,
			   uint64_t length, int32_t access, struct tphbuf_registration **regionp)
{
	struct query q = { .fd = fd };
	struct tphbuf_registration *region;
	struct stat st;
	off_t total;
	int ret;

	if (!reg || !regionp)
		return -EINVAL;
	total = fstat(fd, &st) ? -1 : lseek(fd, 0, SEEK_END);
	if (total < 0)
		return fail_descriptor(reg, -errno, fd);
	q.key.domain = domain;
	q.identity.dev = st.st_dev;
	q.identity.ino = st.st_ino;
	q.key.access = access;
	if (!round_range(reg, (uint64_t)total, &q.key, offset, length))
		return fail_range(reg);
	ret = get(reg, &q, &region);
	if (!ret)
		*regionp = region;
	return ret;
}

/* The query for addresses; under a slot or the mutex. */
static int resolve(struct tphbuf_registry *reg, uint64_t addr, uint64_t length, struct query *q,
		   uint64_t *offset)
{
	const struct addr_range *range = index_find(&reg->index, addr, length);
	const struct known *known;

	if (!range || !length)
		return -ENOENT;
	known = range->known;
	*offset = range->offset + (addr - range->addr);
	q->identity = known->identity;
	q->fd = known->buf->fd;
	q->clock = known->nr_clocks ? known->clock[0].clock : NULL;
	return round_range(reg, known->buf->length, &q->key, *offset, length) ? 0 : -ENOENT;
}

static int get_addr_slowly(struct tphbuf_registry *reg, uint64_t addr, uint64_t length,
			   struct query *q, uint64_t *offset, struct tphbuf_registration **region)
{
	int ret = resolve(reg, addr, length, q, offset);

	if (ret)
		return ctx_fail(reg->ctx, TPHBUF_STAGE_ARGUMENT, ret,
				"0x%" PRIx64 "+0x%" PRIx64
				" is not inside one range; add it with tphbuf_registry_add_range()",
				addr, length);
	return get_slowly(reg, q, region);
}

int tphbuf_registry_get_addr(struct tphbuf_registry *reg, void *domain, uint64_t addr,
			     uint64_t length, int32_t access, uint64_t *offsetp,
			     struct tphbuf_registration **regionp)
{
	struct query q = { .key = { .domain = domain, .access = access } };
	struct tphbuf_registration *region = NULL;
	struct slot *slot;
	uint64_t offset = 0;
	int ret = 0;

	if (!reg || !regionp)
		return -EINVAL;
	slot = read_lock(reg);
	if (!resolve(reg, addr, length, &q, &offset))
		region = take(reg, &q, slot);
	read_unlock(slot);
	if (!region) {
		pthread_mutex_lock(&reg->mutex);
		ret = get_addr_slowly(reg, addr, length, &q, &offset, &region);
		pthread_mutex_unlock(&reg->mutex);
	}
	if (ret)
		return ret;
	if (offsetp)
		*offsetp = offset;
	*regionp = region;
	return 0;
}

int tphbuf_registry_invalidate(struct tphbuf_registry *reg, const struct tphbuf_identity *identity)
{
	const struct known *known = NULL;
	int n = 0;

	if (!reg)
		return -EINVAL;
	pthread_mutex_lock(&reg->mutex);
	if (identity)
		known = known_find(reg, identity);
	if (!identity || known)
		n = unlink_all(reg, known);
	reg->stats.stale += (uint64_t)n;
	pthread_mutex_unlock(&reg->mutex);
	return n;
}

void tphbuf_registration_put(struct tphbuf_registration *region)
{
	struct tphbuf_registry *reg;
	uint32_t refs;

	if (!region)
		return;
	reg = region->reg;
	/* The last reference is dropped under the mutex only. */
	refs = __atomic_load_n(&region->refs, __ATOMIC_RELAXED);
	while (refs > 1)
		if (__atomic_compare_exchange_n(&region->refs, &refs, refs - 1, true,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return;
	pthread_mutex_lock(&reg->mutex);
	region_put_locked(region);
	pthread_mutex_unlock(&reg->mutex);
}

void *tphbuf_registration_object(const struct tphbuf_registration *region)
{
	return region ? region->object : NULL;
}

uint64_t tphbuf_registration_offset(const struct tphbuf_registration *region)
{
	return region ? region->key.offset : 0;
}

uint64_t tphbuf_registration_length(const struct tphbuf_registration *region)
{
	return region ? region->key.length : 0;
}

int tphbuf_registry_read_stats(struct tphbuf_registry *reg, struct tphbuf_registry_stats *stats)
{
	struct tphbuf_registry_stats s;
	unsigned int i;
	int ret;

	if (!reg || !stats)
		return -EINVAL;
	pthread_mutex_lock(&reg->mutex);
	s = reg->stats;
	for (i = 0; i < NR_SLOTS; i++)
		s.hits += __atomic_load_n(&reg->slot[i].hits, __ATOMIC_RELAXED);
	ret = ctx_info_out(reg->ctx, stats, &s, tphbuf_registry_stats);
	pthread_mutex_unlock(&reg->mutex);
	return ret;
}

void tphbuf_registry_error(struct tphbuf_registry *reg, char *text, size_t size)
{
	if (!text || !size)
		return;
	text[0] = '\0';
	if (!reg)
		return;
	pthread_mutex_lock(&reg->mutex);
	snprintf(text, size, "%s", tphbuf_ctx_error(reg->ctx));
	pthread_mutex_unlock(&reg->mutex);
}
