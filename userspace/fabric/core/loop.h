/* SPDX-License-Identifier: MIT */
/*
 * One event loop, one thread. Order in an iteration: ready file descriptors
 * (guest messages), due timers, then one queued piece of work, and more of them
 * for 20 us, so that a long transfer never keeps a trapped access of the guest
 * waiting for more than that and one work item. The loop sleeps when it is idle.
 */
#ifndef FAB_LOOP_H
#define FAB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct fab_loop;

int fab_loop_new(struct fab_loop **loop);
void fab_loop_free(struct fab_loop *loop);

/* The loop does not own fd. fn is called while fd is readable or hung up. */
int fab_loop_add_fd(struct fab_loop *loop, int fd, void (*fn)(void *ctx), void *ctx);
void fab_loop_del_fd(struct fab_loop *loop, int fd);
/* The events of a known fd for which fn is called: readable (the default), writable, both or hang-up only. */
int fab_loop_watch(struct fab_loop *loop, int fd, bool readable, bool writable);

struct fab_timer {
	void (*fn)(void *ctx);
	void *ctx;
	uint64_t due_us;
	bool armed;
	struct fab_timer *next;
};
void fab_timer_arm(struct fab_loop *loop, struct fab_timer *timer, uint64_t delay_us);
void fab_timer_cancel(struct fab_loop *loop, struct fab_timer *timer);
uint64_t fab_loop_now_us(struct fab_loop *loop);

/* fn returns true to be called again. Queueing a queued item has no effect. */
struct fab_work {
	bool (*fn)(void *ctx);
	void *ctx;
	bool queued;
	struct fab_work *next;
};
void fab_work_queue(struct fab_loop *loop, struct fab_work *work);
void fab_work_cancel(struct fab_loop *loop, struct fab_work *work);

/* The thread of the loop moves between CPUs to find one beside that of its client; for real-time priority. */
void fab_loop_move(struct fab_loop *loop, bool moves);

int fab_loop_run(struct fab_loop *loop); /* until fab_loop_stop() */
void fab_loop_stop(struct fab_loop *loop);
bool fab_loop_step(struct fab_loop *loop,
		   int timeout_ms); /* one iteration; false: there was no event */

#endif
