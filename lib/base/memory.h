/* Memory from the system, or the end of the process: nothing here fails.
 *
 * The log is made for `kill -9`, so a process that gets no memory says so and
 * ends; whatever an outsider can make grow has a bound, checked first. What is
 * returned is given back by free().
 *
 * malloc() and its like are replaced too, in the whole program: a library that
 * finds no memory ends it in the same way.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* `size` zeroed bytes. */
void *memory_new(size_t size);

/* An array with room for at least `count` elements of `size` bytes each:
 * `array` itself, or a larger copy of it when `*capacity` (in elements) is too
 * small; then `*capacity` at least doubles. New elements are not zeroed. */
void *memory_grow(void *array, size_t *capacity, size_t count, size_t size);

/* Give what was freed, by any thread, back to the system; some tenths of a
 * millisecond for each MiB. For now and then: libc itself keeps whatever lies
 * below something that is still used. */
void memory_trim(void);

/* Before the first thread: all of them share what is free. A program of few
 * threads that seldom ask at once takes less so, and gives back more; libc
 * keeps the end of an arena that a thread has of its own. */
void memory_share(void);

/* Before the first thread: what is freed at the end of an arena goes back from
 * half a MiB on, whatever was freed before (else libc waits for twice the
 * largest piece), and large pieces at once. */
void memory_return(void);

/* The product, or the end where it has no room in a size_t. */
size_t memory_product(size_t count, size_t size);

/* One line on stderr, then abort(). */
void memory_end(size_t wanted_bytes) __attribute__((noreturn));

#endif
