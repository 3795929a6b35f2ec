#include "http/pool.h"

#include "base/condition.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct worker {
	struct pool *pool;
	unsigned number;
	pthread_t thread;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* a job waits, or the end has come */
	pthread_cond_t ended; /* a thread has left */
	struct pool_job *first, **last;
	size_t waiting;	    /* jobs in the queue */
	size_t waiting_max; /* beyond those that a thread is free for */
	unsigned busy;	    /* threads that have a job */
	unsigned running;   /* threads that exist */
	bool closing;
	unsigned workers_count;
	struct worker workers[];
};

/* The next job, or NULL when the pool closes and none is left. With the lock
 * held. */
static struct pool_job *
next_job(struct pool *pool)
{
	while (pool->first == NULL && !pool->closing)
		pthread_cond_wait(&pool->work, &pool->lock);

	struct pool_job *job = pool->first;
	if (job != NULL) {
		pool->first = job->next;
		if (pool->first == NULL)
			pool->last = &pool->first;
		pool->waiting--;
	}
	return job;
}

static void *
work(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;
	struct pool_job *job;

	pthread_mutex_lock(&pool->lock);
	while ((job = next_job(pool)) != NULL) {
		pool->busy++;
		pthread_mutex_unlock(&pool->lock);
		job->run(job, worker->number);
		pthread_mutex_lock(&pool->lock);
		pool->busy--;
	}
	pool->running--;
	pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void
pool_init(struct pool *pool, size_t waiting)
{
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	condition_init(&pool->ended);
	pool->last = &pool->first;
	pool->waiting_max = waiting;
}

struct pool *
pool_new(
    unsigned threads, unsigned first_worker, size_t waiting, struct error *err)
{
	struct pool *pool =
	    memory_new(sizeof(*pool) + threads * sizeof(pool->workers[0]));

	assert(threads > 0);
	pool_init(pool, waiting);
	for (unsigned i = 0; i < threads; i++) {
		struct worker *worker = &pool->workers[i];

		*worker = (struct worker){ pool, first_worker + i };
		int failed =
		    pthread_create(&worker->thread, NULL, work, worker);
		if (failed != 0) {
			errno = failed;
			error_set_errno(err, "a thread for slow answers");
			pool_close(pool, USEC_PER_SEC);
			return NULL;
		}
		pthread_mutex_lock(&pool->lock);
		pool->running++;
		pthread_mutex_unlock(&pool->lock);
		pool->workers_count++;
	}
	return pool;
}

int
pool_submit(struct pool *pool, struct pool_job *job)
{
	bool full;

	pthread_mutex_lock(&pool->lock);
	full = pool->waiting >= pool->running - pool->busy + pool->waiting_max;
	if (!full) {
		job->next = NULL;
		*pool->last = job;
		pool->last = &job->next;
		pool->waiting++;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return full ? -1 : 0;
}

bool
pool_at_rest(struct pool *pool, void (*act)(void *context), void *context)
{
	bool rests;

	if (pool == NULL)
		return false;
	pthread_mutex_lock(&pool->lock);
	rests = pool->busy == 0 && pool->waiting == 0;
	if (rests)
		act(context);
	pthread_mutex_unlock(&pool->lock);
	return rests;
}

/* Wait for the last thread to leave; false when `patience` ends first. */
static bool
wait_for_end(struct pool *pool, usec_t patience)
{
	struct timespec deadline = condition_deadline(patience);
	int failed = 0;

	while (pool->running > 0 && failed == 0)
		failed = pthread_cond_timedwait(
		    &pool->ended, &pool->lock, &deadline);
	return pool->running == 0;
}

bool
pool_close(struct pool *pool, usec_t patience)
{
	if (pool == NULL)
		return true;
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->work);
	bool ended = wait_for_end(pool, patience);
	pthread_mutex_unlock(&pool->lock);
	if (!ended)
		return false;
	for (unsigned i = 0; i < pool->workers_count; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->ended);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return true;
}
