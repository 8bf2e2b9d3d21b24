// SPDX-License-Identifier: MIT
/* A registry of fake regions: registry_rig.h. */
#include <stdlib.h>

#include "tests/unit/registry_rig.h"

struct ops_log ops_log;

static int fake_reg(void *arg, const struct tphbuf_registry_request *request, void **objectp)
{
	struct object *object;

	assert_ptr_equal(arg, &ops_log);
	ops_log.last = *request;
	if (request->tag)
		ops_log.last_tag = *request->tag;
	if (ops_log.fail)
		return tphbuf_priv_fail(tphbuf_priv_buffer_ctx(request->buf), TPHBUF_STAGE_REGISTER,
					-ops_log.fail, "told to fail");
	object = calloc(1, sizeof(*object));
	if (!object)
		return tphbuf_priv_fail_nomem(tphbuf_priv_buffer_ctx(request->buf),
					      TPHBUF_STAGE_REGISTER);
	object->has_tag = request->tag;
	if (request->tag)
		object->tag = *request->tag;
	if (ops_log.meanwhile)
		ops_log.meanwhile(ops_log.f);
	if (ops_log.strict && fake_dmabuf_tag()->st != object->tag.st) {
		free(object);
		return tphbuf_priv_fail(tphbuf_priv_buffer_ctx(request->buf), TPHBUF_STAGE_REGISTER,
					-ENODATA, "another tag is applied");
	}
	ops_log.made++;
	*objectp = object;
	return 0;
}

static void fake_unreg(void *arg, void *object)
{
	assert_ptr_equal(arg, &ops_log);
	ops_log.unmade++;
	free(object);
	if (ops_log.leaving)
		ops_log.leaving(ops_log.f);
}

const struct tphbuf_registry_ops fake_ops = {
	sizeof(fake_ops),
	fake_reg,
	fake_unreg,
};

struct tphbuf_registry *new_registry(struct fixture *f, uint32_t flags, uint32_t limit,
				     uint64_t granule)
{
	struct tphbuf_registry_opts opts = {
		.size = sizeof(opts),
		.ops = &fake_ops,
		.arg = &ops_log,
		.flags = flags,
		.limit = limit,
		.granule = granule,
	};
	struct tphbuf_registry *reg;

	memset(&ops_log, 0, sizeof(ops_log));
	ops_log.f = f;
	assert_int_equal(tphbuf_registry_new(f->ctx, &opts, &reg), 0);
	return reg;
}

void end(struct tphbuf_registry *reg)
{
	assert_int_equal(tphbuf_registry_free(reg), 0);
	assert_int_equal(ops_log.made, ops_log.unmade);
}

struct tphbuf_registry_stats stats_of(struct tphbuf_registry *reg)
{
	struct tphbuf_registry_stats s = { .size = sizeof(s) };

	assert_int_equal(tphbuf_registry_read_stats(reg, &s), 0);
	return s;
}

void *touch(struct tphbuf_registry *reg, void *domain, struct tphbuf_buffer *buf, uint64_t offset,
	    uint64_t length, int access)
{
	struct tphbuf_registration *region;
	void *object;

	assert_int_equal(tphbuf_registry_get(reg, domain, buf, offset, length, access, &region), 0);
	object = tphbuf_registration_object(region);
	assert_true(tphbuf_registration_offset(region) <= offset);
	assert_true(tphbuf_registration_offset(region) + tphbuf_registration_length(region) >=
		    offset + length);
	tphbuf_registration_put(region);
	return object;
}

void set_tag(struct tphbuf_buffer *buf, uint8_t st)
{
	const struct tphbuf_tag tag = { TPHBUF_TAG_ST, 0, st, 1 };

	assert_int_equal(tphbuf_buffer_tag_set(buf, &tag), 0);
}
