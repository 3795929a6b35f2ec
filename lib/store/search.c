#include "store/search.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "log/scan.h"
#include "store/search_walk.h"

#include <assert.h>

DEFINE_CLEANUP(struct search_walk *, search_walk_free);

/* A page while it is filled. */
struct filling {
	struct store *store;
	const struct search *search;
	struct arena *arena;
	struct search_page page;
	size_t passed;	 /* of the offset */
	usec_t deadline; /* CLOCK_MONOTONIC; 0: none */
	bool reads_lines;
	struct buf line;
};

static bool
is_full(const struct filling *filling)
{
	return filling->page.count == filling->search->limit;
}

static int
add_place(struct filling *filling, uint64_t seq, struct error *err)
{
	struct search_page *page = &filling->page;

	if (filling->passed < filling->search->offset) {
		filling->passed++;
		return 0;
	}
	if (is_full(filling))
		return 0;
	if (store_find(filling->store, seq, &page->places[page->count], err) ==
	    -1) {
		/* Retention may have taken it just now. */
		return err->code == ERROR_NOT_FOUND ? 0 : -1;
	}
	page->count++;
	return 0;
}

/* The seqs of a group, newest first. */
struct seqs {
	uint32_t *positions; /* rising */
	uint64_t first;
	uint64_t left; /* of the positions */
};

static int
read_seqs(struct search_walk *walk, const struct search_group *group,
    struct seqs *seqs, struct error *err)
{
	const roaring_bitmap_t *bits;

	if (search_walk_bits(walk, &bits, err) == -1)
		return -1;
	seqs->first = group->first;
	seqs->left = roaring_bitmap_get_cardinality(bits);
	seqs->positions = memory_new(
	    memory_product(seqs->left + 1, sizeof(*seqs->positions)));
	roaring_bitmap_to_uint32_array(bits, seqs->positions);
	return 0;
}

static uint64_t
next_seq(struct seqs *seqs)
{
	return seqs->first + seqs->positions[--seqs->left];
}

/* Only the bits count, and the places of those on the page. */
static int
take_bits(struct filling *filling, struct search_walk *walk,
    const struct search_group *group, struct error *err)
{
	size_t to_pass = filling->search->offset - filling->passed;
	struct seqs seqs;
	uint64_t seq = 0;

	filling->page.total += group->count;
	if (is_full(filling))
		return 0;
	if (to_pass >= group->count) {
		filling->passed += group->count;
		return 0;
	}
	if (read_seqs(walk, group, &seqs, err) == -1)
		return -1;
	while (seqs.left > 0 && !is_full(filling)) {
		seq = next_seq(&seqs);
		if (add_place(filling, seq, err) == -1) {
			free(seqs.positions);
			return -1;
		}
	}
	if (is_full(filling) && filling->search->without_total)
		filling->page.next_seq = seq;
	free(seqs.positions);
	return 0;
}

static bool
is_over(struct filling *filling)
{
	return filling->deadline != 0 &&
	       clock_monotonic(&clock_system) >= filling->deadline;
}

/* Does the line say what the index cannot? */
static int
line_matches(
    struct filling *filling, uint64_t seq, bool *ret_matches, struct error *err)
{
	struct store_place place;
	struct entry entry;

	buf_reset(&filling->line);
	if (store_find(filling->store, seq, &place, err) == -1 ||
	    store_read(filling->store, &place, &filling->line, &entry, &place,
		err) == -1) {
		*ret_matches = false;
		/* Damaged lines match nothing; those gone neither. */
		return err->code == ERROR_NOT_FOUND ||
			       err->code == ERROR_CORRUPT
			   ? 0
			   : -1;
	}
	*ret_matches = filter_matches(
	    &filling->search->filter, &entry, buf_slice(&filling->line));
	return 0;
}

/* 1: all of the group was looked at; 0: time is over, or the page is all that
 * was wanted, and `next_seq` says where to go on; -1. */
static int
take_lines(struct filling *filling, struct search_walk *walk,
    const struct search_group *group, struct error *err)
{
	cleanup(cleanup_free) uint32_t *positions = NULL;
	struct seqs seqs;

	if (read_seqs(walk, group, &seqs, err) == -1)
		return -1;
	positions = seqs.positions;
	search_walk_rest(walk);
	while (seqs.left > 0) {
		uint64_t seq = next_seq(&seqs);
		bool matches;

		if (line_matches(filling, seq, &matches, err) == -1)
			return -1;
		if (matches) {
			filling->page.total++;
			if (add_place(filling, seq, err) == -1)
				return -1;
		}
		if (is_over(filling) ||
		    (filling->search->without_total && is_full(filling))) {
			filling->page.next_seq = seq;
			return 0;
		}
	}
	return 1;
}

static int
fill(struct filling *filling, const struct search_plan *plan, struct error *err)
{
	const struct search *search = filling->search;
	cleanup(search_walk_freep) struct search_walk *walk =
	    search_walk_new(filling->store, search, plan);
	struct search_group group;
	int result;

	while ((result = search_walk_next(walk, &group, err)) == 1) {
		if (filling->reads_lines) {
			result = take_lines(filling, walk, &group, err);
			if (result != 1)
				return result;
		} else if (take_bits(filling, walk, &group, err) == -1) {
			return -1;
		}
		if (search->without_total && is_full(filling))
			return 0;
	}
	return result;
}

int
search_page(struct store *store, const struct search *search,
    struct arena *arena, struct search_page *ret_page, struct error *err)
{
	struct filling filling = {
		.store = store,
		.search = search,
		.arena = arena,
		.line = BUF_INIT,
		.reads_lines = search->filter.needle.data != NULL ||
			       filter_has(&search->filter, FILTER_CALL_ID),
	};
	struct search_plan plan = { 0 };
	int result;

	assert(search->limit <= SEARCH_LIMIT);
	if (search->time_limit != 0)
		filling.deadline =
		    clock_monotonic(&clock_system) + search->time_limit;
	if (store_begin(store, err) == -1)
		return -1;
	result = search_plan_make(store, search, arena, &plan, err);
	filling.page.through_seq = plan.last;
	filling.page.generation = store_generation(store);
	filling.page.places =
	    arena_array(arena, search->limit, sizeof(struct store_place));
	store_end(store); /* the walk has snapshots of its own */
	if (result == 0)
		result = fill(&filling, &plan, err);
	buf_free(&filling.line);
	if (result == -1)
		return -1;
	filling.page.is_exact = filling.page.next_seq == 0;
	*ret_page = filling.page;
	return 0;
}
