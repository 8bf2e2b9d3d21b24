/* SPDX-License-Identifier: MIT */
/*
 * Mostly invalid inputs and the answer that the kernel must give to each, predicted from the
 * documented order of checks, not from the code of the kernel under test.
 */
#ifndef BAD_INPUTS_H
#define BAD_INPUTS_H

#include <stddef.h>

#include "tests/guest/random.h"
#include "tests/guest/rdma.h"
#include "tests/guest/vfio.h"

#define BUFFER_SIZE 0x10000u

struct rig {
	uint64_t random;
	struct vfio_dev dev, other;
	int own;	/* dma-buf of dev */
	int foreign[6]; /* open descriptors that are not dma-bufs of dev */
	int sync_file;
	uint8_t *page, *page_ro; /* two mappings of one page, each followed by an unmapped page */
	tph_t tag;		 /* the expected state of own */
	struct {
		uint64_t start, size;
	} bar[6]; /* size 0: there is none */
};

/* Copy of an input so that just avail bytes of it can be read, and written too unless ro. */
void *place(struct rig *rig, const void *input, size_t avail, bool ro);

/* Each makes one input, sends it and checks the answer; a wrong answer ends the program. */
void input_tph(struct rig *rig);
void input_export(struct rig *rig);
void input_sync(struct rig *rig);
void input_name(struct rig *rig);
void input_export_sync_file(struct rig *rig);
void input_import_sync_file(struct rig *rig);
void input_unknown_ioctl(struct rig *rig);
void input_seek(struct rig *rig);
void input_mmap(struct rig *rig);
void input_poll_and_io(struct rig *rig);

/* 0, -EBADF or -EINVAL: the expected answer of a call on dev's dma-bufs to that descriptor */
int descriptor_errno(const struct rig *rig, int fd);
int any_descriptor(struct rig *rig);

/* Mostly one of the first n values, now and then any number at all. */
uint32_t mostly_below(struct rig *rig, uint32_t n);

#endif
