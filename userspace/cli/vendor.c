// SPDX-License-Identifier: MIT
/*
 * --vendor LIBRARY: a device maker's names for tags, see <tphbuf/vendor.h>.
 * Only the command loads such a library, and only the one the user names.
 */
#include <dlfcn.h>
#include <string.h>

#include <tphbuf/vendor.h>

#include "cli/vendor.h"

static tphbuf_vendor_init_fn find_init(void *handle)
{
	void *symbol = dlsym(handle, TPHBUF_VENDOR_INIT);
	tphbuf_vendor_init_fn init;

	/* C has no conversion from an object pointer, POSIX needs one. */
	memcpy(&init, &symbol, sizeof(init));
	return init;
}

int vendor_load(struct cli *cli, const struct options *opts)
{
	tphbuf_vendor_init_fn init;
	int ret;

	if (!opts->vendor)
		return CLI_OK;
	cli->vendor = dlopen(opts->vendor, RTLD_NOW | RTLD_LOCAL);
	if (!cli->vendor)
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "--vendor '%s': cannot load the library (%s); give its path, or a name that ldconfig knows",
				     opts->vendor, dlerror());
	init = find_init(cli->vendor);
	if (!init)
		return cli_fail_text(cli, CLI_USAGE, "argument",
				     "--vendor '%s': has no %s(); name a library with names for tags",
				     opts->vendor, TPHBUF_VENDOR_INIT);
	ret = init(cli->ctx);
	return ret ? cli_fail_text(cli, CLI_FAILURE, "argument",
				   "--vendor '%s': refused to start (%s); see what it needs in its manual",
				   opts->vendor, strerror(-ret)) :
		     CLI_OK;
}

/* After the context, whose hooks point into the library. */
void vendor_unload(struct cli *cli)
{
	if (cli->vendor)
		dlclose(cli->vendor);
	cli->vendor = NULL;
}
