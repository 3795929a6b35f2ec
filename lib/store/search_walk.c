#include "store/search_walk.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "store/search_rows.h"

enum { GROUP = 65536 };

/* A snapshot is taken anew after this time. */
#define SNAPSHOT_TIME (USEC_PER_SEC / 2)

struct search_walk {
	struct store *store;
	const struct search *search;
	const struct search_plan *plan;
	uint64_t next; /* the newest seq that was not looked at yet; 0: none */
	uint64_t generation;
	bool holds; /* a snapshot of our own */
	usec_t held_since;
	roaring_bitmap_t *bits;
};

struct search_walk *
search_walk_new(struct store *store, const struct search *search,
    const struct search_plan *plan)
{
	struct search_walk *walk = memory_new(sizeof(*walk));

	walk->store = store;
	walk->search = search;
	walk->plan = plan;
	walk->next = plan->is_empty ? 0 : plan->last;
	walk->generation = store_generation(store);
	return walk;
}

static void
let_go(struct search_walk *walk)
{
	if (walk->holds)
		store_end(walk->store);
	walk->holds = false;
}

void
search_walk_free(struct search_walk *walk)
{
	if (walk == NULL)
		return;
	let_go(walk);
	if (walk->bits != NULL)
		roaring_bitmap_free(walk->bits);
	free(walk);
}

static int
hold(struct search_walk *walk, struct error *err)
{
	usec_t now = clock_monotonic(&clock_system);

	if (walk->holds && now - walk->held_since > SNAPSHOT_TIME)
		let_go(walk);
	if (!walk->holds && store_begin(walk->store, err) == -1)
		return -1;
	if (!walk->holds)
		walk->held_since = now;
	walk->holds = true;
	if (store_generation(walk->store) != walk->generation)
		return error_set(
		    err, ERROR_BUSY, "the index is being built anew");
	if (walk->search->is_gone != NULL &&
	    walk->search->is_gone(walk->search->context))
		return error_set(err, ERROR_BUSY, "the client has gone");
	return 0;
}

/* A group while its rows come by. */
struct gathering {
	roaring_bitmap_t *bits;
	uint64_t first;
};

static void
on_row(void *context, const struct search_row *row)
{
	struct gathering *gathering = context;

	roaring_bitmap_add(
	    gathering->bits, (uint32_t)(row->seq - gathering->first));
}

int
search_walk_next(
    struct search_walk *walk, struct search_group *ret_group, struct error *err)
{
	uint64_t count = 0, first;
	struct gathering gathering;

	do {
		uint64_t from;

		if (walk->next < walk->plan->first || walk->next == 0) {
			let_go(walk);
			return 0;
		}
		if (hold(walk, err) == -1)
			return -1;
		first = walk->next - walk->next % GROUP;
		from = first > walk->plan->first ? first : walk->plan->first;
		if (walk->bits == NULL)
			walk->bits = roaring_bitmap_create();
		roaring_bitmap_clear(walk->bits);
		gathering = (struct gathering){ walk->bits, first };
		if (search_rows_each(walk->store, walk->plan, from, walk->next,
			on_row, &gathering, err) == -1)
			return -1;
		walk->next = first == 0 ? 0 : first - 1;
		count = roaring_bitmap_get_cardinality(walk->bits);
	} while (count == 0);
	*ret_group = (struct search_group){ first, count, walk->bits };
	return 1;
}
