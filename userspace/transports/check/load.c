// SPDX-License-Identifier: MIT
/* Which file NCCL opens for a name, and which table of it each release takes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static const struct release releases[] = {
	{ "2.22", 8, 5, false }, { "2.24", 9, 5, false }, { "2.26", 10, 6, false },
	{ "2.28", 11, 6, true }, { "2.29", 11, 6, true }, { "2.30", 12, 6, false },
};

const struct release *release_named(const char *name)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		if (!strcmp(releases[i].name, name))
			return &releases[i];
	}
	return NULL;
}

/* A path or file name as it is; else a suffix: libnccl-net-NAME.so */
static void *open_library(const char *name)
{
	char file[288];
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	size_t n = strlen(name);

	if (library || strchr(name, '/'))
		return library;
	if (!strncmp(name, "lib", 3) && n >= 3 && !strcmp(name + n - 3, ".so"))
		return NULL;
	snprintf(file, sizeof(file), "libnccl-net-%s.so", name);
	return dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

const char *plugin_load(struct plugin *p, const char *name, const struct release *as)
{
	struct link_map *map;
	char symbol[32];

	if (p->name != name) {
		memset(p, 0, sizeof(*p));
		snprintf(p->name, sizeof(p->name), "%s", name);
	}
	p->as = as;
	p->library = open_library(p->name);
	if (!p->library)
		return reason("%s", dlerror());
	if (!dlinfo(p->library, RTLD_DI_LINKMAP, &map))
		snprintf(p->path, sizeof(p->path), "%s", map->l_name);
	/* Version 5 is read by 2.22 and 2.24; no plugin has only that. */
	for (int v = as->newest; v >= as->oldest && v >= 6; v--) {
		snprintf(symbol, sizeof(symbol), "ncclNetPlugin_v%d", v);
		p->table = dlsym(p->library, symbol);
		if (p->table) {
			p->version = v;
			return NULL;
		}
	}
	dlclose(p->library);
	p->library = NULL;
	return reason("%s defines none of ncclNetPlugin_v%d to v%d; NCCL %s calls it unsupported",
		      name, as->oldest, as->newest, as->name);
}

void plugin_unload(struct plugin *p)
{
	if (p->library)
		dlclose(p->library);
	p->library = NULL;
	p->table = NULL;
}
