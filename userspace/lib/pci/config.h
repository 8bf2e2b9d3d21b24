/* SPDX-License-Identifier: MIT */
/*
 * Decoding of PCI configuration space. The bytes come from a reader, so the
 * same code serves sysfs and vfio. The content is not trusted: lists that
 * loop or point outside end the search.
 */
#ifndef TPHBUF_PCICFG_H
#define TPHBUF_PCICFG_H

#include <tphbuf/device.h>
#include <tphbuf/topo.h>

struct pcicfg_reader {
	/*
	 * Read @size bytes at @offset. 0, -ENODATA if this much of the
	 * space is not accessible, or -errno.
	 */
	int (*read)(void *arg, unsigned int offset, void *buf, unsigned int size);
	void *arg;
};

/* What @info and @port hold if the config space cannot be read at all. */
void pcicfg_unknown(struct tphbuf_pci_info *info);
void pciport_unknown(struct tphbuf_port *port);

/*
 * Fill in command, completer, requester, requester_enabled, st_table and
 * st_entries of @info. What is not accessible becomes UNKNOWN.
 *
 * Return: 0, -EIO (the function does not answer), errors of the reader.
 */
int pcicfg_decode(const struct pcicfg_reader *reader, struct tphbuf_pci_info *info);

/*
 * Fill in @port except its address: the properties of a switch port, root port
 * or endpoint that affect a request. Inaccessible properties become unknown, see
 * struct tphbuf_port.
 *
 * Return: 0, -EIO (the function does not answer), errors of the reader.
 */
int pciport_decode(const struct pcicfg_reader *reader, struct tphbuf_port *port);

/* Read @size (1, 2, 4) bytes as a number. */
int pcicfg_read(const struct pcicfg_reader *reader, unsigned int offset, unsigned int size,
		uint32_t *value);

/* 0, -EIO (the function does not answer), errors of the reader. */
int pcicfg_answers(const struct pcicfg_reader *reader);

/* Find a capability. Return: 0 with *@pos, 0 for none, or -errno. */
int pcicfg_find_cap(const struct pcicfg_reader *reader, unsigned int id, unsigned int *pos);
int pcicfg_find_ext_cap(const struct pcicfg_reader *reader, unsigned int id, unsigned int *pos);

enum tphbuf_tph pcicfg_fold_tph(uint32_t field);

#endif
