// SPDX-License-Identifier: MIT
/* Config space: lists that loop or leave the space end; fields stay in range. */
#include <errno.h>

#include "tests/fuzz/fuzz.h"
#include "lib/pci/config.h"

#define CONFIG_SIZE 4096
#define MAX_READS   20000

struct input {
	const uint8_t *data;
	size_t size;
	unsigned int reads;
};

static int read_input(void *arg, unsigned int offset, void *buf, unsigned int size)
{
	struct input *in = arg;

	promise(++in->reads < MAX_READS);
	promise(offset + size <= CONFIG_SIZE);
	promise(offset % size == 0);
	if (offset + size > in->size)
		return -ENODATA;
	memcpy(buf, in->data + offset, size);
	return 0;
}

static void promise_tph(enum tphbuf_tph tph)
{
	promise(tph == TPHBUF_TPH_UNKNOWN || tph == TPHBUF_TPH_NONE || tph == TPHBUF_TPH_ST ||
		tph == TPHBUF_TPH_ST_EXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size, 0 };
	struct pcicfg_reader reader = { .read = read_input, .arg = &in };
	struct tphbuf_pci_info info = { .size = sizeof(info) };
	struct tphbuf_port port;
	int ret;

	ret = pcicfg_decode(&reader, &info);
	promise(!ret || ret == -EIO);
	promise_tph(info.completer);
	promise_tph(info.requester);
	promise_tph(info.requester_enabled);
	in.reads = 0;
	ret = pciport_decode(&reader, &port);
	promise(!ret || ret == -EIO);
	promise(port.type >= TPHBUF_PORT_UNKNOWN && port.type <= TPHBUF_PORT_CONVENTIONAL);
	promise_tph(port.completer);
	promise(port.acs >= TPHBUF_ACS_UNKNOWN && port.acs <= UINT16_MAX);
	promise(port.mps <= 4096 && port.mps_max <= 4096);
	promise(port.power >= -1 && port.power <= 3);
	return 0;
}
