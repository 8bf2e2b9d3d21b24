// SPDX-License-Identifier: MIT
/*
 * The event loop on epoll(7).
 *
 * A handler may remove any file descriptor, also one with a pending event in the same batch: its
 * entry is marked dead and freed after the batch.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "fabric/core/loop.h"

#define BATCH 16

/*
 * Waking a sleeping process costs its waker several microseconds, and tens if it sleeps on another CPU of a virtual
 * machine. So the loop looks for events for a while before it sleeps. While it looks, it may keep the CPU from the thread
 * that would send the next event: after a look in vain the next sleeps are without one.
 *
 * Linux wakes a real-time thread on the CPU where it ran last. If that is the CPU of the thread that sends the events,
 * the two run in turn for ever, with an idle CPU beside them. So after two looks in vain the loop moves to the next CPU,
 * if it may: it stays where it finds events.
 */
#define LOOK_US		20
#define SLEEPS_PER_LOOK 64
#define LOOKS_PER_MOVE	2

#define WORK_US		20 /* pieces of work begin this long after the first one without a poll */

struct entry {
	int fd;
	bool dead;
	uint32_t events;
	void (*fn)(void *ctx);
	void *ctx;
	struct entry *next;
};

struct fab_loop {
	int epoll_fd;
	bool stop;
	struct entry *entries, *dead;
	struct fab_timer *timers; /* by due time */
	struct fab_work *work, **work_tail;
	unsigned int sleeps; /* without a look, still to come */
	bool moves;
	unsigned int vain; /* looks in a row */
};

int fab_loop_new(struct fab_loop **out)
{
	struct fab_loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		ret = -errno;
		free(loop);
		return ret;
	}
	loop->work_tail = &loop->work;
	*out = loop;
	return 0;
}

static void free_entries(struct entry **list)
{
	struct entry *entry;

	while ((entry = *list)) {
		*list = entry->next;
		free(entry);
	}
}

void fab_loop_free(struct fab_loop *loop)
{
	if (!loop)
		return;
	free_entries(&loop->entries);
	free_entries(&loop->dead);
	close(loop->epoll_fd);
	free(loop);
}

static struct entry **find_entry(struct fab_loop *loop, int fd)
{
	struct entry **link = &loop->entries;

	while (*link && (*link)->fd != fd)
		link = &(*link)->next;
	return link;
}

int fab_loop_add_fd(struct fab_loop *loop, int fd, void (*fn)(void *ctx), void *ctx)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct entry *entry = calloc(1, sizeof(*entry));
	int ret;

	if (!entry)
		return -ENOMEM;
	*entry = (struct entry){
		.fd = fd, .events = event.events, .fn = fn, .ctx = ctx, .next = loop->entries
	};
	event.data.ptr = entry;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		ret = -errno;
		free(entry);
		return ret;
	}
	loop->entries = entry;
	return 0;
}

void fab_loop_del_fd(struct fab_loop *loop, int fd)
{
	struct entry **link = find_entry(loop, fd), *entry = *link;

	if (!entry)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	*link = entry->next;
	entry->dead = true;
	entry->next = loop->dead;
	loop->dead = entry;
}

int fab_loop_watch(struct fab_loop *loop, int fd, bool readable, bool writable)
{
	struct entry *entry = *find_entry(loop, fd);
	struct epoll_event event = { .events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0) };

	if (!entry)
		return -ENOENT;
	if (entry->events == event.events)
		return 0;
	event.data.ptr = entry;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event))
		return -errno;
	entry->events = event.events;
	return 0;
}

