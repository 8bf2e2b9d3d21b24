// SPDX-License-Identifier: MIT
/* Event loop: order, cancelling from inside handlers, sleeping. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fabric/core/loop.h"

struct actor {
	struct fab_loop *loop;
	struct fab_timer timer;
	struct fab_work work;
	struct actor *other;
	int fd;
	unsigned int calls, limit;
	char *log;
};

static int setup(void **ctx)
{
	return fab_loop_new((struct fab_loop **)ctx);
}

static int teardown(void **ctx)
{
	fab_loop_free(*ctx);
	return 0;
}

static void say(struct actor *actor, char what)
{
	actor->calls++;
	if (actor->log) {
		while (*actor->log)
			actor->log++;
		*actor->log = what;
	}
}

static void on_fd(void *ctx)
{
	struct actor *actor = ctx;
	uint64_t value;

	say(actor, 'f');
	if (read(actor->fd, &value, sizeof(value)) < 0)
		fail();
}

static void on_timer(void *ctx)
{
	say(ctx, 't');
}

static bool on_work(void *ctx)
{
	struct actor *actor = ctx;

	say(actor, 'w');
	return actor->calls < actor->limit;
}

static int raised(void)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static void order_in_one_step(void **ctx)
{
	char log[8] = "";
	struct actor actor = { .loop = *ctx, .fd = raised(), .limit = 0, .log = log };

	actor.timer = (struct fab_timer){ .fn = on_timer, .ctx = &actor };
	actor.work = (struct fab_work){ .fn = on_work, .ctx = &actor };
	fab_work_queue(*ctx, &actor.work);
	fab_timer_arm(*ctx, &actor.timer, 0);
	assert_int_equal(fab_loop_add_fd(*ctx, actor.fd, on_fd, &actor), 0);
	assert_true(fab_loop_step(*ctx, 0));
	assert_string_equal(log, "ftw");
	assert_false(fab_loop_step(*ctx, 0));
	fab_loop_del_fd(*ctx, actor.fd);
	close(actor.fd);
}

static void remove_other(void *ctx)
{
	struct actor *actor = ctx;

	actor->calls++;
	fab_loop_del_fd(actor->loop, actor->fd);
	fab_loop_del_fd(actor->loop, actor->other->fd);
}

static void fd_removed_in_the_same_batch_is_not_called(void **ctx)
{
	struct actor a = { .loop = *ctx, .fd = raised() },
		     b = { .loop = *ctx, .fd = raised(), .other = &a };

	a.other = &b;
	assert_int_equal(fab_loop_add_fd(*ctx, a.fd, remove_other, &a), 0);
	assert_int_equal(fab_loop_add_fd(*ctx, b.fd, remove_other, &b), 0);
	assert_true(fab_loop_step(*ctx, 0));
	assert_int_equal(a.calls + b.calls, 1);
	assert_false(fab_loop_step(*ctx, 0));
	fab_loop_del_fd(*ctx, 12345); /* unknown: no effect */
	close(a.fd);
	close(b.fd);
}

static void timers_fire_by_time_not_by_order(void **ctx)
{
	char log[8] = "";
	struct actor late = { .log = log }, early = { .log = log }, never = { .log = log };

	late.timer = (struct fab_timer){ .fn = on_timer, .ctx = &late };
	early.timer = (struct fab_timer){ .fn = on_timer, .ctx = &early };
	never.timer = (struct fab_timer){ .fn = on_timer, .ctx = &never };
	fab_timer_arm(*ctx, &late.timer, 200000);
	fab_timer_arm(*ctx, &never.timer, 2000);
	fab_timer_arm(*ctx, &early.timer, 1000000);
	fab_timer_arm(*ctx, &early.timer, 1000); /* armed again: moves */
	fab_timer_cancel(*ctx, &never.timer);
	fab_timer_cancel(*ctx, &never.timer);
	while (!early.calls)
		fab_loop_step(*ctx, -1);
	assert_int_equal(late.calls, 0);
	while (!late.calls)
		fab_loop_step(*ctx, -1);
	assert_int_equal(early.calls, 1);
	assert_int_equal(never.calls, 0);
	assert_false(late.timer.armed);
}

static void rearm(void *ctx)
{
	struct actor *actor = ctx;

	actor->calls++;
	fab_timer_arm(actor->loop, &actor->timer, 0);
}

