#include "http/loop.h"

#include "base/memory.h"

#include <sys/epoll.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 256 };

static const usec_t LONGEST_WAIT = USEC_PER_HOUR;

struct loop {
	int epoll;
	bool running;
	bool again; /* a hook wants the next turn at once */
	usec_t now;
	struct clock *clock;
	struct loop_timer *timers;
	struct loop_hook *hooks;
	void **later; /* to be freed at the end of the turn */
	size_t later_count, later_room;
};

struct loop *
loop_new(struct clock *clock, struct error *err)
{
	struct loop *loop = memory_new(sizeof(*loop));

	loop->clock = clock;
	loop->now = clock_monotonic(clock);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll == -1) {
		error_set_errno(err, "epoll");
		free(loop);
		return NULL;
	}
	return loop;
}

static void
free_what_waited(struct loop *loop)
{
	while (loop->later_count > 0)
		free(loop->later[--loop->later_count]);
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	free_what_waited(loop);
	free(loop->later);
	close(loop->epoll);
	free(loop);
}

usec_t
loop_now(const struct loop *loop)
{
	return loop->now;
}

static int
control(struct loop *loop, int operation, int fd, struct loop_watch *watch,
    uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll, operation, fd, &event);
}

int
loop_add(struct loop *loop, int fd, struct loop_watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, fd, watch, events);
}

int
loop_change(
    struct loop *loop, int fd, struct loop_watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, fd, watch, events);
}

void
loop_remove(struct loop *loop, int fd, struct loop_watch *watch)
{
	control(loop, EPOLL_CTL_DEL, fd, watch, 0);
	watch->on_ready = NULL;
}

void
loop_free_later(struct loop *loop, void *memory)
{
	loop->later = memory_grow(loop->later, &loop->later_room,
	    loop->later_count + 1, sizeof(loop->later[0]));
	loop->later[loop->later_count++] = memory;
}

void
loop_timer_set(struct loop *loop, struct loop_timer *timer, usec_t delay)
{
	if (timer->due == 0) {
		timer->next = loop->timers;
		loop->timers = timer;
	}
	timer->due = loop->now + delay;
}

void
loop_every(struct loop *loop, struct loop_timer *timer)
{
	assert(timer->interval > 0);
	loop_timer_set(loop, timer, timer->interval);
}

void
loop_timer_remove(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **link = &loop->timers;

	while (*link != NULL && *link != timer)
		link = &(*link)->next;
	if (*link != NULL)
		*link = (*link)->next;
	timer->due = 0;
}

void
loop_hook_add(struct loop *loop, struct loop_hook *hook)
{
	hook->next = loop->hooks;
	loop->hooks = hook;
}

void
loop_hook_remove(struct loop *loop, struct loop_hook *hook)
{
	struct loop_hook **link = &loop->hooks;

	while (*link != NULL && *link != hook)
		link = &(*link)->next;
	if (*link != NULL)
		*link = (*link)->next;
}

/* The one that is due first, or NULL. */
static struct loop_timer *
first_timer(const struct loop *loop)
{
	struct loop_timer *first = loop->timers;

	for (struct loop_timer *timer = first; timer != NULL;
	     timer = timer->next)
		if (timer->due < first->due)
			first = timer;
	return first;
}

/* A callback may set and remove timers, so the list is looked at anew after
 * each. */
static void
run_timers(struct loop *loop)
{
	struct loop_timer *timer;

	while ((timer = first_timer(loop)) != NULL && timer->due <= loop->now) {
		loop_timer_remove(loop, timer);
		if (timer->interval > 0)
			loop_timer_set(loop, timer, timer->interval);
		timer->on_due(timer->context);
	}
}

static void
run_hooks(struct loop *loop)
{
	loop->again = false;
	for (struct loop_hook *hook = loop->hooks, *next; hook != NULL;
	     hook = next) {
		next = hook->next;
		if (hook->after_turn(hook->context))
			loop->again = true;
	}
}

/* Milliseconds for epoll_wait(), rounded up: too early is a turn for
 * nothing. */
static int
wait_ms(struct loop *loop, usec_t longest)
{
	const struct loop_timer *timer = first_timer(loop);
	usec_t now = clock_monotonic(loop->clock);

	if (loop->again)
		return 0;
	if (timer != NULL && timer->due <= now)
		return 0;
	if (timer != NULL && timer->due - now < longest)
		longest = timer->due - now;
	return (int)((longest + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

int
loop_turn(struct loop *loop, usec_t timeout, struct error *err)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(
	    loop->epoll, events, EVENTS_A_TURN, wait_ms(loop, timeout));

	if (count == -1 && errno != EINTR)
		return error_set_errno(err, "epoll_wait");
	loop->now = clock_monotonic(loop->clock);
	for (int i = 0; i < count; i++) {
		struct loop_watch *watch = events[i].data.ptr;
		if (watch->on_ready != NULL)
			watch->on_ready(watch->context, events[i].events);
	}
	run_timers(loop);
	run_hooks(loop);
	free_what_waited(loop);
	return 0;
}

int
loop_run(struct loop *loop, struct error *err)
{
	loop->running = true;
	while (loop->running)
		if (loop_turn(loop, LONGEST_WAIT, err) == -1)
			return -1;
	return 0;
}

void
loop_stop(struct loop *loop)
{
	loop->running = false;
}