uint64_t fab_loop_now_us(struct fab_loop *loop)
{
	struct timespec now;

	(void)loop;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void fab_timer_arm(struct fab_loop *loop, struct fab_timer *timer, uint64_t delay_us)
{
	struct fab_timer **link = &loop->timers;

	fab_timer_cancel(loop, timer);
	timer->due_us = fab_loop_now_us(loop) + delay_us;
	timer->armed = true;
	while (*link && (*link)->due_us <= timer->due_us)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
}

void fab_timer_cancel(struct fab_loop *loop, struct fab_timer *timer)
{
	struct fab_timer **link = &loop->timers;

	if (!timer->armed)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->armed = false;
}

void fab_work_queue(struct fab_loop *loop, struct fab_work *work)
{
	if (work->queued)
		return;
	work->queued = true;
	work->next = NULL;
	*loop->work_tail = work;
	loop->work_tail = &work->next;
}

void fab_work_cancel(struct fab_loop *loop, struct fab_work *work)
{
	struct fab_work **link = &loop->work;

	if (!work->queued)
		return;
	while (*link != work)
		link = &(*link)->next;
	*link = work->next;
	if (!work->next)
		loop->work_tail = link;
	work->queued = false;
}

/* Sleep time of the loop: zero if work is queued, otherwise until the next timer. */
static int sleep_ms(struct fab_loop *loop, int timeout_ms)
{
	uint64_t now, ms;

	if (loop->work)
		return 0;
	if (!loop->timers)
		return timeout_ms;
	now = fab_loop_now_us(loop);
	if (loop->timers->due_us <= now)
		return 0;
	ms = (loop->timers->due_us - now + 999) / 1000;
	if (timeout_ms >= 0 && ms > (uint64_t)timeout_ms)
		return timeout_ms;
	return ms > 60000 ? 60000 : (int)ms;
}

void fab_loop_move(struct fab_loop *loop, bool moves)
{
	loop->moves = moves;
}

/* The calling thread runs on the next CPU of those it may use, and may use all of them again. */
static void next_cpu(void)
{
	cpu_set_t all, one;
	int cpu = sched_getcpu(), i;

	if (cpu < 0 || sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2)
		return;
	for (i = 1; i <= CPU_SETSIZE && !CPU_ISSET((size_t)(cpu + i) % CPU_SETSIZE, &all); i++)
		;
	CPU_ZERO(&one);
	CPU_SET((size_t)(cpu + i) % CPU_SETSIZE, &one);
	if (!sched_setaffinity(0, sizeof(one), &one))
		sched_setaffinity(0, sizeof(all), &all);
}

/* As epoll_wait(), with a look before a sleep. */
static int wait_events(struct fab_loop *loop, struct epoll_event *event, int timeout_ms)
{
	uint64_t end;
	int n;

	if (timeout_ms && loop->sleeps) {
		loop->sleeps--;
	} else if (timeout_ms) {
		end = fab_loop_now_us(loop) + LOOK_US;
		do {
			n = epoll_wait(loop->epoll_fd, event, BATCH, 0);
			if (n) {
				loop->vain = 0;
				return n;
			}
		} while (fab_loop_now_us(loop) < end);
		loop->sleeps = SLEEPS_PER_LOOK - 1;
		if (++loop->vain % LOOKS_PER_MOVE == 0 && loop->moves)
			next_cpu();
	}
	return epoll_wait(loop->epoll_fd, event, BATCH, timeout_ms);
}

static bool run_fds(struct fab_loop *loop, int timeout_ms)
{
	struct epoll_event event[BATCH];
	struct entry *entry;
	int i, n;

	n = wait_events(loop, event, timeout_ms);
	for (i = 0; i < n; i++) {
		entry = event[i].data.ptr;
		if (!entry->dead)
			entry->fn(entry->ctx);
	}
	free_entries(&loop->dead);
	return n > 0;
}

/* Timers due at the start; those armed again by their own function wait for the next iteration. */
static bool run_timers(struct fab_loop *loop)
{
	uint64_t now;
	struct fab_timer *timer;
	unsigned int due = 0;
	bool any = false;

	if (!loop->timers)
		return false;
	now = fab_loop_now_us(loop);
	for (timer = loop->timers; timer && timer->due_us <= now; timer = timer->next)
		due++;
	while (due-- && (timer = loop->timers) && timer->due_us <= now) {
		fab_timer_cancel(loop, timer);
		timer->fn(timer->ctx);
		any = true;
	}
	return any;
}

static bool run_work(struct fab_loop *loop)
{
	struct fab_work *work = loop->work;

	if (!work)
		return false;
	fab_work_cancel(loop, work);
	if (work->fn(work->ctx))
		fab_work_queue(loop, work);
	return true;
}

bool fab_loop_step(struct fab_loop *loop, int timeout_ms)
{
	bool fds = run_fds(loop, sleep_ms(loop, timeout_ms));
	bool timers = run_timers(loop);
	bool work = run_work(loop);

	return fds || timers || work;
}

/* A poll of all sockets costs as much as several short pieces of work. */
static void run_more(struct fab_loop *loop)
{
	uint64_t end;

	if (!loop->work)
		return;
	end = fab_loop_now_us(loop) + WORK_US;
	while (!loop->stop && loop->work && fab_loop_now_us(loop) < end)
		run_work(loop);
}

int fab_loop_run(struct fab_loop *loop)
{
	loop->stop = false;
	while (!loop->stop) {
		fab_loop_step(loop, -1);
		run_more(loop);
	}
	return 0;
}

void fab_loop_stop(struct fab_loop *loop)
{
	loop->stop = true;
}