static void timer_that_rearms_itself_does_not_stop_the_loop(void **ctx)
{
	struct actor actor = { .loop = *ctx };

	actor.timer = (struct fab_timer){ .fn = rearm, .ctx = &actor };
	fab_timer_arm(*ctx, &actor.timer, 0);
	assert_true(fab_loop_step(*ctx, 0));
	assert_int_equal(actor.calls, 1);
	fab_timer_cancel(*ctx, &actor.timer);
}

static void work_is_fair_and_one_at_a_time(void **ctx)
{
	struct actor a = { .limit = 3 }, b = { .limit = 2 };

	a.work = (struct fab_work){ .fn = on_work, .ctx = &a };
	b.work = (struct fab_work){ .fn = on_work, .ctx = &b };
	fab_work_queue(*ctx, &a.work);
	fab_work_queue(*ctx, &b.work);
	fab_work_queue(*ctx, &a.work); /* queued already */
	fab_loop_step(*ctx, 0);
	assert_int_equal(a.calls * 10 + b.calls, 10);
	fab_loop_step(*ctx, 0);
	assert_int_equal(a.calls * 10 + b.calls, 11);
	fab_loop_step(*ctx, 0);
	fab_loop_step(*ctx, 0);
	assert_int_equal(a.calls * 10 + b.calls, 22);
	fab_loop_step(*ctx, 0);
	assert_int_equal(a.calls * 10 + b.calls, 32);
	assert_false(fab_loop_step(*ctx, 0));
}

static void cancelled_work_is_not_run(void **ctx)
{
	struct actor a = { .limit = 0 }, b = { .limit = 0 };

	a.work = (struct fab_work){ .fn = on_work, .ctx = &a };
	b.work = (struct fab_work){ .fn = on_work, .ctx = &b };
	fab_work_queue(*ctx, &a.work);
	fab_work_queue(*ctx, &b.work);
	fab_work_cancel(*ctx, &b.work); /* the last one: the queue's end moves */
	fab_work_cancel(*ctx, &b.work);
	fab_work_queue(*ctx, &b.work);
	fab_work_cancel(*ctx, &a.work);
	fab_loop_step(*ctx, 0);
	assert_int_equal(a.calls, 0);
	assert_int_equal(b.calls, 1);
	assert_false(fab_loop_step(*ctx, 0));
}

static void count(void *ctx)
{
	++*(unsigned int *)ctx;
}

static void watching_for_room_to_write(void **ctx)
{
	unsigned int calls = 0;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fab_loop_add_fd(*ctx, pair[0], count, &calls), 0);
	assert_false(fab_loop_step(*ctx, 0));
	assert_int_equal(fab_loop_watch(*ctx, pair[0], false, true), 0);
	assert_true(fab_loop_step(*ctx, 0));
	assert_int_equal(fab_loop_watch(*ctx, pair[0], false, false), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_false(fab_loop_step(*ctx, 0));
	close(pair[1]); /* a hang-up is always reported */
	assert_true(fab_loop_step(*ctx, 0));
	assert_int_equal(calls, 2);
	fab_loop_del_fd(*ctx, pair[0]);
	assert_true(fab_loop_watch(*ctx, pair[0], true, true) < 0);
	close(pair[0]);
}

static void stop(void *ctx)
{
	fab_loop_stop(ctx);
}

static void run_ends_when_told(void **ctx)
{
	struct fab_timer timer = { .fn = stop, .ctx = *ctx };

	fab_timer_arm(*ctx, &timer, 1000);
	assert_int_equal(fab_loop_run(*ctx), 0);
	assert_false(timer.armed);
}

/* Linked with --wrap: calls are counted. */
static unsigned int polls;
static cpu_set_t asked[4];
static unsigned int moves;

int __real_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	polls++;
	return __real_epoll_wait(epfd, events, max, timeout);
}

int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);
int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	assert_int_equal(pid, 0);
	assert_int_equal(size, sizeof(*set));
	assert_true(moves < 4);
	asked[moves++] = *set;
	return 0;
}

static bool three_cpus;
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	assert_int_equal(pid, 0);
	memset(set, 0, size);
	CPU_SET(3, set);
	if (three_cpus) {
		CPU_SET(1, set);
		CPU_SET(7, set);
	}
	return 0;
}

static int here;
int __wrap_sched_getcpu(void);
int __wrap_sched_getcpu(void)
{
	return here;
}

static bool clock_stands;
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	if (!clock_stands)
		return __real_clock_gettime(id, now);
	*now = (struct timespec){ .tv_sec = 1 };
	return 0;
}

