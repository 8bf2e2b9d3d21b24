// SPDX-License-Identifier: MIT
/* Device numbers of the fake machine's nodes, see fake_node(). */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"

#define MAX_NODES 16

/* The fake itself makes the real calls. */
ssize_t __real_readlink(const char *path, char *target, size_t size);

struct node {
	const char *path; /* below the root */
	unsigned int major, minor;
};

static const struct node defaults[] = {
	{ DEV_NODE, 511, 0 },	 { "dev/iommu", 10, 126 },   { FAKE_CONTAINER, 10, 196 },
	{ FAKE_GROUP, 510, 12 }, { "dev/udmabuf", 10, 125 }, { "dev/dma_heap/system", 251, 0 },
};

static struct node nodes[MAX_NODES];
static unsigned int nr_nodes;

void nodes_reset(void)
{
	memcpy(nodes, defaults, sizeof(defaults));
	nr_nodes = sizeof(defaults) / sizeof(defaults[0]);
}

static struct node *find(const char *path)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		if (!strcmp(nodes[i].path, path))
			return &nodes[i];
	return NULL;
}

void fake_node(const char *path, unsigned int major, unsigned int minor)
{
	struct node *node = find(path);

	if (!node) {
		if (nr_nodes == MAX_NODES)
			abort();
		node = &nodes[nr_nodes++];
	}
	*node = (struct node){ path, major, minor };
}

bool node_number(int fd, unsigned int *major, unsigned int *minor)
{
	char link[32], path[PATH_MAX];
	const char *root = fake_root();
	size_t len = strlen(root);
	const struct node *node;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = __real_readlink(link, path, sizeof(path) - 1);
	if (!len || n < 0)
		return false;
	path[n] = '\0';
	if (strncmp(path, root, len) || path[len] != '/')
		return false;
	node = find(path + len + 1);
	if (!node || !node->major)
		return false;
	*major = node->major;
	*minor = node->minor;
	return true;
}
