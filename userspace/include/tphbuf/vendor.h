/* SPDX-License-Identifier: MIT */
/*
 * Names for tags. What a steering tag means is known to the maker of the
 * completer: a library of theirs adds a hook to a context, and a name such
 * as "cache slice 3" can be given wherever a tag can.
 *
 * Such a library may also be loaded by a program that does not know it, like
 * the tphbuf command with --vendor: it defines tphbuf_vendor_init(), which
 * calls tphbuf_vendor_add(). libtphbuf itself loads nothing.
 */
#ifndef TPHBUF_VENDOR_H
#define TPHBUF_VENDOR_H

#include <tphbuf/ctx.h>
#include <tphbuf/device.h>
#include <tphbuf/tag.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct tphbuf_vendor - a hook; any callback but @resolve may be NULL
 * @size: sizeof(struct tphbuf_vendor)
 * @name: whose it is, for messages; copied
 * @match: is this function one whose tags it knows? NULL: every one is
 * @resolve: the tag that @text names. Return: 0; -ENOENT if it is no name of
 *	theirs, so that the next hook is asked; another negative errno value
 *	for a name it knows but refuses, with a static sentence in @why
 * @describe: write the name of @tag into @buf as snprintf() would. Return:
 *	its length, or -ENOENT if it has none
 * @release: @data is not used any more
 *
 * Callbacks get the @data of tphbuf_vendor_add(), and must not call the
 * library with the same context.
 */
struct tphbuf_vendor {
	size_t size;
	const char *name;
	bool (*match)(void *data, const struct tphbuf_pci_info *device);
	int (*resolve)(void *data, const struct tphbuf_pci_info *device, const char *text,
		       struct tphbuf_tag *tag, const char **why);
	int (*describe)(void *data, const struct tphbuf_pci_info *device,
			const struct tphbuf_tag *tag, char *buf, size_t size);
	void (*release)(void *data);
};

/**
 * tphbuf_vendor_add() - add a hook to a context
 * @vendor: the hook; copied
 * @data: handed to the callbacks; released with the context, or at once if
 *	the call fails
 *
 * Hooks are asked in the order in which they were added.
 *
 * Return: 0, -EINVAL (no name, no @resolve), -E2BIG, -ENOMEM.
 */
TPHBUF_API int tphbuf_vendor_add(struct tphbuf_ctx *ctx, const struct tphbuf_vendor *vendor,
				 void *data);

/**
 * tphbuf_vendor_tag() - the tag that a text stands for on a device
 * @text: the text form of <tphbuf/tag.h>, which comes first, or a name
 * @tag: the result; unchanged on failure
 *
 * Return: 0, -EINVAL (malformed text form, or a hook gave a malformed tag),
 * -ENOENT (nobody knows the name), errors of a hook.
 */
TPHBUF_API int tphbuf_vendor_tag(struct tphbuf_device *dev, const char *text,
				 struct tphbuf_tag *tag);

/**
 * tphbuf_vendor_describe() - the name of a tag on a device
 * @buf: the name, or the text form if no hook has one
 * @size: size of @buf
 *
 * Return: length without the NUL, -EINVAL (malformed tag), -ENOSPC.
 */
TPHBUF_API int tphbuf_vendor_describe(struct tphbuf_device *dev, const struct tphbuf_tag *tag,
				      char *buf, size_t size);

/*
 * What a library that is loaded by name defines: it adds its hooks to @ctx.
 * Return: 0 or a negative errno value.
 */
#define TPHBUF_VENDOR_INIT "tphbuf_vendor_init"
typedef int (*tphbuf_vendor_init_fn)(struct tphbuf_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif
