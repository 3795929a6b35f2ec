#include "store/search.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "store/search_lines.h"
#include "store/search_walk.h"

#include <assert.h>

enum {
	/* Entries of one call_id that are looked at: more is somebody's joke,
	 * and answered by a lower bound. */
	CALLS = 65536,
};

DEFINE_CLEANUP(struct search_lines *, search_lines_free);

/* A page while it is filled. */
struct filling {
	struct store *store;
	const struct search *search;
	const struct search_plan *plan;
	struct search_walk *walk;
	struct search_lines *lines;
	struct search_page page;
	size_t passed;	 /* of the offset */
	usec_t deadline; /* CLOCK_MONOTONIC; 0: none */
	/* Entries that have a call_id that is not wanted: falling. */
	uint64_t *excluded;
	size_t excluded_count;
};

static bool
is_full(const struct filling *filling)
{
	return filling->page.count == filling->search->limit;
}

/* The page is all that is wanted, and there. */
static bool
is_done(const struct filling *filling)
{
	return filling->search->without_total && is_full(filling);
}

static bool
is_over(const struct filling *filling)
{
	return filling->deadline != 0 &&
	       clock_monotonic(&clock_system) >= filling->deadline;
}

static int
check_client(const struct filling *filling, struct error *err)
{
	const struct search *search = filling->search;

	if (search->is_gone != NULL && search->is_gone(search->context))
		return error_set(err, ERROR_BUSY, "the client has gone");
	return 0;
}

/* The page's places from `count` on, of which only the seqs are known. */
static int
find_places(struct filling *filling, size_t wanted, struct error *err)
{
	struct search_page *page = &filling->page;
	size_t found = wanted;

	/* Retention may have taken some just now. */
	if (store_find_all(
		filling->store, page->places + page->count, &found, err) == -1)
		return -1;
	page->count += found;
	if (is_done(filling))
		page->next_seq = page->places[page->count - 1].seq;
	return 0;
}

/* --- by the index alone ------------------------------------------------- */

/* What the group means, without what is excluded; the caller's to free. */
static int
read_bits(const struct filling *filling, const struct search_group *group,
    roaring_bitmap_t **ret_bits, struct error *err)
{
	const roaring_bitmap_t *meant;
	roaring_bitmap_t *bits;

	if (search_walk_bits(filling->walk, &meant, err) == -1)
		return -1;
	bits = roaring_bitmap_copy(meant);
	for (size_t i = 0; i < filling->excluded_count; i++)
		if (filling->excluded[i] >= group->first &&
		    filling->excluded[i] - group->first <= UINT32_MAX)
			roaring_bitmap_remove(bits,
			    (uint32_t)(filling->excluded[i] - group->first));
	*ret_bits = bits;
	return 0;
}

/* Stand at the newest of `bits` that the offset does not pass over. */
static bool
stand_behind_offset(struct filling *filling, const roaring_bitmap_t *bits,
    uint64_t count, roaring_uint32_iterator_t *ret_at)
{
	uint64_t to_pass = filling->search->offset - filling->passed;
	uint32_t newest;

	if (to_pass >= count) {
		filling->passed += count;
		return false;
	}
	filling->passed += to_pass;
	roaring_init_iterator(bits, ret_at);
	return roaring_bitmap_select(
		   bits, (uint32_t)(count - 1 - to_pass), &newest) &&
	       roaring_move_uint32_iterator_equalorlarger(ret_at, newest);
}

/* The newest of a group onto the page; `bits` are what is meant of it. */
static int
take_bits(struct filling *filling, const roaring_bitmap_t *bits, uint64_t first,
    struct error *err)
{
	struct search_page *page = &filling->page;
	uint64_t count = roaring_bitmap_get_cardinality(bits);
	roaring_uint32_iterator_t at;

	page->total += count;
	if (is_full(filling) || !stand_behind_offset(filling, bits, count, &at))
		return 0;
	while (at.has_value && !is_full(filling)) {
		size_t wanted = 0;

		for (; at.has_value &&
		       page->count + wanted < filling->search->limit;
		     roaring_previous_uint32_iterator(&at))
			page->places[page->count + wanted++].seq =
			    first + at.current_value;
		if (find_places(filling, wanted, err) == -1)
			return -1;
	}
	return 0;
}

static int
take_group(struct filling *filling, const struct search_group *group,
    struct error *err)
{
	size_t to_pass = filling->search->offset - filling->passed;
	const roaring_bitmap_t *meant;
	roaring_bitmap_t *bits;
	int result;

