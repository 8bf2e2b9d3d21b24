/* SPDX-License-Identifier: MIT */
/*
 * The context every tphbuf object hangs on: options, logging, and the text
 * of the last failure.
 *
 * Conventions of the whole library:
 *
 * - Functions return 0 or a negative errno value. An object comes back
 *   through an out-parameter that is written only on success.
 * - Option and information structures start with @size, set by the caller
 *   to sizeof() of the structure it was compiled with. Fields a caller does
 *   not know read as zero; a field the library does not know must be zero
 *   (-E2BIG otherwise).
 * - close and free functions accept NULL.
 * - The library neither prints, nor exits, nor installs handlers. Every
 *   descriptor it opens is close-on-exec.
 * - A context, and all that was made from it, is used by one thread at a
 *   time. Two contexts share nothing.
 * - Objects must be closed in the reverse order of their creation: memory
 *   regions, buffers, devices, context. A buffer keeps its device open, and
 *   a memory region its buffer, so a wrong order leaks nothing and crashes
 *   nothing; only tphbuf_ctx_free() must come last.
 * - After fork() only the parent uses the objects; the child may use the
 *   descriptors it inherits on purpose (see tphbuf_buffer_fd()).
 */
#ifndef TPHBUF_CTX_H
#define TPHBUF_CTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TPHBUF_API __attribute__((visibility("default")))
#else
#define TPHBUF_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TPHBUF_VERSION_MAJOR 1
#define TPHBUF_VERSION_MINOR 0

struct tphbuf_ctx;

/**
 * enum tphbuf_stage - what the library was doing when a call failed
 *
 * The same errno means different things at different stages; -EINVAL alone
 * has more than five causes between export and registration.
 */
enum tphbuf_stage {
	TPHBUF_STAGE_NONE,
	TPHBUF_STAGE_ARGUMENT, /* rejected before the kernel was asked */
	TPHBUF_STAGE_LOOKUP,   /* find the device in sysfs */
	TPHBUF_STAGE_OPEN,     /* open a vfio node or /dev/iommu */
	TPHBUF_STAGE_BIND,     /* get the device from iommufd or its group */
	TPHBUF_STAGE_ATTACH,   /* I/O address space, or group and container */
	TPHBUF_STAGE_REGION,   /* region information, config access, mapping */
	TPHBUF_STAGE_RESET,    /* VFIO_DEVICE_RESET */
	TPHBUF_STAGE_EXPORT,   /* make a dma-buf of BAR ranges */
	TPHBUF_STAGE_IMPORT,   /* take a dma-buf descriptor from outside */
	TPHBUF_STAGE_TAG,      /* probe, set or get the tag */
	TPHBUF_STAGE_REGISTER, /* register the memory region */
	TPHBUF_STAGE_APPLIED,  /* ask the kernel whether the tag is in use */
	TPHBUF_STAGE_ALLOCATE, /* allocate host memory as a dma-buf */
	TPHBUF_STAGE_DRM,      /* a call of a DRM driver */
	TPHBUF_STAGE_SHARE,    /* hand a buffer to another process */
	TPHBUF_STAGE_STEER,    /* steering tags that the device itself sends */
};

enum tphbuf_log_level {
	TPHBUF_LOG_ERROR,
	TPHBUF_LOG_INFO,
	TPHBUF_LOG_DEBUG,
};

/**
 * typedef tphbuf_log_fn - receives one line of text without newline
 *
 * Called from inside library calls; it must not call the library.
 */
typedef void (*tphbuf_log_fn)(void *arg, enum tphbuf_log_level level, const char *text);

/**
 * struct tphbuf_ctx_opts - options of tphbuf_ctx_new()
 * @size: sizeof(struct tphbuf_ctx_opts)
 * @sysfs_root: where sysfs is mounted; NULL means "/sys"
 * @dev_root: where device nodes are; NULL means "/dev"
 * @log: receives messages up to @log_level; NULL for none
 * @log_arg: first argument of @log
 * @log_level: the most verbose level wanted
 * @proc_root: where procfs is mounted; NULL means "/proc"
 */
struct tphbuf_ctx_opts {
	size_t size;
	const char *sysfs_root;
	const char *dev_root;
	tphbuf_log_fn log;
	void *log_arg;
	enum tphbuf_log_level log_level;
	const char *proc_root;
};

/**
 * tphbuf_ctx_new() - create a context
 * @opts: options, or NULL for the defaults
 * @ctx: where the context goes
 *
 * Return: 0, -EINVAL (@ctx NULL, @opts->size too small), -E2BIG, -ENOMEM.
 */
TPHBUF_API int tphbuf_ctx_new(const struct tphbuf_ctx_opts *opts, struct tphbuf_ctx **ctx);

/**
 * tphbuf_ctx_free() - free a context; all its objects must be closed
 * @ctx: context, which records the text of an error
 */
TPHBUF_API void tphbuf_ctx_free(struct tphbuf_ctx *ctx);

/**
 * tphbuf_ctx_error() - one sentence about the last failed call
 * @ctx: context, which records the text of an error
 *
 * Names the thing, the reason and the remedy. Never NULL; empty if nothing
 * failed yet. Valid until the next failing call on the context.
 */
TPHBUF_API const char *tphbuf_ctx_error(const struct tphbuf_ctx *ctx);

/**
 * tphbuf_ctx_error_stage() - the stage the last failed call was in
 * @ctx: context, which records the text of an error
 */
TPHBUF_API enum tphbuf_stage tphbuf_ctx_error_stage(const struct tphbuf_ctx *ctx);

/**
 * tphbuf_stage_name() - "open", "export", ...; "unknown" for a bad value
 * @stage: stage
 */
TPHBUF_API const char *tphbuf_stage_name(enum tphbuf_stage stage);

/**
 * tphbuf_explain() - cause and remedy of an errno value at a stage
 * @stage: what was being done
 * @err: the errno value, positive or negative
 *
 * For callers that issue the ioctl or verbs call themselves.
 *
 * Return: a static sentence, never NULL.
 */
TPHBUF_API const char *tphbuf_explain(enum tphbuf_stage stage, int err);

/**
 * tphbuf_is_unsupported() - whether a failure means that something is missing here
 * @err: negative errno
 *
 * True for the errno values with which the library reports that the kernel,
 * the device, the driver bound to it or the platform lacks a feature, as
 * opposed to a wrong argument or a passing condition. Command line tools exit with status 4 on it.
 */
TPHBUF_API bool tphbuf_is_unsupported(int err);

#ifdef __cplusplus
}
#endif

#endif
