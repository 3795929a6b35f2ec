/* Where a setting was said: in which file, and in which line of it. */
#ifndef CONFIG_ORIGIN_H
#define CONFIG_ORIGIN_H

#include "base/arena.h"
#include "base/slice.h"

struct origin {
	struct slice section;
	struct slice name; /* of the section; {NULL, 0}: none */
	struct slice key;
	unsigned file; /* its place among the files of struct config */
	unsigned line;
};

/* One for each setting that is not as it is by default. */
struct origins {
	struct origin *origins;
	size_t count;
};

/* That of the setting, or NULL: nobody has said it. */
struct origin *origins_find(const struct origins *origins, struct slice section,
    struct slice name, struct slice key);

/* A copy of `origin`, which is not there yet, in `arena`. */
struct origin *origins_add(
    struct origins *origins, struct arena *arena, const struct origin *origin);

#endif
