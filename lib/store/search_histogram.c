#include "store/search.h"

#include "store/search_rows.h"

#include <assert.h>

static void
on_row(void *context, const struct search_row *row)
{
	struct search_histogram *histogram = context;
	size_t index = (size_t)((row->time - histogram->buckets[0].from) /
				histogram->width);

	histogram->buckets[index].by_status[row->values[SEGMENT_STATUS]]++;
}

/* Every bucket of the range, empty. */
static int
make_buckets(const struct search *search, usec_t width, struct arena *arena,
    struct search_histogram *histogram, struct error *err)
{
	const struct filter *filter = &search->filter;
	usec_t from, count;

	if (width == 0 || filter->from >= filter->to)
		return error_set_field(
		    err, ERROR_INVALID, "width", "width: no time is counted");
	from = filter->from - filter->from % width;
	count = (filter->to - from + width - 1) / width;
	if (count > SEARCH_BUCKETS)
		return error_set_field(err, ERROR_INVALID, "width",
		    "width: more than %d of them lie in the range",
		    SEARCH_BUCKETS);
	histogram->width = width;
	histogram->count = (size_t)count;
	histogram->buckets =
	    arena_array(arena, histogram->count, sizeof(*histogram->buckets));
	for (size_t i = 0; i < histogram->count; i++)
		histogram->buckets[i].from = from + i * width;
	return 0;
}

static int
count_entries(struct store *store, const struct search *search,
    struct arena *arena, struct search_histogram *histogram, struct error *err)
{
	struct search_plan plan = { 0 };

	if (search_plan_make(store, search, arena, &plan, err) == -1)
		return -1;
	histogram->through_seq = plan.last;
	histogram->generation = store_generation(store);
	if (plan.is_empty)
		return 0;
	return search_rows_each(
	    store, &plan, plan.first, plan.last, on_row, histogram, err);
}

int
search_histogram(struct store *store, const struct search *search, usec_t width,
    struct arena *arena, struct search_histogram *ret_histogram,
    struct error *err)
{
	struct search_histogram histogram = { 0 };
	int result;

	if (search->filter.needle.data != NULL ||
	    filter_has(&search->filter, FILTER_CALL_ID))
		return error_set_field(err, ERROR_INVALID,
		    search->filter.needle.data != NULL ? "q" : "call_id",
		    "counts are made without reading lines");
	if (make_buckets(search, width, arena, &histogram, err) == -1 ||
	    store_begin(store, err) == -1)
		return -1;
	result = count_entries(store, search, arena, &histogram, err);
	store_end(store);
	if (result == 0)
		*ret_histogram = histogram;
	return result;
}
