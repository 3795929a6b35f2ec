/* The event loop of a FastCGI program: epoll, timers, and what is done once
 * the events of a turn have been handled.
 *
 * One thread. Callbacks never block. What a callback destroys may have an
 * event waiting in the same turn, so descriptors leave by loop_remove() and
 * memory by loop_free_later().
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "base/clock.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* A descriptor's callback; part of the struct that owns the descriptor.
 * `events` are epoll's. */
struct loop_watch {
	void (*on_ready)(void *context, uint32_t events);
	void *context;
};

/* Called every `interval`, the first time after one interval; or once, when
 * `interval` is 0 (loop_timer_set()). */
struct loop_timer {
	void (*on_due)(void *context);
	void *context;
	usec_t interval;

	/* Private. */
	usec_t due; /* 0: not set */
	struct loop_timer *next;
};

/* Called at the end of every turn; returns true to have the next turn begin
 * at once, whether or not anything is ready. */
struct loop_hook {
	bool (*after_turn)(void *context);
	void *context;

	/* Private. */
	struct loop_hook *next;
};

struct loop *loop_new(struct clock *clock, struct error *err);
void loop_free(struct loop *loop);

/* The time at which this turn began (monotonic). */
usec_t loop_now(const struct loop *loop);

/* Watch `fd`, or change for what. The struct outlives the watching. -1 and
 * errno. */
int
loop_add(struct loop *loop, int fd, struct loop_watch *watch, uint32_t events);
int loop_change(
    struct loop *loop, int fd, struct loop_watch *watch, uint32_t events);
void loop_remove(struct loop *loop, int fd, struct loop_watch *watch);

/* free() at the end of this turn. */
void loop_free_later(struct loop *loop, void *memory);

void loop_every(struct loop *loop, struct loop_timer *timer);
/* Once, `delay` from now; again and sooner or later if it was set already. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, usec_t delay);
void loop_timer_remove(struct loop *loop, struct loop_timer *timer);

void loop_hook_add(struct loop *loop, struct loop_hook *hook);
void loop_hook_remove(struct loop *loop, struct loop_hook *hook);

/* Run until loop_stop(). -1: ERROR_SYSTEM. */
int loop_run(struct loop *loop, struct error *err);
void loop_stop(struct loop *loop);

/* One turn, waiting at most `timeout`: for tests. */
int loop_turn(struct loop *loop, usec_t timeout, struct error *err);

#endif
