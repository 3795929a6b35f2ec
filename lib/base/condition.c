#include "base/condition.h"

#include <time.h>

void
condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct timespec
condition_deadline(usec_t wait)
{
	usec_t end = clock_monotonic(&clock_system) + wait;

	return (struct timespec){
		.tv_sec = (time_t)(end / USEC_PER_SEC),
		.tv_nsec = (long)(end % USEC_PER_SEC) * 1000,
	};
}
