#include "store/search.h"

#include "base/memory.h"
#include "store/search_rows.h"

/* Counts of the values of one dimension, found by id: a table with open
 * addresses, at most half full. Ids are not indexes into an array, because a
 * damaged database may hold any. */
struct counts {
	struct {
		dictionary_id id; /* 0: free; nothing has that id */
		uint64_t count;
	} * places;
	size_t capacity; /* a power of two, or 0 */
	size_t used;
};

struct summing {
	struct search_stats stats;
	struct counts actors, capabilities;
};

static size_t
place_of(const struct counts *counts, dictionary_id id)
{
	size_t mask = counts->capacity - 1;
	size_t place = id * 0x9e3779b1u & mask;

	while (counts->places[place].id != id && counts->places[place].id != 0)
		place = (place + 1) & mask;
	return place;
}

static void
widen(struct counts *counts)
{
	struct counts wider = { .capacity = counts->capacity * 2,
		.used = counts->used };

	if (wider.capacity == 0)
		wider.capacity = 64;
	wider.places =
	    memory_new(memory_product(wider.capacity, sizeof(*wider.places)));
	for (size_t i = 0; i < counts->capacity; i++)
		if (counts->places[i].id != 0)
			wider.places[place_of(&wider, counts->places[i].id)] =
			    counts->places[i];
	free(counts->places);
	*counts = wider;
}

static void
count(struct counts *counts, dictionary_id id, uint64_t by)
{
	size_t place;

	if (2 * counts->used >= counts->capacity)
		widen(counts);
	place = place_of(counts, id);
	if (counts->places[place].id == 0 && id != 0) {
		counts->places[place].id = id;
		counts->used++;
	}
	counts->places[place].count += by;
}

static uint64_t
count_of(const struct counts *counts, dictionary_id id)
{
	return counts->capacity == 0
		   ? 0
		   : counts->places[place_of(counts, id)].count;
}

static void
on_row(void *context, const struct search_row *row)
{
	struct summing *summing = context;
	struct search_stats *stats = &summing->stats;

	stats->total++;
	stats->by_actor_type[row->values[SEGMENT_ACTOR_TYPE]]++;
	stats->by_status[row->values[SEGMENT_STATUS]]++;
	stats->by_tier[row->values[SEGMENT_TIER]]++;
	stats->by_source[row->values[SEGMENT_SOURCE]]++;
	count(&summing->actors, row->values[SEGMENT_ACTOR], 1);
	count(&summing->capabilities, row->values[SEGMENT_CAPABILITY], 1);
}

/* --- names -----------------------------------------------------------------
 */

struct naming {
	struct arena *arena;
	const struct counts *counts;
	struct search_sums *sums;
	size_t capacity;
	enum entry_actor type;
};

static void
name_sum(struct naming *naming, dictionary_id id, struct slice name)
{
	struct search_sums *sums = naming->sums;
	uint64_t found = count_of(naming->counts, id);

	if (id == 0 || found == 0)
		return;
	sums->sums = memory_grow(sums->sums, &naming->capacity, sums->count + 1,
	    sizeof(*sums->sums));
	sums->sums[sums->count++] =
	    (struct search_sum){ arena_slice(naming->arena, name), found };
}

static bool
on_capability(void *context, dictionary_id id, struct slice name)
{
	name_sum(context, id, name);
	return true;
}

static bool
on_actor(
    void *context, dictionary_id id, enum entry_actor type, struct slice name)
{
	struct naming *naming = context;

	if (type == naming->type)
		name_sum(naming, id, name);
	return true;
}

static int
by_count(const void *a, const void *b)
{
	const struct search_sum *left = a, *right = b;
	size_t len =
	    left->name.len < right->name.len ? left->name.len : right->name.len;
	int order;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	order = memcmp(left->name.data, right->name.data, len);
	return order != 0 ? order
			  : (left->name.len > right->name.len) -
				(left->name.len < right->name.len);
}

/* The largest sums go into the arena. */
static void
settle(struct search_sums *sums, struct arena *arena)
{
	struct search_sum *gathered = sums->sums;

	if (sums->count == 0)
		return;
	qsort(gathered, sums->count, sizeof(*gathered), by_count);
	if (sums->count > SEARCH_SUMS)
		sums->count = SEARCH_SUMS;
	sums->sums = arena_array(arena, sums->count, sizeof(*gathered));
	memcpy(sums->sums, gathered, sums->count * sizeof(*gathered));
	free(gathered);
}

static int
name_sums(struct store *store, struct summing *summing, struct arena *arena,
    struct error *err)
{
	struct search_stats *stats = &summing->stats;
	struct naming agents = { arena, &summing->actors, &stats->agents, 0,
		ENTRY_AGENT };
	struct naming users = { arena, &summing->actors, &stats->users, 0,
		ENTRY_USER };
	struct naming capabilities = { arena, &summing->capabilities,
		&stats->capabilities, 0, ENTRY_SYSTEM };
	int result = 0;

	if (dictionary_actors(store, on_actor, &agents, err) == -1 ||
	    dictionary_actors(store, on_actor, &users, err) == -1 ||
	    dictionary_capabilities(store, on_capability, &capabilities, err) ==
		-1)
		result = -1;
	settle(&stats->agents, arena);
	settle(&stats->users, arena);
	settle(&stats->capabilities, arena);
	return result;
}

static int
sum(struct store *store, const struct search *search, struct arena *arena,
    struct summing *summing, struct error *err)
{
	struct search_plan plan = { 0 };

	if (search_plan_make(store, search, arena, &plan, err) == -1)
		return -1;
	summing->stats.through_seq = plan.last;
	summing->stats.generation = store_generation(store);
	if (!plan.is_empty && search_rows_each(store, &plan, plan.first,
				  plan.last, on_row, summing, err) == -1)
		return -1;
	return name_sums(store, summing, arena, err);
}

int
search_stats(struct store *store, const struct search *search,
    struct arena *arena, struct search_stats *ret_stats, struct error *err)
{
	struct summing summing = { 0 };
	int result;

	if (search->filter.needle.data != NULL ||
	    filter_has(&search->filter, FILTER_CALL_ID))
		return error_set_field(err, ERROR_INVALID,
		    search->filter.needle.data != NULL ? "q" : "call_id",
		    "sums are made without reading lines");
	if (store_begin(store, err) == -1)
		return -1;
	result = sum(store, search, arena, &summing, err);
	store_end(store);
	free(summing.actors.places);
	free(summing.capabilities.places);
	if (result == 0)
		*ret_stats = summing.stats;
	return result;
}
