/* SPDX-License-Identifier: MIT */
/*
 * Command line of tphbuf-fabric.
 */
#ifndef SRV_OPTIONS_H
#define SRV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "fabric/endpoint/endpoint.h"
#include "fabric/engine/engine.h"
#include "fabric/nic/nic.h"

#define SRV_MAX_FUNCTIONS 16
#define SRV_NAME_MAX	  31
#define SRV_DIR_MAX	  64 /* socket paths must fit sockaddr_un */

enum srv_kind { SRV_NIC, SRV_ENDPOINT, SRV_ENGINE };

struct srv_spec {
	char name[SRV_NAME_MAX + 1];
	enum srv_kind kind;
	struct nic_opts nic; /* the member of the kind is valid */
	struct ep_opts endpoint;
	struct eng_opts engine;
};

struct srv_opts {
	const char *dir; /* strings belong to argv */
	const char *trace;
	const char *report;
	bool once;
	bool realtime;
	bool help;
	bool version;
	int verbose;
	unsigned int nspecs;
	struct srv_spec spec[SRV_MAX_FUNCTIONS];
};

/* Returns 0, or -EINVAL with a one-line explanation in error. */
int srv_options_parse(struct srv_opts *opts, int argc, char **argv, char *error, size_t size);

extern const char srv_options_help[];

#endif
