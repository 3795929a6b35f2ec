/* Memory that ends all at once: with a request, with a batch.
 *
 * Allocation is a pointer moved; there is no free of a single piece. Out of
 * memory ends the process.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *block; /* the newest; NULL at first */
	size_t total_bytes;	   /* handed out since the last reset */
};

#define ARENA_INIT      \
	{               \
		NULL, 0 \
	}

/* `size` zeroed bytes, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of `count` of `size` bytes each, zeroed; the product is checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Make room for one more behind `count` of an array that was NULL at first:
 * itself, or a copy that is twice as large. What is new is zeroed. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size);

/* A copy with a NUL behind it. */
char *arena_copy(struct arena *arena, const void *bytes, size_t len);
struct slice arena_slice(struct arena *arena, struct slice slice);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* All pieces end; the largest block is kept for what comes next. */
void arena_reset(struct arena *arena);

void arena_free(struct arena *arena);

#endif
