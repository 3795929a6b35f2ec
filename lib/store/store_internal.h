/* The inside of a store: for store.c, which holds the database, and
 * store_lines.c, which finds and reads lines of the log, alone. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "log/cursor.h"
#include "log/places.h"
#include "store/store.h"

struct extent {
	uint64_t generation;
	uint64_t first_seq, last_seq;
	uint64_t recent_seq, tail_seq;
};

struct store {
	char *path;
	char *audit_dir;
	struct database *database; /* NULL: not open */
	enum database_use use;
	struct statement_set *sets[STORE_SETS];
	int depth; /* of store_begin() */
	struct extent extent;
	struct places *places; /* NULL: not open */
	struct cursor *cursor; /* likewise */
	struct store_tail tail;
	struct store_times times[STORE_TIMES];
};

#endif
