/* Condition variables whose time is CLOCK_MONOTONIC: a clock that is set does
 * not wake who waits, nor keep him waiting. */
#ifndef BASE_CONDITION_H
#define BASE_CONDITION_H

#include "base/clock.h"

#include <pthread.h>

void condition_init(pthread_cond_t *condition);

/* `wait` from now, for pthread_cond_timedwait(). */
struct timespec condition_deadline(usec_t wait);

#endif