	if (filling->excluded_count > 0) {
		if (read_bits(filling, group, &bits, err) == -1)
			return -1;
		result = take_bits(filling, bits, group->first, err);
		roaring_bitmap_free(bits);
		return result;
	}
	/* Mostly the count is all that is needed. */
	if (is_full(filling) || to_pass >= group->count) {
		filling->page.total += group->count;
		if (!is_full(filling))
			filling->passed += group->count;
		return 0;
	}
	if (search_walk_bits(filling->walk, &meant, err) == -1)
		return -1;
	return take_bits(filling, meant, group->first, err);
}

static int
fill_by_index(struct filling *filling, struct error *err)
{
	struct search_group group;
	int result;

	while ((result = search_walk_next(filling->walk, &group, err)) == 1) {
		if (take_group(filling, &group, err) == -1)
			return -1;
		if (is_done(filling))
			return 0;
	}
	return result;
}

/* --- by lines ----------------------------------------------------------- */

/* The seqs of a group, rising; free() them. */
static int
read_seqs(const struct filling *filling, const struct search_group *group,
    uint64_t **ret_seqs, size_t *ret_count, struct error *err)
{
	cleanup(cleanup_free) uint32_t *positions = NULL;
	roaring_bitmap_t *bits;
	uint64_t *seqs;
	size_t count;

	if (read_bits(filling, group, &bits, err) == -1)
		return -1;
	count = roaring_bitmap_get_cardinality(bits);
	positions = memory_new(memory_product(count + 1, sizeof(*positions)));
	roaring_bitmap_to_uint32_array(bits, positions);
	roaring_bitmap_free(bits);
	seqs = memory_new(memory_product(count + 1, sizeof(*seqs)));
	for (size_t i = 0; i < count; i++)
		seqs[i] = group->first + positions[i];
	*ret_seqs = seqs;
	*ret_count = count;
	return 0;
}

/* The newest of `count` rising seqs onto the page. */
static int
take_seqs(struct filling *filling, const uint64_t *seqs, size_t count,
    struct error *err)
{
	struct search_page *page = &filling->page;

	page->total += count;
	while (count > 0 && !is_full(filling)) {
		size_t wanted = 0;

		for (; count > 0 && filling->passed < filling->search->offset;
		     count--)
			filling->passed++;
		for (;
		     count > 0 && page->count + wanted < filling->search->limit;
		     count--)
			page->places[page->count + wanted++].seq =
			    seqs[count - 1];
		if (find_places(filling, wanted, err) == -1)
			return -1;
	}
	return 0;
}

/* How many of the last of `count` rising seqs make a piece. */
static size_t
last_piece(const uint64_t *seqs, size_t count)
{
	uint64_t first = seqs[count - 1] - seqs[count - 1] % SEARCH_PIECE;
	size_t piece = 1;

	while (piece < count && seqs[count - 1 - piece] >= first)
		piece++;
	return piece;
}

/* 1: all was looked at; 0: time is over, or the page is there, and `next_seq`
 * says where to go on; -1. */
static int
sift_seqs(
    struct filling *filling, uint64_t *seqs, size_t count, struct error *err)
{
	while (count > 0) {
		size_t piece = last_piece(seqs, count), kept;
		uint64_t first = seqs[count - piece];

		count -= piece;
		if (check_client(filling, err) == -1 ||
		    search_lines_sift(filling->lines, seqs + count, piece,
			&kept, err) == -1 ||
		    take_seqs(filling, seqs + count, kept, err) == -1)
			return -1;
		if (is_done(filling))
			return 0;
		if (is_over(filling)) {
			filling->page.next_seq = first;
			return 0;
		}
	}
	return 1;
}

static int
fill_by_scan(struct filling *filling, struct error *err)
{
	struct search_group group;
	int result;

	while ((result = search_walk_next(filling->walk, &group, err)) == 1) {
		cleanup(cleanup_free) uint64_t *seqs = NULL;
		size_t count;

		if (read_seqs(filling, &group, &seqs, &count, err) == -1)
			return -1;
		search_walk_rest(filling->walk);
		result = sift_seqs(filling, seqs, count, err);
		if (result != 1)
			return result;
	}
	return result;
}

/* The calls are few, and their lines say all there is to say. */
static int
fill_by_calls(struct filling *filling, struct error *err)
{
	const struct search_plan *plan = filling->plan;
	cleanup(cleanup_free) uint64_t *seqs = NULL;
	size_t count;
	int result;

	if (plan->is_empty)
		return 0;
	if (store_begin(filling->store, err) == -1)
		return -1;
	result = search_lines_calls(filling->lines, false, plan->first,
	    plan->last, CALLS, &seqs, &count, err);
	store_end(filling->store);
	if (result == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		bool matches;

		if (check_client(filling, err) == -1 ||
		    search_lines_match(
			filling->lines, seqs[i], &matches, err) == -1 ||
		    (matches && take_seqs(filling, &seqs[i], 1, err) == -1))
			return -1;
		if (is_done(filling))
			return 0;
		if (is_over(filling) || (i + 1 == count && count == CALLS)) {
			filling->page.next_seq = seqs[i];
			return 0;
		}
	}
	return 0;
}

