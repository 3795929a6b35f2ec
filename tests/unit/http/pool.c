#include "lib/http/pool.c"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct work {
	struct pool_job job;
	sem_t begun, go_on;
	unsigned worker;
};

static void
wait_for_go(struct pool_job *job, unsigned worker)
{
	struct work *work = (struct work *)job;

	work->worker = worker;
	sem_post(&work->begun);
	sem_wait(&work->go_on);
}

static void
work_init(struct work *work)
{
	*work = (struct work){ .job = { wait_for_go } };
	sem_init(&work->begun, 0, 0);
	sem_init(&work->go_on, 0, 0);
}

static void
threads_and_queue_have_a_bound(void **state)
{
	struct work work[4];
	struct error err = { 0 };
	struct pool *pool = pool_new(2, 5, 1, &err);

	(void)state;
	assert_non_null(pool);
	for (int i = 0; i < 4; i++)
		work_init(&work[i]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pool_submit(pool, &work[i].job), 0);
	sem_wait(&work[0].begun);
	sem_wait(&work[1].begun);
	assert_int_equal(pool_submit(pool, &work[3].job), -1);

	/* One ends, so the third begins and the fourth may wait. */
	sem_post(&work[0].go_on);
	sem_wait(&work[2].begun);
	assert_int_equal(pool_submit(pool, &work[3].job), 0);
	assert_int_equal(work[2].worker, work[0].worker);
	assert_int_equal(work[0].worker + work[1].worker, 5 + 6);

	for (int i = 1; i < 4; i++)
		sem_post(&work[i].go_on);
	assert_true(pool_close(pool, 10 * USEC_PER_SEC));
	assert_int_equal(sem_trywait(&work[3].begun), 0);
}

static void
a_job_that_does_not_end_does_not_hold_up_the_end(void **state)
{
	struct work work;
	struct error err = { 0 };
	struct pool *pool = pool_new(1, 1, 0, &err);

	(void)state;
	work_init(&work);
	assert_int_equal(pool_submit(pool, &work.job), 0);
	sem_wait(&work.begun);
	assert_false(pool_close(pool, 20 * USEC_PER_MSEC));
	sem_post(&work.go_on);
	assert_true(pool_close(pool, 10 * USEC_PER_SEC));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_and_queue_have_a_bound),
		cmocka_unit_test(
		    a_job_that_does_not_end_does_not_hold_up_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
