/* SPDX-License-Identifier: MIT */
/*
 * Input side of a connection: messages out of a non-blocking unix stream, with their files.
 *
 * At a message boundary one read takes whatever has arrived, up to SRV_AHEAD bytes: a doorbell costs one read, and
 * doorbells that wait together share one. The rest of a message that is not complete is read exactly.
 *
 * The kernel ends a read behind the data that files came with. So the files of a read belong to the last message that
 * starts in it, if the sender sends each message that has files by a call of its own.
 */
#ifndef SRV_INPUT_H
#define SRV_INPUT_H

#include "fabric/server/proto.h"

#define SRV_AHEAD 2048u

struct srv_files {
	int fd[SRV_MAX_FDS]; /* owned */
	unsigned int count;
	bool surplus; /* there were more than a message may carry; those are closed */
};

struct srv_in {
	uint32_t have; /* bytes of the current message */
	bool bad_files;
	struct srv_files files; /* of the last message that starts in ahead */
	uint32_t ahead_at, ahead_len;
	bool drained; /* the last read found less than there was room for */
	uint8_t ahead[SRV_AHEAD];
	_Alignas(8) uint8_t body[SRV_MAX_BODY];
};

void srv_in_clear(struct srv_in *in, struct srv_msg *msg); /* closes files, drops bytes */

void srv_msg_close_files(struct srv_msg *msg); /* those that no handler has kept */

/* Before each message; closes the files of the one before. */
void srv_in_start(struct srv_in *in, struct srv_msg *msg);

/*
 * 1: a message is complete in msg, or its header has an impossible size (msg->len does not fit it);
 * 0: nothing to do until the socket is readable; -errno: the connection has ended.
 */
int srv_in_receive(struct srv_in *in, int sock, struct srv_msg *msg);

/* Bytes that have been read and belong to no message yet. The socket does not become readable for them. */
bool srv_in_waiting(const struct srv_in *in);

#endif