/* A timer is due in the very microsecond that it was armed for. */
static void a_timer_that_is_due_now_fires(void **ctx)
{
	struct fab_timer timer = { .fn = stop, .ctx = *ctx };

	clock_stands = true;
	fab_timer_arm(*ctx, &timer, 0);
	assert_true(fab_loop_step(*ctx, 0));
	assert_false(timer.armed);
	fab_timer_arm(*ctx, &timer, 1);
	assert_false(fab_loop_step(*ctx, 0));
	assert_true(timer.armed);
	fab_timer_cancel(*ctx, &timer);
	clock_stands = false;
}

static void on_second_timer(void *ctx)
{
	say(ctx, '2');
}

/* Timers that are due at the same time fire in the order in which they were armed. */
static void timers_of_one_time_keep_their_order(void **ctx)
{
	char log[8] = "";
	struct actor first = { .log = log }, second = { .log = log };

	first.timer = (struct fab_timer){ .fn = on_timer, .ctx = &first };
	second.timer = (struct fab_timer){ .fn = on_second_timer, .ctx = &second };
	clock_stands = true;
	fab_timer_arm(*ctx, &first.timer, 0);
	fab_timer_arm(*ctx, &second.timer, 0);
	while (fab_loop_step(*ctx, 0))
		;
	clock_stands = false;
	assert_string_equal(log, "t2");
}

static unsigned int polls_of_a_step(struct fab_loop *loop)
{
	polls = 0;
	assert_false(fab_loop_step(loop, 1));
	return polls;
}

/* A look is several polls. After one in vain the loop sleeps 63 times by one poll each. */
static void looks_in_vain_are_rare(void **ctx)
{
	for (unsigned int round = 0; round < 2; round++) {
		assert_true(polls_of_a_step(*ctx) > 1);
		for (unsigned int i = 0; i < 63; i++)
			assert_int_equal(polls_of_a_step(*ctx), 1);
	}
	assert_int_equal(moves, 0);
}

/* Work that is queued is no reason to look or to sleep. */
static void no_look_while_there_is_work(void **ctx)
{
	struct actor actor = { .limit = 3 };

	actor.work = (struct fab_work){ .fn = on_work, .ctx = &actor };
	fab_work_queue(*ctx, &actor.work);
	for (unsigned int i = 0; i < 3; i++) {
		polls = 0;
		assert_true(fab_loop_step(*ctx, 1));
		assert_int_equal(polls, 1);
	}
	assert_true(polls_of_a_step(*ctx) > 1);
}

/* An event that is there ends a look, and the next sleep begins with one again. */
static void a_look_that_finds_something_is_repeated(void **ctx)
{
	struct actor actor = { .fd = raised() };
	const uint64_t one = 1;

	assert_int_equal(fab_loop_add_fd(*ctx, actor.fd, on_fd, &actor), 0);
	for (unsigned int i = 0; i < 3; i++) {
		polls = 0;
		assert_true(fab_loop_step(*ctx, 1));
		assert_int_equal(polls, 1);
		assert_int_equal(write(actor.fd, &one, sizeof(one)), sizeof(one));
	}
	assert_true(fab_loop_step(*ctx, 1));
	assert_true(polls_of_a_step(*ctx) > 1);
	fab_loop_del_fd(*ctx, actor.fd);
	close(actor.fd);
}

/* Steps from one look to the one after the next */
static void two_looks(struct fab_loop *loop)
{
	for (unsigned int i = 0; i < 128; i++)
		polls_of_a_step(loop);
}

static bool stopping_work(void *ctx)
{
	struct actor *actor = ctx;

	if (++actor->calls == actor->limit)
		fab_loop_stop(actor->loop);
	return true;
}

/* Short pieces of work share a poll, and the loop stops when it is told to, between two of them. */
static void short_work_shares_a_poll(void **ctx)
{
	struct actor actor = { .loop = *ctx, .limit = 1000 };

	actor.work = (struct fab_work){ .fn = stopping_work, .ctx = &actor };
	fab_work_queue(*ctx, &actor.work);
	polls = 0;
	assert_int_equal(fab_loop_run(*ctx), 0);
	assert_int_equal(actor.calls, 1000);
	assert_in_range(polls, 1, 500);
	fab_work_cancel(*ctx, &actor.work);
}

