/* A few threads for what is slow, so that it never holds up what is quick.
 *
 * The queue has a bound: who finds it full is told so at once (503), instead
 * of waiting for longer than anybody would.
 */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include "base/clock.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* A piece of work; part of the struct it works on. run() is called once, in
 * a thread of the pool, and may free the job. */
struct pool_job {
	void (*run)(struct pool_job *job, unsigned worker);

	/* Private. */
	struct pool_job *next;
};

/* `threads` threads whose numbers begin at `first_worker`; at most `waiting`
 * jobs wait for one of them. NULL: ERROR_SYSTEM. */
struct pool *pool_new(
    unsigned threads, unsigned first_worker, size_t waiting, struct error *err);

/* -1: all threads are busy and the queue is full. */
int pool_submit(struct pool *pool, struct pool_job *job);

/* While no job runs or waits, and none can begin, call `act`: it may touch what
 * else belongs to the threads. Takes NULL. Returns whether it was called. */
bool pool_at_rest(struct pool *pool, void (*act)(void *context), void *context);

/* End the threads once the queue is empty, and free the pool. Takes NULL. No
 * job may be submitted any more. Returns false if one still runs after
 * `patience`; the pool then stays, for the process to end under it. */
bool pool_close(struct pool *pool, usec_t patience);

#endif
