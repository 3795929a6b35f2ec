#include "store/search.h"

#include "base/memory.h"
#include "sql/search.h"
#include "store/search_block.h"
#include "store/search_walk.h"

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

/* A block of which something is meant. */
struct piece {
	struct segment_block block;
	roaring_bitmap_t *bits; /* NULL: all of it */
};

struct pieces {
	struct piece *pieces; /* falling by first */
	size_t count, capacity;
};

struct summing {
	struct store *store;
	struct arena *arena;
	struct search_stats stats;
	struct pieces sealed, recent;
	/* Of the tail. */
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

	stats->by_actor_type[row->values[SEGMENT_ACTOR_TYPE]]++;
	stats->by_status[row->values[SEGMENT_STATUS]]++;
	stats->by_tier[row->values[SEGMENT_TIER]]++;
	stats->by_source[row->values[SEGMENT_SOURCE]]++;
	count(&summing->actors, row->values[SEGMENT_ACTOR], 1);
	count(&summing->capabilities, row->values[SEGMENT_CAPABILITY], 1);
}

/* --- blocks ----------------------------------------------------------------
 *
 * First which entries of which blocks are meant, then value by value how many
 * of them have it: the counts and bits of a value lie together in the index. */

static int
add_piece(struct summing *summing, struct search_walk *walk,
    const struct search_group *group, struct error *err)
{
	struct pieces *pieces = group->block->size == SEGMENT_RECENT
				    ? &summing->recent
				    : &summing->sealed;
	struct piece piece = { .block = *group->block };
	const roaring_bitmap_t *bits;

	if (!group->is_all) {
		if (search_walk_bits(walk, &bits, err) == -1)
			return -1;
		piece.bits = roaring_bitmap_copy(bits);
	}
	pieces->pieces = memory_grow(pieces->pieces, &pieces->capacity,
	    pieces->count + 1, sizeof(*pieces->pieces));
	pieces->pieces[pieces->count++] = piece;
	return 0;
}

static void
free_pieces(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		if (pieces->pieces[i].bits != NULL)
			roaring_bitmap_free(pieces->pieces[i].bits);
	free(pieces->pieces);
}

static int
gather_pieces(struct summing *summing, const struct search *search,
    const struct search_plan *plan, struct error *err)
{
	struct search_walk *walk =
	    search_walk_new(summing->store, search, plan);
	struct search_group group;
	int result;

	while ((result = search_walk_next(walk, &group, err)) == 1) {
		summing->stats.total += group.count;
		result = group.block == NULL
			     ? search_walk_rows(walk, on_row, summing, err)
			     : add_piece(summing, walk, &group, err);
		if (result == -1)
			break;
	}
	search_walk_free(walk);
	return result;
}

static const struct piece *
find_piece(const struct pieces *pieces, uint64_t first)
{
	size_t low = 0, high = pieces->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pieces->pieces[middle].block.first > first)
			low = middle + 1;
		else
			high = middle;
	}
	return low < pieces->count && pieces->pieces[low].block.first == first
		   ? &pieces->pieces[low]
		   : NULL;
}

static int
sum_piece(struct summing *summing, const struct piece *piece,
    enum segment_dimension dimension, uint32_t value, uint64_t count,
    uint64_t *sum, struct error *err)
{
	roaring_bitmap_t *bits;

	if (piece->bits == NULL) {
		*sum += count;
		return 0;
	}
	if (search_block_value(summing->store, &piece->block, dimension, value,
		&bits, err) == -1)
		return -1;
	*sum += roaring_bitmap_and_cardinality(bits, piece->bits);
	roaring_bitmap_free(bits);
	return 0;
}

static int
sum_pieces(struct summing *summing, const struct pieces *pieces, int statement,
    enum segment_dimension dimension, uint32_t value, uint64_t *sum,
    struct error *err)
{
	const struct segment_block *oldest;
	struct statement rows;
	int result = 0;

	if (pieces->count == 0)
		return 0;
	oldest = &pieces->pieces[pieces->count - 1].block;
	rows = store_start(summing->store, STORE_SEARCH, statement);
	statement_bind_u64(&rows, 1,
	    segment_id(dimension, value, oldest->first, oldest->size));
	statement_bind_u64(&rows, 2,
	    segment_id(
		dimension, value, pieces->pieces[0].block.first, oldest->size));
	while (result == 0 && statement_next(&rows)) {
		const struct piece *piece = find_piece(pieces,
		    segment_first(statement_u64(&rows, 0), oldest->size));

		if (piece != NULL)
			result = sum_piece(summing, piece, dimension, value,
			    statement_u64(&rows, 1), sum, err);
	}
	if (result == -1) {
		struct error ignored;

		(void)statement_end(&rows, &ignored);
		return -1;
	}
	return statement_end(&rows, err);
}