static bool slow_work(void *ctx)
{
	uint64_t end = fab_loop_now_us(((struct actor *)ctx)->loop) + 100;

	while (fab_loop_now_us(((struct actor *)ctx)->loop) < end)
		;
	return stopping_work(ctx);
}

/* A poll after two pieces at most that take long */
static void long_work_lets_events_in(void **ctx)
{
	struct actor actor = { .loop = *ctx, .limit = 20 };

	actor.work = (struct fab_work){ .fn = slow_work, .ctx = &actor };
	fab_work_queue(*ctx, &actor.work);
	polls = 0;
	assert_int_equal(fab_loop_run(*ctx), 0);
	assert_in_range(polls, 10, 20);
	fab_work_cancel(*ctx, &actor.work);
}

/* From CPU 3 of 1, 3, 7 to 7, from there to 1: once for two looks in vain. All CPUs are allowed again. */
static void looks_in_vain_move_the_loop(void **ctx)
{
	fab_loop_move(*ctx, true);
	three_cpus = true;
	moves = 0;
	here = 3;
	two_looks(*ctx);
	assert_int_equal(moves, 2);
	assert_true(CPU_COUNT(&asked[0]) == 1 && CPU_ISSET(7, &asked[0]));
	assert_true(CPU_COUNT(&asked[1]) == 3 && CPU_ISSET(1, &asked[1]));
	here = 7;
	two_looks(*ctx);
	assert_int_equal(moves, 4);
	assert_true(CPU_COUNT(&asked[2]) == 1 && CPU_ISSET(1, &asked[2]));
	assert_true(CPU_COUNT(&asked[3]) == 3 && CPU_ISSET(7, &asked[3]));
}

/* A look that finds something between two in vain */
static void the_loop_stays_where_it_finds_events(void **ctx)
{
	struct actor actor = { .fd = raised() };

	fab_loop_move(*ctx, true);
	three_cpus = true;
	moves = 0;
	here = 3;
	for (unsigned int i = 0; i < 64; i++)
		polls_of_a_step(*ctx);
	assert_int_equal(fab_loop_add_fd(*ctx, actor.fd, on_fd, &actor), 0);
	assert_true(fab_loop_step(*ctx, 1));
	fab_loop_del_fd(*ctx, actor.fd);
	close(actor.fd);
	for (unsigned int i = 0; i < 64; i++)
		polls_of_a_step(*ctx);
	assert_int_equal(moves, 0);
	polls_of_a_step(*ctx);
	assert_int_equal(moves, 2);
}

static void a_loop_with_one_cpu_stays(void **ctx)
{
	fab_loop_move(*ctx, true);
	three_cpus = false;
	moves = 0;
	here = 3;
	two_looks(*ctx);
	assert_int_equal(moves, 0);
}

/* Events come and go between sleeps: each is seen by the step that follows it. */
static void each_event_ends_a_sleep(void **ctx)
{
	struct actor actor = { .fd = eventfd(0, EFD_CLOEXEC) };
	const uint64_t one = 1;
	unsigned int i;

	assert_int_equal(fab_loop_add_fd(*ctx, actor.fd, on_fd, &actor), 0);
	for (i = 0; i < 200; i++) {
		assert_false(fab_loop_step(*ctx, i % 2));
		assert_int_equal(write(actor.fd, &one, sizeof(one)), sizeof(one));
		assert_true(fab_loop_step(*ctx, -1));
		assert_int_equal(actor.calls, i + 1);
	}
	fab_loop_del_fd(*ctx, actor.fd);
	close(actor.fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(order_in_one_step),
		TEST(fd_removed_in_the_same_batch_is_not_called),
		TEST(timers_fire_by_time_not_by_order),
		TEST(timer_that_rearms_itself_does_not_stop_the_loop),
		TEST(work_is_fair_and_one_at_a_time),
		TEST(cancelled_work_is_not_run),
		TEST(watching_for_room_to_write),
		TEST(run_ends_when_told),
		TEST(a_timer_that_is_due_now_fires),
		TEST(timers_of_one_time_keep_their_order),
		TEST(looks_in_vain_are_rare),
		TEST(no_look_while_there_is_work),
		TEST(a_look_that_finds_something_is_repeated),
		TEST(short_work_shares_a_poll),
		TEST(long_work_lets_events_in),
		TEST(looks_in_vain_move_the_loop),
		TEST(the_loop_stays_where_it_finds_events),
		TEST(a_loop_with_one_cpu_stays),
		TEST(each_event_ends_a_sleep),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
