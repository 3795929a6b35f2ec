#include "base/memory.h"

#include <errno.h>

enum { SMALLEST_CAPACITY = 8 };

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
