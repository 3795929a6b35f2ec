#include "store/search_rows.h"

#include "base/memory.h"
#include "sql/search.h"

static void
read_row(struct statement *rows, struct search_row *row)
{
	unsigned kind = (unsigned)statement_u64(rows, 6);

	row->seq = statement_u64(rows, 0);
	row->time = statement_u64(rows, 1);
	row->values[SEGMENT_ACTOR] = (dictionary_id)statement_u64(rows, 2);
	row->values[SEGMENT_CAPABILITY] = (dictionary_id)statement_u64(rows, 3);
	row->values[SEGMENT_SESSION] = (dictionary_id)statement_u64(rows, 4);
	row->values[SEGMENT_STATUS] =
	    (dictionary_id)statement_u64(rows, 5) % ENTRY_STATUSES;
	row->values[SEGMENT_ACTOR_TYPE] =
	    segment_kind_actor(kind) % ENTRY_ACTORS;
	row->values[SEGMENT_TIER] = segment_kind_tier(kind) % ENTRY_TIERS;
	row->values[SEGMENT_SOURCE] = segment_kind_source(kind) % ENTRY_SOURCES;
}

int
search_rows_each(struct store *store, const struct search_plan *plan,
    uint64_t from, uint64_t to, search_on_row on_row, void *context,
    struct error *err)
{
	struct statement rows = store_start(store, STORE_SEARCH, SEARCH_ROWS);
	struct search_row row;

	statement_bind_u64(&rows, 1, from);
	statement_bind_u64(&rows, 2, to);
	while (statement_next(&rows)) {
		read_row(&rows, &row);
		/* A damaged page may hold a row of somewhere else. */
		if (row.seq >= from && row.seq <= to &&
		    search_plan_matches(plan, &row))
			on_row(context, &row);
	}
	return statement_end(&rows, err);
}

static void
forget_tail(struct store *store)
{
	struct store_tail *tail = store_tail(store);

	tail->generation = store_generation(store);
	tail->first = store_tail_seq(store);
	tail->through = tail->first == 0 ? 0 : tail->first - 1;
	tail->count = 0;
}

static int
read_tail(struct store *store, struct error *err)
{
	struct store_tail *tail = store_tail(store);
	struct statement rows = store_start(store, STORE_SEARCH, SEARCH_TAIL);

	statement_bind_u64(&rows, 1, tail->through);
	while (statement_next(&rows) && tail->count < 2 * SEGMENT_BLOCK) {
		tail->rows = memory_grow(tail->rows, &tail->capacity,
		    tail->count + 1, sizeof(*tail->rows));
		read_row(&rows, &tail->rows[tail->count++]);
	}
	if (statement_end(&rows, err) == -1) {
		forget_tail(store);
		return -1;
	}
	tail->through = store_last_seq(store);
	return 0;
}

int
search_rows_tail(struct store *store, const struct search_row **ret_rows,
    size_t *ret_count, struct error *err)
{
	struct store_tail *tail = store_tail(store);

	if (tail->generation != store_generation(store) ||
	    tail->first != store_tail_seq(store))
		forget_tail(store);
	if (tail->through < store_last_seq(store) &&
	    read_tail(store, err) == -1)
		return -1;
	*ret_rows = tail->rows;
	*ret_count = tail->count;
	return 0;
}
