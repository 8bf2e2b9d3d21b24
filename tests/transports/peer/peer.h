/* SPDX-License-Identifier: MIT */
/* The network plugin (loop back end) against a peer that is not one: it speaks TCP by hand. */
#ifndef PEER_H
#define PEER_H

#include "tests/transports/facts.h"
#include "userspace/transports/check/check.h"
#include "userspace/transports/nccl/greeting.h"

struct rig {
	struct plugin *p;
	void *ctx;
	void *comm; /* the plugin's end */
	int fd;	    /* the peer's */
	char data[4096];
	void *mr;
};

/* A listener of the plugin */
struct listener {
	void *ctx, *comm;
	struct handle handle;
};

extern struct plugin plugin;
extern const char *copy_library; /* a copy hook whose device memory is the process's own */

void must(bool ok, const char *what);
bool has_said(const char *text);
void init(void **ctx);

void greetings(void);  /* greetings.c */
void interfaces(void); /* interfaces.c */
void messages(void);   /* messages.c */
void odds(void);       /* odds.c */
void tables(void);

/* greetings.c: a listener, a connection to it, and an accept that finds no peer */
void open_listener(struct listener *l);
void close_listener(struct listener *l);
int dial(const struct handle *h);
void accept_nobody(struct listener *l);
/* greetings.c: a peer that greets as it should, and the plugin's end */
void open_receiver(struct rig *rig);
void open_sender(struct rig *rig);
void close_rig(struct rig *rig, bool sends);
/* All of it, or the test ends */
void give(int fd, const void *data, size_t size);
void take(int fd, void *data, size_t size);

#endif
