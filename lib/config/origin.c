#include "config/origin.h"

struct origin *
origins_find(const struct origins *origins, struct slice section,
    struct slice name, struct slice key)
{
	for (size_t i = 0; i < origins->count; i++) {
		struct origin *origin = origins->origins + i;

		if (slice_equal(origin->key, key) &&
		    slice_equal(origin->section, section) &&
		    slice_equal(origin->name, name))
			return origin;
	}
	return NULL;
}

struct origin *
origins_add(
    struct origins *origins, struct arena *arena, const struct origin *origin)
{
	struct origin *copy;

	origins->origins = arena_grow(
	    arena, origins->origins, origins->count, sizeof(*origins->origins));
	copy = origins->origins + origins->count++;
	*copy = *origin;
	copy->section = arena_slice(arena, origin->section);
	copy->name = arena_slice(arena, origin->name);
	copy->key = arena_slice(arena, origin->key);
	return copy;
}
