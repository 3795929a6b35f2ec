/* A Bloom filter over the calls of the last 24 hours.
 *
 * It says "perhaps" of every hash that was added in that time, and of one in
 * some hundred others. It is a row of generations, each full or six hours old;
 * one that is older than the span as a whole is dropped. They are as large as
 * the calls are many, from 2^15 calls and 64 KiB to 2^19 and 1 MiB: where a day
 * has little, little memory is taken. At most CALL_FILTER_GENERATIONS of them:
 * beyond some 30 million calls in a day, the oldest are forgotten, and the span
 * is shorter.
 */
#ifndef KRUXOSD_CALL_FILTER_H
#define KRUXOSD_CALL_FILTER_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum { CALL_FILTER_GENERATIONS = 64 };

#define CALL_FILTER_SPAN USEC_PER_DAY

struct call_filter;

struct call_filter *call_filter_new(void); /* never NULL */
void call_filter_free(struct call_filter *filter);

/* A call recorded at `at`, or not later than that; roughly in this order. */
void call_filter_add(struct call_filter *filter, uint32_t hash, usec_t at);

/* False: it was not added in the span before `now`. */
bool
call_filter_may_have(struct call_filter *filter, uint32_t hash, usec_t now);

#endif
