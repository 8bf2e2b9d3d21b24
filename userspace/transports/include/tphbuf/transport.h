/* SPDX-License-Identifier: MIT */
/*
 * What a vendor supplies to libnccl-net-tphbuf.so and nccl-net-check: which dma-buf an
 * address belongs to, how to copy to and from device memory that the CPU cannot reach, and
 * how to reduce in it.
 *
 * A shared library named by TPHBUF_NET_MEMORY or TPHBUF_NET_COPY (plugin) or by --reduce
 * (nccl-net-check) defines one variable: TPHBUF_NET_MEMORY_SYMBOL, TPHBUF_NET_COPY_SYMBOL
 * or TPHBUF_REDUCE_SYMBOL. A library that is in the process already, such as the vendor's
 * runtime, is not loaded twice. It is never unloaded while a function of it runs.
 */
#ifndef TPHBUF_TRANSPORT_H
#define TPHBUF_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_NET_MEMORY_SYMBOL "tphbuf_net_memory_v1"
#define TPHBUF_NET_COPY_SYMBOL	 "tphbuf_net_copy_v1"
#define TPHBUF_REDUCE_SYMBOL	 "tphbuf_reduce_v1"

/**
 * struct tphbuf_net_memory - the dma-buf that an address belongs to
 * @size: sizeof(struct tphbuf_net_memory)
 * @name: for messages
 * @resolve: find the dma-buf that has the bytes [@addr, @addr + @length). *@fd is a
 *	descriptor of it, owned by the plugin from then on, which closes it;
 *	*@offset is the byte of the dma-buf that @addr stands for, in bytes.
 *	Return: 0; -ENOENT (not memory of this vendor), other -errno.
 *
 * For collective libraries that give device memory by its address only (regMr of type
 * device). Called from several threads at a time.
 */
struct tphbuf_net_memory {
	size_t size;
	const char *name;
	int (*resolve)(const void *addr, size_t length, int *fd, uint64_t *offset);
};

/**
 * struct tphbuf_net_copy - copies between device memory and host memory
 * @size: sizeof(struct tphbuf_net_copy)
 * @name: for messages
 * @open: start; *@state is the first argument of the others. Return: 0, -errno.
 * @close: end; no copy is running
 * @check: whether bytes can be copied to and from [@device, @device + @length). Called at
 *	registration. Return: 0, -errno.
 * @alloc: host memory for one chunk that @start copies from or to; NULL when there is none now.
 *	Keep separate chunks for the two directions: two ranks
 *	whose sends hold all chunks would wait for each other's receives.
 * @free: give it back
 * @start: begin a copy; @to_device says in which direction. It does not wait for the
 *	device: a kernel of the collective library may be spinning there until
 *	the copy is done. *@op identifies the copy. Return: 0, -errno.
 * @poll: whether it is done. Return: 1 (@op is free again), 0, -errno (likewise).
 *
 * Functions are called from several threads at a time.
 */
struct tphbuf_net_copy {
	size_t size;
	const char *name;
	int (*open)(void **state);
	void (*close)(void *state);
	int (*check)(void *state, const void *device, size_t length);
	void *(*alloc)(void *state, size_t length, int to_device);
	void (*free)(void *state, void *host);
	int (*start)(void *state, void *device, void *host, size_t length, int to_device, void **op);
	int (*poll)(void *state, void *op);
};

/* The largest chunk that alloc is asked for, bytes */
#define TPHBUF_NET_COPY_CHUNK (512u << 10)

/**
 * struct tphbuf_reduce - sums in device memory, for nccl-net-check
 * @size: sizeof(struct tphbuf_reduce)
 * @sum_u32: @dst[i] += @src[i] for @n values. Return: 0, -errno.
 */
struct tphbuf_reduce {
	size_t size;
	int (*sum_u32)(void *dst, const void *src, size_t n);
};

#ifdef __cplusplus
}
#endif

#endif
