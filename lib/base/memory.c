#include "base/memory.h"

#include <errno.h>
#include <malloc.h>

enum { SMALLEST_CAPACITY = 8, RETURNED_BYTES = 512 << 10 };

void *
memory_new(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);

	if (memory == NULL)
		memory_end(size);
	return memory;
}

void *
memory_grow(void *array, size_t *capacity, size_t count, size_t size)
{
	size_t larger =
	    *capacity < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : *capacity;

	if (count <= *capacity)
		return array;
	while (larger < count)
		larger = memory_product(larger, 2);
	array = realloc(array, memory_product(larger, size));
	if (array == NULL)
		memory_end(larger * size);
	*capacity = larger;
	return array;
}

void
memory_trim(void)
{
	malloc_trim(0);
}

void
memory_return(void)
{
	mallopt(M_TRIM_THRESHOLD, RETURNED_BYTES);
}

void
memory_share(void)
{
	mallopt(M_ARENA_MAX, 1);
}

size_t
memory_product(size_t count, size_t size)
{
	size_t product;

	if (__builtin_mul_overflow(count, size, &product))
		memory_end((size_t)-1);
	return product;
}

void
memory_end(size_t wanted_bytes)
{
	fprintf(stderr, "%s: out of memory (%zu bytes wanted)\n",
	    program_invocation_short_name, wanted_bytes);
	abort();
}

/* --- libraries ------------------------------------------------------------
 *
 * Libraries ask here too, not libc: OpenSSL 3.0 and CRoaring 0.2 crash without
 * memory, or go on with half a result, and SQLite takes a NULL text for what
 * it could not allocate. The sanitizers bring functions of their own, which
 * end the process likewise.
 */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define MEMORY_REPLACES_MALLOC

/* libc's own, below what a program may put in their place: "Replacing malloc"
 * in its manual. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void *
or_end(void *memory, size_t size)
{
	if (memory == NULL && size > 0)
		memory_end(size);
	return memory;
}

void *
malloc(size_t size)
{
	return or_end(__libc_malloc(size), size);
}

void *
calloc(size_t count, size_t size)
{
	return or_end(__libc_calloc(count, size), memory_product(count, size));
}

void *
realloc(void *memory, size_t size)
{
	return or_end(__libc_realloc(memory, size), size);
}

void *
reallocarray(void *memory, size_t count, size_t size)
{
	return realloc(memory, memory_product(count, size));
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return or_end(__libc_memalign(alignment, size), size);
}

int
posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
	*ret_memory = aligned_alloc(alignment, size);
	return 0;
}

#endif
