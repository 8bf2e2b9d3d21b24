/* SPDX-License-Identifier: MIT */
/* Values as text for people. */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tphbuf/tphbuf.h>

const char *tag_text(const struct tphbuf_tag *tag, char *buf);
const char *namespaces_text(uint32_t set);
const char *tph_text(enum tphbuf_tph tph);
const char *or_dash(const char *text);
/* True if bound to a vfio driver; without character devices by the driver's name. */
bool vfio_bound(const struct tphbuf_pci_info *info);
const char *size_text(uint64_t size, char *buf, size_t buf_size);

#endif
