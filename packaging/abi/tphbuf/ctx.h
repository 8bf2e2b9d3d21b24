/* SPDX-License-Identifier: MIT */
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
enum tphbuf_stage {
 TPHBUF_STAGE_NONE,
 TPHBUF_STAGE_ARGUMENT,
 TPHBUF_STAGE_LOOKUP,
 TPHBUF_STAGE_OPEN,
 TPHBUF_STAGE_BIND,
 TPHBUF_STAGE_ATTACH,
 TPHBUF_STAGE_REGION,
 TPHBUF_STAGE_RESET,
 TPHBUF_STAGE_EXPORT,
 TPHBUF_STAGE_IMPORT,
 TPHBUF_STAGE_TAG,
 TPHBUF_STAGE_REGISTER,
 TPHBUF_STAGE_APPLIED,
 TPHBUF_STAGE_ALLOCATE,
 TPHBUF_STAGE_DRM,
 TPHBUF_STAGE_SHARE,
};
enum tphbuf_log_level {
 TPHBUF_LOG_ERROR,
 TPHBUF_LOG_INFO,
 TPHBUF_LOG_DEBUG,
};
typedef void (*tphbuf_log_fn)(void *arg, enum tphbuf_log_level level, const char *text);
struct tphbuf_ctx_opts {
 size_t size;
 const char *sysfs_root;
 const char *dev_root;
 tphbuf_log_fn log;
 void *log_arg;
 enum tphbuf_log_level log_level;
 const char *proc_root;
};
TPHBUF_API int tphbuf_ctx_new(const struct tphbuf_ctx_opts *opts, struct tphbuf_ctx **ctx);
TPHBUF_API void tphbuf_ctx_free(struct tphbuf_ctx *ctx);
TPHBUF_API const char *tphbuf_ctx_error(const struct tphbuf_ctx *ctx);
TPHBUF_API enum tphbuf_stage tphbuf_ctx_error_stage(const struct tphbuf_ctx *ctx);
TPHBUF_API const char *tphbuf_stage_name(enum tphbuf_stage stage);
TPHBUF_API const char *tphbuf_explain(enum tphbuf_stage stage, int err);
TPHBUF_API bool tphbuf_is_unsupported(int err);
#ifdef __cplusplus
}
#endif
#endif
