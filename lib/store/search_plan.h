/* A filter in the index's own words: ranges, and small ids by dimension. For
 * lib/store alone. */
#ifndef STORE_SEARCH_PLAN_H
#define STORE_SEARCH_PLAN_H

#include "store/dictionary.h"
#include "store/search.h"
#include "store/segment.h"

/* A set of values of one dimension, in rising order. */
struct search_values {
	dictionary_id *ids;
	size_t count;
};

/* An entry has one of the values; or, excluding, none of them. */
struct search_condition {
	enum segment_dimension dimension;
	bool is_excluding;
	struct search_values values;
};

struct search_plan {
	/* The first and the last seq to be looked at; none if first > last. */
	uint64_t first, last;
	usec_t from, to; /* from <= time < to */
	struct search_condition conditions[FILTER_NAMES];
	size_t count;
	/* No entry can be meant: a name that nobody has. */
	bool is_empty;
};

/* Within a snapshot. Lists are in `arena`; call_id and q are not the plan's
 * (search_lines.h). */
int search_plan_make(struct store *store, const struct search *search,
    struct arena *arena, struct search_plan *ret_plan, struct error *err);

/* The values of one entry, as its row has them. */
struct search_row {
	uint64_t seq;
	usec_t time;
	dictionary_id values[SEGMENT_DIMENSIONS];
};

/* Conditions and time; not the range of seqs. */
bool search_plan_matches(
    const struct search_plan *plan, const struct search_row *row);

#endif
