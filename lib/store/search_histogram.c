#include "store/search.h"

#include "store/search_block.h"
#include "store/search_walk.h"

/* A histogram while it is counted. */
struct counting {
	struct store *store;
	struct search_histogram histogram;
};

/* The entries of a block that are meant, by status. */
struct statuses {
	roaring_bitmap_t *bits[ENTRY_STATUSES];
};

/* Every bucket of the range, empty. */
static int
make_buckets(const struct search *search, usec_t width, struct arena *arena,
    struct search_histogram *histogram, struct error *err)
{
	const struct filter *filter = &search->filter;
	usec_t from, count;

	if (width == 0 || width % USEC_PER_MSEC != 0 ||
	    filter->from >= filter->to)
		return error_set_field(err, ERROR_INVALID, "width",
		    "width: no whole milliseconds, or no time to count");
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

/* Index of the bucket of a time. A damaged row may say anything. */
static size_t
bucket_of(const struct search_histogram *histogram, usec_t time)
{
	usec_t begin = histogram->buckets[0].from;
	usec_t index = time < begin ? 0 : (time - begin) / histogram->width;

	return index < histogram->count ? (size_t)index : histogram->count - 1;
}

static void
on_row(void *context, const struct search_row *row)
{
	struct counting *counting = context;
	struct search_histogram *histogram = &counting->histogram;

	histogram->buckets[bucket_of(histogram, row->time)]
	    .by_status[row->values[SEGMENT_STATUS]]++;
}

/* --- a block ------------------------------------------------------------ */

static bool
is_in_one_bucket(struct counting *counting, const struct segment_block *block)
{
	usec_t width = counting->histogram.width;

	return block->min_time / width == block->max_time / width;
}

/* Its counts are those of the bucket. */
static int
count_whole(struct counting *counting, const struct segment_block *block,
    struct error *err)
{
	struct search_histogram *histogram = &counting->histogram;
	struct search_bucket *bucket =
	    &histogram->buckets[bucket_of(histogram, block->min_time)];

	for (uint32_t status = 0; status < ENTRY_STATUSES; status++) {
		uint64_t count;

		if (search_block_count(counting->store, block, SEGMENT_STATUS,
			status, &count, err) == -1)
			return -1;
		bucket->by_status[status] += count;
	}
	return 0;
}

static void
free_statuses(struct statuses *statuses)
{
	for (int i = 0; i < ENTRY_STATUSES; i++)
		if (statuses->bits[i] != NULL)
			roaring_bitmap_free(statuses->bits[i]);
}

/* `bits` NULL: all of the block is meant. */
static int
read_statuses(struct counting *counting, const struct segment_block *block,
    const roaring_bitmap_t *bits, struct statuses *statuses, struct error *err)
{
	for (uint32_t status = 0; status < ENTRY_STATUSES; status++) {
		if (search_block_value(counting->store, block, SEGMENT_STATUS,
			status, &statuses->bits[status], err) == -1)
			return -1;
		if (bits != NULL)
			roaring_bitmap_and_inplace(
			    statuses->bits[status], bits);
	}
	return 0;
}

static void
count_run(struct search_bucket *bucket, const struct statuses *statuses,
    size_t from, size_t to)
{
	for (int i = 0; i < ENTRY_STATUSES; i++)
		bucket->by_status[i] += roaring_bitmap_range_cardinality(
		    statuses->bits[i], from, to);
}

/* Entries lie mostly in order: neighbours of one bucket are counted at once.
 */
static void
count_runs(struct search_histogram *histogram,
    const struct segment_times *times, const struct statuses *statuses)
{
	usec_t low = 1, high = 0; /* of the run, in milliseconds: none */
	size_t from = 0, bucket = 0;

	for (size_t i = 0; i <= times->count; i++) {
		usec_t time = i == times->count ? SEGMENT_NO_TIME
						: segment_time(times, i);

		if (time >= low && time < high)
			continue;
		if (low < high)
			count_run(
			    &histogram->buckets[bucket], statuses, from, i);
		from = i;
		if (time == SEGMENT_NO_TIME) {
			low = 1;
			high = 0;
			continue;
		}
		bucket = bucket_of(histogram, time * USEC_PER_MSEC);
		low = histogram->buckets[bucket].from / USEC_PER_MSEC;
		high = low + histogram->width / USEC_PER_MSEC;
		/* Outside of all buckets, so not meant either. */
		if (time < low || time >= high) {
			low = time;
			high = time + 1;
		}
	}
}

static int
count_by_times(struct counting *counting, const struct segment_block *block,
    const roaring_bitmap_t *bits, struct error *err)
{
	struct statuses statuses = { { NULL } };
	struct segment_times times;
	int result = read_statuses(counting, block, bits, &statuses, err);

	if (result == 0)
		result =
		    search_block_times(counting->store, block, &times, err);
	if (result == 0)
		count_runs(&counting->histogram, &times, &statuses);
	free_statuses(&statuses);
	return result;
}

static int
count_group(struct counting *counting, struct search_walk *walk,
    const struct search_group *group, struct error *err)
{
	const roaring_bitmap_t *bits = NULL;

	if (group->block == NULL)
		return search_walk_rows(walk, on_row, counting, err);
	if (group->is_all && is_in_one_bucket(counting, group->block))
		return count_whole(counting, group->block, err);
	if (!group->is_all && search_walk_bits(walk, &bits, err) == -1)
		return -1;
	return count_by_times(counting, group->block, bits, err);
}

/* --- the whole ---------------------------------------------------------- */

static bool
is_status_meant(const struct filter_list *list, int status)
{
	bool has_positive = false, is_named = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct filter_value *value = &list->values[i];

		if (value->is_negative && value->choice == status)
			return false;
		has_positive |= !value->is_negative;
		is_named |= value->choice == status;
	}
	return !has_positive || is_named;
}

