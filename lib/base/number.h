/* Integers from outside: decimal, the whole text, within bounds. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/slice.h"

#include <stdint.h>

/* Decimal digits only: no sign, no space, no exponent. Returns 0 and fills
 * `ret`; -1 with errno EINVAL (not a number) or ERANGE (outside min..max). */
int
number_parse_u64(struct slice text, uint64_t min, uint64_t max, uint64_t *ret);

/* The same with an optional '-'. */
int number_parse_i64(struct slice text, int64_t min, int64_t max, int64_t *ret);

/* A decimal fraction as JSON writes it ("12.5", "3e2"); finite. -1 and EINVAL
 * or ERANGE as above. Independent of the locale. */
int number_parse_double(struct slice text, double min, double max, double *ret);

#endif
