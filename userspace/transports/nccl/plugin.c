// SPDX-License-Identifier: MIT
/*
 * The state of the process: options, back end, devices, contexts. It is set up by the first
 * init and taken down when the last context goes, so that NCCL can unload the library.
 * Versions before 11 know no finalize: for them the destructor takes it down.
 */
#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

static struct {
	pthread_mutex_t lock;
	unsigned int users;
	struct net_config config;
	const struct net_backend *backend;
	struct net_device *devs;
	int n;
	struct net_ctx *shared; /* of versions before 11 */
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

static atomic_uint numbers;

uint32_t net_number(void)
{
	return atomic_fetch_add(&numbers, 1) + 1;
}

void net_lock(void)
{
	pthread_mutex_lock(&process.lock);
}

void net_unlock(void)
{
	pthread_mutex_unlock(&process.lock);
}

static void option_text(const char *name, const char *preset, char *text, size_t size)
{
	const char *value = getenv(name);

	if (!value || !value[0])
		value = preset ? preset : "";
	snprintf(text, size, "%s", value);
}

static bool option_number(const char *name, unsigned int preset, unsigned int least,
			  unsigned int most, unsigned int *number)
{
	const char *value = getenv(name);
	unsigned long n;
	char *end;

	*number = preset;
	if (!value || !value[0])
		return true;
	n = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end || n < least || n > most) {
		net_warn("%s=%s: not a number from %u to %u", name, value, least, most);
		return false;
	}
	*number = (unsigned int)n;
	return true;
}

static bool option_tag(enum net_tag_policy *tag)
{
	static const char *const names[] = { "ignore", "prefer", "require" };
	char text[16];

	option_text("TPHBUF_NET_TAG", "prefer", text, sizeof(text));
	for (unsigned int i = 0; i < 3; i++) {
		if (!strcmp(text, names[i])) {
			*tag = (enum net_tag_policy)i;
			return true;
		}
	}
	net_warn("TPHBUF_NET_TAG=%s: not require, prefer or ignore", text);
	return false;
}

/* "host,cuda,dmabuf" */
static bool option_ptr(int *ptr_support)
{
	static const struct {
		const char *name;
		int bit;
	} kinds[] = { { "host", NCCL_PTR_HOST },
		      { "cuda", NCCL_PTR_CUDA },
		      { "dmabuf", NCCL_PTR_DMABUF } };
	char text[64], *save = NULL;
	unsigned int i;

	*ptr_support = 0;
	option_text("TPHBUF_NET_PTR", "", text, sizeof(text));
	for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < 3 && strcmp(word, kinds[i].name); i++)
			;
		if (i == 3) {
			net_warn("TPHBUF_NET_PTR: %s is not host, cuda or dmabuf", word);
			return false;
		}
		*ptr_support |= kinds[i].bit;
	}
	return true;
}

static enum nccl_result read_options(struct net_config *config)
{
	memset(config, 0, sizeof(*config));
	option_text("TPHBUF_NET_BACKEND", "verbs", config->backend, sizeof(config->backend));
	option_text("TPHBUF_NET_COPY", "none", config->copy, sizeof(config->copy));
	option_text("TPHBUF_NET_MEMORY", "", config->memory, sizeof(config->memory));
	option_text("TPHBUF_NET_TRACE", "", config->trace, sizeof(config->trace));
	option_text("TPHBUF_NET_IFNAME", getenv("NCCL_SOCKET_IFNAME"), config->ifname,
		    sizeof(config->ifname));
	option_text("TPHBUF_NET_DEVICES", "", config->devices, sizeof(config->devices));
	if (!option_tag(&config->tag) || !option_ptr(&config->ptr_support) ||
	    !option_number("TPHBUF_NET_TIMEOUT_MS", 60000, 100, 3600000, &config->timeout_ms) ||
	    !option_number("TPHBUF_NET_QPS", 1, 1, 8, &config->qps))
		return NCCL_INVALID_USAGE;
	return NCCL_SUCCESS;
}

static const struct net_backend *backend_named(const char *name)
{
	if (!strcmp(name, net_loop.name))
		return &net_loop;
#ifdef HAVE_VERBS_BACKEND
	if (!strcmp(name, net_verbs.name))
		return &net_verbs;
#endif
	return NULL;
}

