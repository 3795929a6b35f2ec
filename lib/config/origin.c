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

/* What an array outgrows stays in the arena: in all, as much again. */
static void
make_room(struct origins *origins, struct arena *arena)
{
	struct origin *larger;

	if (origins->count < origins->room)
		return;
	origins->room = origins->room == 0 ? 16 : 2 * origins->room;
	larger = arena_array(arena, origins->room, sizeof(larger[0]));
	if (origins->count > 0)
		memcpy(larger, origins->origins,
		    origins->count * sizeof(larger[0]));
	origins->origins = larger;
}

struct origin *
origins_add(
    struct origins *origins, struct arena *arena, const struct origin *origin)
{
	struct origin *copy;

	make_room(origins, arena);
	copy = origins->origins + origins->count++;
	*copy = *origin;
	copy->section = arena_slice(arena, origin->section);
	copy->name = arena_slice(arena, origin->name);
	copy->key = arena_slice(arena, origin->key);
	return copy;
}
