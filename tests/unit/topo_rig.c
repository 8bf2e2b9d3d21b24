// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "tests/unit/topo_rig.h"

struct machine_fn under_switch[8] = {
	HOST(UNKNOWN_HOST),
	BRIDGE(ROOT, PCI_EXP_TYPE_ROOT_PORT, MACHINE_NO_ACS),
	BRIDGE(SWITCH, PCI_EXP_TYPE_UPSTREAM, MACHINE_NO_ACS),
	BRIDGE(SWITCH "/0000:02:00.0", PCI_EXP_TYPE_DOWNSTREAM, 0),
	BRIDGE(SWITCH "/0000:02:01.0", PCI_EXP_TYPE_DOWNSTREAM, 0),
	MEMORY_FN(SWITCH "/0000:02:00.0/" MEM),
	NIC_FN(SWITCH "/0000:02:01.0/" NIC),
	{ 0 },
};

int topo_setup(void **state)
{
	struct tphbuf_ctx_opts opts = { .size = sizeof(opts) };
	struct fixture *f;
	char proc[512];

	fixture_ctx(state);
	f = *state;
	snprintf(proc, sizeof(proc), "%s", fake_path("proc"));
	opts.proc_root = proc;
	tphbuf_ctx_free(f->ctx);
	return tphbuf_ctx_new(&opts, &f->ctx);
}

struct tphbuf_topo_result judge(struct fixture *f)
{
	struct tphbuf_topo_result v = { .size = sizeof(v) };
	struct tphbuf_topo *topo;
	int ret = tphbuf_topo_read(f->ctx, MEM, NIC, &topo);

	if (ret)
		fail_msg("%d: %s", ret, tphbuf_ctx_error(f->ctx));
	assert_int_equal(tphbuf_topo_get_result(topo, &v), 0);
	tphbuf_topo_free(topo);
	return v;
}
