// SPDX-License-Identifier: MIT
/* Reads a trace; a line that is not one of ours is an error with its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "check.h"
#include "trace_file.h"

static const char *const names[TRACE_CALLS] = {
	"init",	 "devices",	"listen",    "connect",	 "accept", "closeListen",
	"regMr", "regMrDmaBuf", "deregMr",   "isend",	 "irecv",  "iflush",
	"test",	 "closeSend",	"closeRecv", "finalize",
};

/* Numbers are written as integers below 2^53. */
static size_t number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(item) && item->valuedouble > 0 ? (size_t)item->valuedouble : 0;
}

static int rank_of_pid(int pid, int *pids, int *n)
{
	for (int i = 0; i < *n; i++) {
		if (pids[i] == pid)
			return i;
	}
	if (*n == TRACE_RANKS)
		return -1;
	pids[*n] = pid;
	return (*n)++;
}

static void read_parts(const cJSON *object, struct trace_line *line)
{
	const cJSON *parts = cJSON_GetObjectItemCaseSensitive(object, "parts");
	const cJSON *sizes = cJSON_GetObjectItemCaseSensitive(object, "sizes"), *item;

	cJSON_ArrayForEach(item, parts) {
		if (line->n == TRACE_PARTS)
			break;
		line->part[line->n].mr = (uint32_t)number(item, "mr");
		line->part[line->n].at = number(item, "at");
		line->part[line->n].size = number(item, "size");
		line->part[line->n].tag = (int)number(item, "tag");
		line->n++;
	}
	cJSON_ArrayForEach(item, sizes) {
		if (line->n == TRACE_PARTS)
			break;
		line->sizes[line->n++] = item->valueint;
	}
	if (line->call == TRACE_ISEND) {
		line->n = 1;
		line->part[0].mr = line->mr;
		line->part[0].at = number(object, "at");
		line->part[0].size = line->size;
		line->part[0].tag = (int)number(object, "tag");
	}
}

static int read_line(const cJSON *object, struct trace_line *line)
{
	const char *call = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "call"));
	const char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "token"));
	int i = 0;

	while (i < TRACE_CALLS && (!call || strcmp(call, names[i])))
		i++;
	if (i == TRACE_CALLS)
		return -1;
	memset(line, 0, sizeof(*line));
	line->call = (enum trace_call)i;
	line->result = (int)number(object, "result");
	line->ctx = (uint32_t)number(object, "ctx");
	line->listen = (uint32_t)number(object, "listen");
	line->comm = (uint32_t)number(object, "comm");
	line->mr = (uint32_t)number(object, "mr");
	line->req = (uint32_t)number(object, "req");
	line->size = number(object, "size");
	line->page = number(object, "page") & 4095;
	line->offset = number(object, "offset");
	line->optional = (int)number(object, "optional");
	if (token)
		snprintf(line->token, sizeof(line->token), "%s", token);
	read_parts(object, line);
	return 0;
}

const char *trace_read(const char *file, struct trace *trace)
{
	int pids[TRACE_RANKS], n = 0;
	char text[4096];
	FILE *in = fopen(file, "r");
	size_t room = 0;
	cJSON *object;
	int bad;

	memset(trace, 0, sizeof(*trace));
	if (!in)
		return reason("cannot open %s", file);
	while (fgets(text, sizeof(text), in)) {
		if (trace->n == room) {
			room = room ? 2 * room : 256;
			trace->lines = realloc(trace->lines, room * sizeof(*trace->lines));
			if (!trace->lines) {
				fclose(in);
				return "no memory for the trace";
			}
		}
		object = cJSON_Parse(text);
		bad = !object || read_line(object, &trace->lines[trace->n]);
		if (!bad)
			trace->lines[trace->n].rank =
				rank_of_pid((int)number(object, "pid"), pids, &n);
		cJSON_Delete(object);
		if (bad || trace->lines[trace->n].rank < 0) {
			fclose(in);
			return reason("%s:%zu: not a call of a trace, or more than %d processes",
				      file, trace->n + 1, TRACE_RANKS);
		}
		trace->n++;
	}
	fclose(in);
	trace->ranks = n;
	return n ? NULL : reason("%s has no calls", file);
}

static int rank_with(const struct trace *trace, enum trace_call call, const char *token)
{
	for (size_t i = 0; i < trace->n; i++) {
		if (trace->lines[i].call == call && !trace->lines[i].result &&
		    !strcmp(trace->lines[i].token, token))
			return trace->lines[i].rank;
	}
	return -1;
}

int trace_connector(const struct trace *trace, const char *token)
{
	return rank_with(trace, TRACE_CONNECT, token);
}

int trace_listener(const struct trace *trace, const char *token)
{
	return rank_with(trace, TRACE_LISTEN, token);
}
