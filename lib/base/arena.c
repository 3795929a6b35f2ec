#include "base/arena.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

enum {
	SMALLEST_BLOCK = 4096,
	LARGEST_USUAL_BLOCK = 1 << 20, /* beyond it, as large as the piece */
	SMALLEST_ROOM = 16, /* of an array that grows; a power of two */
};

struct arena_block {
	struct arena_block *previous;
	size_t used;
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *
block_new(struct arena_block *previous, size_t piece)
{
	size_t size = previous == NULL ? SMALLEST_BLOCK : 2 * previous->size;
	struct arena_block *block;

	if (size > LARGEST_USUAL_BLOCK)
		size = LARGEST_USUAL_BLOCK;
	if (size < piece)
		size = piece;
	if (size > SIZE_MAX / 2)
		memory_end(size);
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		memory_end(sizeof(*block) + size);
	block->previous = previous;
	block->used = 0;
	block->size = size;
	return block;
}

/* As far as the end of the next piece has to be moved. */
static size_t
aligned(size_t size)
{
	size_t mask = _Alignof(max_align_t) - 1;

	if (size > SIZE_MAX - mask)
		memory_end(size);
	return (size + mask) & ~mask;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	size_t piece = aligned(size);
	struct arena_block *block = arena->block;
	void *memory;

	if (block == NULL || block->size - block->used < piece)
		block = arena->block = block_new(block, piece);
	memory = block->bytes + block->used;
	block->used += piece;
	arena->total_bytes += size;
	return memset(memory, 0, size);
}

void *
arena_array(struct arena *arena, size_t count, size_t size)
{
	return arena_alloc(arena, memory_product(count, size));
}

void *
arena_grow(struct arena *arena, void *array, size_t count, size_t size)
{
	bool is_full = count == 0 ||
		       (count >= SMALLEST_ROOM && (count & (count - 1)) == 0);
	void *larger;

	if (!is_full)
		return array;
	larger =
	    arena_array(arena, count == 0 ? SMALLEST_ROOM : 2 * count, size);
	if (count > 0)
		memcpy(larger, array, count * size);
	return larger;
}

char *
arena_copy(struct arena *arena, const void *bytes, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		memory_end(len);
	copy = arena_alloc(arena, len + 1);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

struct slice
arena_slice(struct arena *arena, struct slice slice)
{
	if (slice.data == NULL)
		return slice;
	return (struct slice){ arena_copy(arena, slice.data, slice.len),
		slice.len };
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;
	int len;

	va_start(arguments, format);
	len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (len < 0)
		memory_end(SIZE_MAX);
	text = arena_alloc(arena, (size_t)len + 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t)len + 1, format, arguments);
	va_end(arguments);
	return text;
}

static void
free_chain(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *previous = block->previous;

		free(block);
		block = previous;
	}
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *largest = NULL;

	while (arena->block != NULL) {
		struct arena_block *block = arena->block;

		arena->block = block->previous;
		block->previous = NULL;
		if (largest == NULL || block->size > largest->size) {
			free_chain(largest);
			largest = block;
		} else {
			free(block);
		}
	}
	if (largest != NULL)
		largest->used = 0;
	*arena = (struct arena){ largest, 0 };
}

void
arena_free(struct arena *arena)
{
	free_chain(arena->block);
	*arena = (struct arena)ARENA_INIT;
}
