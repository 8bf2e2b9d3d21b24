// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "tests/unit/open_rig.h"

int open_as(struct fixture *f, enum tphbuf_backend backend, const char *how)
{
	struct tphbuf_device_opts opts = {
		.size = sizeof(opts),
		.backend = backend,
	};
	struct tphbuf_device *dev = NULL;
	int ret;

	ret = tphbuf_device_open(f->ctx, FAKE_BDF, &opts, &dev);
	if (ret)
		assert_null(dev);
	else
		assert_string_equal(tphbuf_device_backend(dev), how);
	tphbuf_device_close(dev);
	return ret;
}

int open_group(struct fixture *f)
{
	return open_as(f, TPHBUF_BACKEND_GROUP, "group");
}

int open_auto(struct fixture *f, const char *how)
{
	return open_as(f, TPHBUF_BACKEND_AUTO, how);
}

int setup_group(void **state)
{
	int ret = fixture_ctx(state);

	if (!ret)
		fake_group_nodes();
	return ret;
}

void add_peer(const char *bdf, const char *driver)
{
	char path[128], link[128];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", bdf);
	fake_mkdir(path);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", bdf);
	snprintf(link, sizeof(link), "../../drivers/%s", driver ? driver : "");
	if (driver)
		fake_link(path, link);

	snprintf(path, sizeof(path), GROUP "/devices/%s", bdf);
	snprintf(link, sizeof(link), "../../../../bus/pci/devices/%s", bdf);
	fake_link(path, link);
}