/* Add to `sum` how many of the blocks' entries have a value. */
static int
sum_value(struct summing *summing, enum segment_dimension dimension,
    uint32_t value, uint64_t *sum, struct error *err)
{
	if (sum_pieces(summing, &summing->recent, SEARCH_RECENT_COUNTS,
		dimension, value, sum, err) == -1)
		return -1;
	return sum_pieces(summing, &summing->sealed, SEARCH_COUNTS, dimension,
	    value, sum, err);
}

static int
sum_choices(struct summing *summing, enum segment_dimension dimension,
    uint64_t *sums, uint32_t count, struct error *err)
{
	for (uint32_t value = 0; value < count; value++)
		if (sum_value(summing, dimension, value, &sums[value], err) ==
		    -1)
			return -1;
	return 0;
}

/* --- names -------------------------------------------------------------- */

/* The dictionary, passing by. */
struct naming {
	struct summing *summing;
	struct search_sums *sums;
	size_t capacity;
	enum entry_actor type; /* of the actors that are named */
	int result;
	struct error *err;
};

static bool
name_sum(struct naming *naming, enum segment_dimension dimension,
    const struct counts *tail, dictionary_id id, struct slice name)
{
	struct search_sums *sums = naming->sums;
	uint64_t sum = id == 0 ? 0 : count_of(tail, id);

	naming->result =
	    sum_value(naming->summing, dimension, id, &sum, naming->err);
	if (naming->result == -1)
		return false;
	if (sum == 0)
		return true;
	sums->sums = memory_grow(sums->sums, &naming->capacity, sums->count + 1,
	    sizeof(*sums->sums));
	sums->sums[sums->count++] = (struct search_sum){
		.name = arena_slice(naming->summing->arena, name),
		.count = sum,
	};
	return true;
}

static bool
on_capability(void *context, dictionary_id id, struct slice name)
{
	struct naming *naming = context;

	return name_sum(naming, SEGMENT_CAPABILITY,
	    &naming->summing->capabilities, id, name);
}

static bool
on_actor(
    void *context, dictionary_id id, enum entry_actor type, struct slice name)
{
	struct naming *naming = context;

	return type != naming->type || name_sum(naming, SEGMENT_ACTOR,
					   &naming->summing->actors, id, name);
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
name_actors(struct summing *summing, enum entry_actor type,
    struct search_sums *sums, struct error *err)
{
	struct naming naming = {
		.summing = summing, .sums = sums, .type = type, .err = err
	};
	int result = dictionary_actors(summing->store, on_actor, &naming, err);

	settle(sums, summing->arena);
	return result == -1 ? -1 : naming.result;
}

static int
name_capabilities(struct summing *summing, struct error *err)
{
	struct naming naming = { .summing = summing,
		.sums = &summing->stats.capabilities,
		.err = err };
	int result = dictionary_capabilities(
	    summing->store, on_capability, &naming, err);

	settle(naming.sums, summing->arena);
	return result == -1 ? -1 : naming.result;
}

static int
sum(struct summing *summing, const struct search *search, struct error *err)
{
	struct search_stats *stats = &summing->stats;
	struct search_plan plan = { 0 };

	if (search_plan_make(
		summing->store, search, summing->arena, &plan, err) == -1)
		return -1;
	stats->through_seq = plan.last;
	stats->generation = store_generation(summing->store);
	if (gather_pieces(summing, search, &plan, err) == -1 ||
	    sum_choices(summing, SEGMENT_ACTOR_TYPE, stats->by_actor_type,
		ENTRY_ACTORS, err) == -1 ||
	    sum_choices(summing, SEGMENT_STATUS, stats->by_status,
		ENTRY_STATUSES, err) == -1 ||
	    sum_choices(summing, SEGMENT_TIER, stats->by_tier, ENTRY_TIERS,
		err) == -1 ||
	    sum_choices(summing, SEGMENT_SOURCE, stats->by_source,
		ENTRY_SOURCES, err) == -1 ||
	    name_actors(summing, ENTRY_AGENT, &stats->agents, err) == -1 ||
	    name_actors(summing, ENTRY_USER, &stats->users, err) == -1)
		return -1;
	return name_capabilities(summing, err);
}

int
search_stats(struct store *store, const struct search *search,
    struct arena *arena, struct search_stats *ret_stats, struct error *err)
{
	struct summing summing = { .store = store, .arena = arena };
	int result;

	if (search->filter.needle.data != NULL ||
	    filter_has(&search->filter, FILTER_CALL_ID))
		return error_set_field(err, ERROR_INVALID,
		    search->filter.needle.data != NULL ? "q" : "call_id",
		    "sums are made without reading lines");
	if (store_begin(store, err) == -1)
		return -1;
	result = sum(&summing, search, err);
	store_end(store);
	free(summing.actors.places);
	free(summing.capabilities.places);
	free_pieces(&summing.sealed);
	free_pieces(&summing.recent);
	if (result == 0)
		*ret_stats = summing.stats;
	return result;
}
