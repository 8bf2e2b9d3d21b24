/* SPDX-License-Identifier: MIT */
/*
 * Decoding of PCI configuration space. The bytes come from a reader, so the
 * same code serves sysfs and vfio. The content is not trusted: lists that
 * loop or point outside end the search.
 */
#ifndef TPHBUF_PCICFG_H
#define TPHBUF_PCICFG_H

#include <tphbuf/device.h>

struct pcicfg_reader {
	/*
	 * Read @size bytes at @offset. 0, -ENODATA if this much of the
	 * space is not accessible, or -errno.
	 */
	int (*read)(void *arg, unsigned int offset, void *buf,
		    unsigned int size);
	void *arg;
};

/*
 * Fill in command, completer, requester, requester_enabled, st_table and
 * st_entries of @info. What is not accessible becomes UNKNOWN.
 *
 * Return: 0, -EIO (the function does not answer), errors of the reader.
 */
int pcicfg_decode(const struct pcicfg_reader *reader,
		  struct tphbuf_pci_info *info);

#endif
