// SPDX-License-Identifier: MIT
/*
 * A hostile guest and the fabric's NIC. The input is a list of records, each a kind and its
 * fields: a firmware command, bytes in guest memory, a write to the NIC's BAR, or the event loop
 * is run. A command that fails has a known status and no output.
 */
#include <endian.h>

#include "fabric/nic/commands/cmd.h"
#include "tests/fabric/rc_rig.h"
#include "tests/fuzz/fuzz.h"

#define MAX_RECORDS 64
#define MAX_STEPS   256
#define MAX_BYTES   2048u
#define WINDOW	    (64u << 10) /* the guest memory that inputs fill */

enum { COMMAND, MEMORY, BAR, RUN, KINDS };

struct input {
	const uint8_t *data;
	size_t size;
};

static uint32_t take(struct input *in, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- && in->size) {
		value = value << 8 | *in->data++;
		in->size--;
	}
	return value;
}

/* At most `limit` bytes in an allocation of exact size, so that reads past its end show. */
static uint8_t *take_bytes(struct input *in, uint32_t *len, uint32_t limit)
{
	uint8_t *copy;

	*len = *len % (limit + 1);
	if (*len > in->size)
		*len = (uint32_t)in->size;
	copy = malloc(*len ? *len : 1);
	promise(copy);
	memcpy(copy, in->data, *len);
	in->data += *len;
	in->size -= *len;
	return copy;
}

static bool is_status(uint8_t status)
{
	static const uint8_t known[] = {
		NIC_CMD_OK,	     NIC_CMD_INTERNAL,	    NIC_CMD_BAD_OP,
		NIC_CMD_BAD_PARAM,   NIC_CMD_BAD_SYS_STATE, NIC_CMD_BAD_RES,
		NIC_CMD_RES_BUSY,    NIC_CMD_LIMIT,	    NIC_CMD_BAD_INDEX,
		NIC_CMD_NO_RES,	     NIC_CMD_BAD_QP_STATE,  NIC_CMD_BAD_IN_LEN,
		NIC_CMD_BAD_OUT_LEN,
	};

	return memchr(known, status, sizeof(known));
}

static void command(struct nic *nic, struct input *in)
{
	uint32_t len = take(in, 2), out_len = NIC_CMD_HEADER + take(in, 1) * 8, i;
	uint8_t *bytes = take_bytes(in, &len, MAX_BYTES), *out;
	uint32_t syndrome;

	if (len >= NIC_CMD_HEADER) {
		out = calloc(1, out_len);
		promise(out);
		nic_cmd_run(nic, bytes, len, out, out_len);
		syndrome = DEVX_GET(alloc_pd_out, out, syndrome);
		promise(is_status(out[0]));
		promise(out[0] == NIC_CMD_OK ? !syndrome : syndrome <= NIC_SYN_LAST);
		for (i = NIC_CMD_HEADER; out[0] != NIC_CMD_OK && i < out_len; i++)
			promise(!out[i]);
		free(out);
	}
	free(bytes);
}

/* Addresses in units of 8 bytes. */
static void memory(struct rig *rig, struct input *in)
{
	uint32_t at = take(in, 2) * 8 % WINDOW, len = take(in, 2);
	uint8_t *bytes = take_bytes(in, &len, MAX_BYTES);

	memcpy(rig->memory + at, bytes, len);
	free(bytes);
}

static void bar_write(struct nic *nic, struct input *in)
{
	uint32_t at = take(in, 3) * 4, len = 4 + take(in, 1) % 2 * 4;
	uint8_t *bytes = take_bytes(in, &len, len);

	if (len == 4 || len == 8)
		nic->dev.ops->bar_write(&nic->dev, 0, at % (NIC_BAR0_SIZE - 4), bytes, len);
	free(bytes);
}

static void run(struct rig *rig)
{
	unsigned int steps = 0;

	while (steps++ < MAX_STEPS && fab_loop_step(rig->fabric->loop, 0))
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned int records = 0;
	static struct rig rig; /* opened once, reset for each input */

	if (!rig.fabric)
		rig_open(&rig);
	rig.used = 2 * WINDOW; /* queues that an input places further up keep their contents */
	rig_reset(&rig);
	while (in.size && records++ < MAX_RECORDS) {
		switch (take(&in, 1) % KINDS) {
		case COMMAND:
			command(rig.nic[0], &in);
			break;
		case MEMORY:
			memory(&rig, &in);
			break;
		case BAR:
			bar_write(rig.nic[0], &in);
			break;
		default:
			run(&rig);
		}
	}
	run(&rig);
	return 0;
}