/* What of the counts is not meant. */
static void
leave_out(struct search_histogram *histogram, const struct filter_list *list)
{
	for (int status = 0; status < ENTRY_STATUSES; status++) {
		if (is_status_meant(list, status))
			continue;
		for (size_t i = 0; i < histogram->count; i++)
			histogram->buckets[i].by_status[status] = 0;
	}
}

static int
count(struct counting *counting, const struct search *search,
    struct arena *arena, struct error *err)
{
	struct search_plan plan = { 0 };
	struct search_group group;
	struct search_walk *walk;
	int result;

	if (search_plan_make(counting->store, search, arena, &plan, err) == -1)
		return -1;
	counting->histogram.through_seq = plan.last;
	counting->histogram.generation = store_generation(counting->store);
	walk = search_walk_new(counting->store, search, &plan);
	while ((result = search_walk_next(walk, &group, err)) == 1)
		if (count_group(counting, walk, &group, err) == -1) {
			result = -1;
			break;
		}
	search_walk_free(walk);
	return result;
}

int
search_histogram(struct store *store, const struct search *search, usec_t width,
    struct arena *arena, struct search_histogram *ret_histogram,
    struct error *err)
{
	struct counting counting = { .store = store };
	struct search all = *search;
	int result;

	if (search->filter.needle.data != NULL ||
	    filter_has(&search->filter, FILTER_CALL_ID))
		return error_set_field(err, ERROR_INVALID,
		    search->filter.needle.data != NULL ? "q" : "call_id",
		    "counts are made without reading lines");
	if (make_buckets(search, width, arena, &counting.histogram, err) ==
		-1 ||
	    store_begin(store, err) == -1)
		return -1;
	/* It is counted by status anyway: asked of the counts, those that are
	 * meant open no bitmaps. */
	all.filter.lists[FILTER_STATUS].count = 0;
	result = count(&counting, &all, arena, err);
	store_end(store);
	if (result == -1)
		return -1;
	leave_out(&counting.histogram, &search->filter.lists[FILTER_STATUS]);
	*ret_histogram = counting.histogram;
	return 0;
}