/* Find the entries whose call_id is not wanted: their lines are looked at, and
 * all others need not be, unless there are too many. */
static int
exclude_calls(
    struct filling *filling, bool *ret_are_too_many, struct error *err)
{
	const struct search_plan *plan = filling->plan;
	struct filter others = { .to = CLOCK_MAX + 1,
		.lists[FILTER_CALL_ID] =
		    filling->search->filter.lists[FILTER_CALL_ID] };
	cleanup(search_lines_freep) struct search_lines *lines =
	    search_lines_new(filling->store, &others);
	size_t count, kept = 0;
	int result;

	if (store_begin(filling->store, err) == -1)
		return -1;
	result = search_lines_calls(lines, true, plan->first, plan->last, CALLS,
	    &filling->excluded, &count, err);
	store_end(filling->store);
	for (size_t i = 0; result == 0 && i < count; i++) {
		bool is_other = true;

		result = search_lines_match(
		    lines, filling->excluded[i], &is_other, err);
		if (!is_other)
			filling->excluded[kept++] = filling->excluded[i];
	}
	filling->excluded_count = kept;
	*ret_are_too_many = result == 0 && count == CALLS;
	return result;
}

static int
fill_without_calls(struct filling *filling, struct error *err)
{
	bool are_too_many = false;

	if (!filling->plan->is_empty &&
	    exclude_calls(filling, &are_too_many, err) == -1)
		return -1;
	return are_too_many ? fill_by_scan(filling, err)
			    : fill_by_index(filling, err);
}

/* --- the page ----------------------------------------------------------- */

static bool
has_wanted_calls(const struct filter *filter)
{
	const struct filter_list *list = &filter->lists[FILTER_CALL_ID];

	for (size_t i = 0; i < list->count; i++)
		if (!list->values[i].is_negative)
			return true;
	return false;
}

static int
fill(struct filling *filling, struct error *err)
{
	const struct filter *filter = &filling->search->filter;
	int result;

	filling->lines = search_lines_new(filling->store, filter);
	if (filter_has(filter, FILTER_CALL_ID))
		search_walk_rest(filling->walk); /* lines come first */
	if (has_wanted_calls(filter))
		result = fill_by_calls(filling, err);
	else if (filter->needle.data != NULL)
		result = fill_by_scan(filling, err);
	else if (filter_has(filter, FILTER_CALL_ID))
		result = fill_without_calls(filling, err);
	else
		result = fill_by_index(filling, err);
	search_lines_free(filling->lines);
	free(filling->excluded);
	return result;
}

int
search_page(struct store *store, const struct search *search,
    struct arena *arena, struct search_page *ret_page, struct error *err)
{
	struct search_plan plan = { 0 };
	struct filling filling = {
		.store = store, .search = search, .plan = &plan
	};
	int result;

	assert(search->limit <= SEARCH_LIMIT);
	if (search->time_limit != 0)
		filling.deadline =
		    clock_monotonic(&clock_system) + search->time_limit;
	if (check_client(&filling, err) == -1 || store_begin(store, err) == -1)
		return -1;
	result = search_plan_make(store, search, arena, &plan, err);
	filling.page.through_seq = plan.last;
	filling.page.generation = store_generation(store);
	filling.page.places =
	    arena_array(arena, search->limit, sizeof(struct store_place));
	if (result == 0)
		filling.walk = search_walk_new(store, search, &plan);
	store_end(store); /* the walk keeps it, for a while */
	if (result == 0)
		result = fill(&filling, err);
	search_walk_free(filling.walk);
	if (result == -1)
		return -1;
	filling.page.is_exact = filling.page.next_seq == 0;
	*ret_page = filling.page;
	return 0;
}

/* Who reads a page. */
struct page_reading {
	const struct filter *filter;
	store_on_line on_line;
	void *context;
};

static void
read_line(void *context, const struct store_place *place,
    const struct entry *entry, struct slice line)
{
	const struct page_reading *reading = context;

	if (filter_matches_head(reading->filter, entry))
		reading->on_line(reading->context, place, entry, line);
}

int
search_read(struct store *store, const struct filter *filter,
    const struct search_page *page, store_on_line on_line, void *context,
    struct error *err)
{
	struct page_reading reading = { filter, on_line, context };

	return store_read_all(
	    store, page->places, page->count, read_line, &reading, err);
}
