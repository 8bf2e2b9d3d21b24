// SPDX-License-Identifier: MIT
/*
 * The set of functions below one switch, routing between them, and messages.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/core/fabric.h"

int fab_fabric_new(struct fab_fabric **out)
{
	struct fab_fabric *fabric = calloc(1, sizeof(*fabric));
	int ret;

	if (!fabric)
		return -ENOMEM;
	ret = fab_loop_new(&fabric->loop);
	if (ret) {
		free(fabric);
		return ret;
	}
	*out = fabric;
	return 0;
}

void fab_fabric_free(struct fab_fabric *fabric)
{
	struct fab_device *dev;

	if (!fabric)
		return;
	/* Objects of one function may point to those of another: all are reset before the first is freed. */
	for (dev = fabric->devices; dev; dev = dev->next)
		fab_device_detach(dev);
	while ((dev = fabric->devices)) {
		fabric->devices = dev->next;
		dev->ops->free(dev);
	}
	fab_loop_free(fabric->loop);
	if (fabric->trace)
		fclose(fabric->trace);
	free(fabric);
}

void fab_fabric_add(struct fab_fabric *fabric, struct fab_device *dev)
{
	struct fab_device **link = &fabric->devices;

	while (*link)
		link = &(*link)->next;
	dev->fabric = fabric;
	dev->next = NULL;
	*link = dev;
}

struct fab_device *fab_fabric_find(struct fab_fabric *fabric, const char *name)
{
	struct fab_device *dev;

	for (dev = fabric->devices; dev; dev = dev->next)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

void fab_fabric_clear(struct fab_fabric *fabric)
{
	struct fab_device *dev;

	for (dev = fabric->devices; dev; dev = dev->next)
		fab_device_clear(dev);
}

void fab_fabric_claim(struct fab_fabric *fabric)
{
	struct fab_bar **link = &fabric->claimed;
	struct fab_device *dev;
	unsigned int i;

	fabric->claim_low = UINT64_MAX;
	fabric->claim_high = 0;
	for (dev = fabric->devices; dev; dev = dev->next) {
		for (i = 0; i < FAB_BARS; i++) {
			struct fab_bar *bar = &dev->bar[i];
			uint64_t last = bar->base + (bar->size - 1);

			if (!bar->base)
				continue;
			*link = bar;
			link = &bar->next;
			if (bar->base < fabric->claim_low)
				fabric->claim_low = bar->base;
			if (last > fabric->claim_high)
				fabric->claim_high = last;
		}
	}
	*link = NULL;
}

/* The first BAR that claims one of the addresses addr to last, or NULL */
static inline const struct fab_bar *claim(const struct fab_fabric *fabric, uint64_t addr,
					  uint64_t last)
{
	const struct fab_bar *at = fabric->claimed;

	while (at && (last < at->base || addr > at->base + (at->size - 1)))
		at = at->next;
	return at;
}

struct fab_device *fab_fabric_claimed(struct fab_fabric *fabric, uint64_t addr, unsigned int *bar,
				      uint64_t *off)
{
	const struct fab_bar *at = claim(fabric, addr, addr);

	if (!at)
		return NULL;
	*bar = at->number;
	*off = addr - at->base;
	return at->dev;
}

bool fab_fabric_claimed_any(const struct fab_fabric *fabric, uint64_t addr, uint64_t last)
{
	return claim(fabric, addr, last);
}

/* note: suffix of the text, or "" */
static void message(struct fab_device *dev, const char *note, const char *fmt, va_list args)
{
	struct fab_fabric *fabric = dev->fabric;
	char text[512];
	int n;

	if (!fabric || !fabric->log)
		return;
	n = snprintf(text, sizeof(text), "%s: ", dev->name);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	n = (int)strlen(text);
	snprintf(text + n, sizeof(text) - (size_t)n, "%s", note);
	fabric->log(fabric->log_ctx, text);
}

/* The number of messages of this kind of the device, including this one. Kinds past the table count as one. */
static uint64_t log_count(struct fab_device *dev, uint64_t kind, const char *fmt)
{
	unsigned int i = 0;

	while (i < FAB_LOG_KINDS - 1 && dev->log[i].fmt &&
	       (dev->log[i].fmt != fmt || dev->log[i].kind != kind))
		i++;
	dev->log[i].fmt = fmt;
	dev->log[i].kind = kind;
	return ++dev->log[i].count;
}

static bool power_of_ten(uint64_t n)
{
	while (n >= 10 && n % 10 == 0)
		n /= 10;
	return n == 1;
}

static void log_bounded(struct fab_device *dev, uint64_t kind, const char *fmt, va_list args)
{
	uint64_t count = log_count(dev, kind, fmt);
	char note[64] = "";

	if (count > FAB_LOG_FIRST && !power_of_ten(count))
		return;
	if (count > FAB_LOG_FIRST)
		snprintf(note, sizeof(note), " (%llu times)", (unsigned long long)count);
	else if (count == FAB_LOG_FIRST)
		snprintf(note, sizeof(note), " (further ones are counted only)");
	message(dev, note, fmt, args);
}

void fab_log(struct fab_device *dev, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_bounded(dev, 0, fmt, args);
	va_end(args);
}

void fab_log_kind(struct fab_device *dev, uint64_t kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_bounded(dev, kind, fmt, args);
	va_end(args);
}

void fab_debug(struct fab_device *dev, const char *fmt, ...)
{
	va_list args;

	if (!dev->fabric || !dev->fabric->verbose)
		return;
	va_start(args, fmt);
	message(dev, "", fmt, args);
	va_end(args);
}