static void tear_down(void)
{
	for (int i = 0; i < process.n; i++)
		process.backend->device_close(&process.devs[i]);
	free(process.devs);
	process.devs = NULL;
	process.n = 0;
	process.backend = NULL;
	net_copy_close();
	net_memory_close();
	net_trace_close();
}

static enum nccl_result set_up(void)
{
	enum nccl_result result = read_options(&process.config);
	int err;

	if (result)
		return result;
	process.backend = backend_named(process.config.backend);
	if (!process.backend) {
		net_warn("TPHBUF_NET_BACKEND=%s: this build has no such back end; verbs and loop exist",
			 process.config.backend);
		return NCCL_INVALID_USAGE;
	}
	net_trace_open(process.config.trace);
	err = net_copy_open(process.config.copy);
	if (!err)
		err = net_memory_open(process.config.memory);
	if (!err)
		err = process.backend->devices(&process.devs, &process.n);
	if (err) {
		tear_down();
		return NCCL_SYSTEM_ERROR;
	}
	for (int i = 0; i < process.n; i++) {
		struct net_device *dev = &process.devs[i];

		if (net_memory_known())
			dev->ptr_support |= NCCL_PTR_CUDA;
		if (process.config.ptr_support)
			dev->ptr_support &= process.config.ptr_support;
		net_info("device %d: %s, %s back end, %d Mb/s, memory:%s%s%s", i, dev->name,
			 process.backend->name, dev->speed,
			 dev->ptr_support & NCCL_PTR_HOST ? " host" : "",
			 dev->ptr_support & NCCL_PTR_CUDA ? " device" : "",
			 dev->ptr_support & NCCL_PTR_DMABUF ? " dma-buf" : "");
	}
	return NCCL_SUCCESS;
}

static struct net_ctx *ctx_new(void)
{
	struct net_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->magic = NET_MAGIC_CTX;
	ctx->id = net_number();
	ctx->users = 1;
	return ctx;
}

enum nccl_result net_init(struct net_ctx **ctx, int version, nccl_logger log)
{
	enum nccl_result result = NCCL_SUCCESS;
	struct net_ctx *made = NULL;

	net_lock();
	net_set_logger(log);
	if (version < 11 && process.shared)
		goto out;
	if (!process.users)
		result = set_up();
	if (result)
		goto out;
	made = ctx_new();
	if (!made) {
		if (!process.users)
			tear_down();
		result = NCCL_SYSTEM_ERROR;
		goto out;
	}
	process.users++;
	if (version < 11)
		process.shared = made;
	else
		*ctx = made;
out:
	net_trace("init", result, "\"api\":%d,\"ctx\":%u", version, made ? made->id : 0);
	net_unlock();
	return result;
}

/* With the lock held. */
void net_ctx_get(struct net_ctx *ctx)
{
	ctx->users++;
}

/* With the lock held. */
void net_ctx_put(struct net_ctx *ctx)
{
	if (--ctx->users)
		return;
	ctx->magic = 0;
	free(ctx);
	if (!--process.users)
		tear_down();
}

/* An unset context is what NCCL 2.28 hands over after an init that failed. */
enum nccl_result net_finalize(struct net_ctx *ctx)
{
	if (!ctx)
		return NCCL_SUCCESS;
	if (ctx->magic != NET_MAGIC_CTX) {
		net_warn("finalize: not a context of this plugin");
		return NCCL_INVALID_ARGUMENT;
	}
	net_lock();
	net_trace("finalize", NCCL_SUCCESS, "\"ctx\":%u", ctx->id);
	net_close_halves(ctx);
	net_close_listens(ctx);
	net_ctx_put(ctx);
	net_unlock();
	return NCCL_SUCCESS;
}

__attribute__((destructor)) static void unloaded(void)
{
	struct net_ctx *ctx = process.shared;

	process.shared = NULL;
	net_set_logger(NULL);
	net_finalize(ctx);
}

struct net_ctx *net_shared_ctx(void)
{
	return process.shared;
}

enum nccl_result net_devices(int *n)
{
	*n = process.n;
	net_trace("devices", NCCL_SUCCESS, "\"n\":%d", *n);
	return NCCL_SUCCESS;
}

/* NULL with a line in the log: there is none of this number */
struct net_device *net_device(int dev)
{
	if (dev >= 0 && dev < process.n)
		return &process.devs[dev];
	net_warn("device %d: there are devices 0 to %d", dev, process.n - 1);
	return NULL;
}

const struct net_config *net_config(void)
{
	return &process.config;
}
