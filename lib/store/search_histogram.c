#include "store/search.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "store/search_chunk.h"
#include "store/search_walk.h"

/* A histogram while it is counted. */
struct counting {
	struct store *store;
	struct search_histogram histogram;
	/* The bucket counted into last: entries lie mostly in order. */
	struct search_bucket *bucket;
	usec_t from, to;	 /* of that bucket */
	unsigned char *statuses; /* of a block's positions */
	struct buf blob;
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

static struct search_bucket *
bucket_at(struct counting *counting, usec_t time)
{
	struct search_histogram *histogram = &counting->histogram;
	usec_t begin = histogram->buckets[0].from;
	size_t index;

	if (time >= counting->from && time < counting->to)
		return counting->bucket;
	/* A damaged row may say anything. */
	index = time < begin ? 0 : (size_t)((time - begin) / histogram->width);
	if (index >= histogram->count)
		index = histogram->count - 1;
	counting->bucket = &histogram->buckets[index];
	counting->from = counting->bucket->from;
	counting->to = counting->from + histogram->width;
	return counting->bucket;
}

static void
on_row(void *context, const struct search_row *row)
{
	bucket_at(context, row->time)->by_status[row->values[SEGMENT_STATUS]]++;
}

/* --- a block ---------------------------------------------------------------
 */

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
	struct search_bucket *bucket = bucket_at(counting, block->min_time);

	for (uint32_t status = 0; status < ENTRY_STATUSES; status++) {
		uint64_t count;

		if (search_chunk_value_count(counting->store, block,
			SEGMENT_STATUS, status, &count, err) == -1)
			return -1;
		bucket->by_status[status] += count;
	}
	return 0;
}

static bool
on_status(uint32_t position, void *statuses_and_status)
{
	unsigned char **next = statuses_and_status;

	next[0][position] = *next[1];
	return true;
}

/* The status of each position of a block. */
static int
read_statuses(struct counting *counting, const struct segment_block *block,
    struct error *err)
{
	for (unsigned status = 0; status < ENTRY_STATUSES; status++) {
		unsigned char byte = (unsigned char)status;
		unsigned char *context[] = { counting->statuses, &byte };
		roaring_bitmap_t *bits;

		if (search_chunk_value(counting->store, block, SEGMENT_STATUS,
			status, &bits, err) == -1)
			return -1;
		roaring_iterate(bits, on_status, context);
		roaring_bitmap_free(bits);
	}
	return 0;
}

static int
count_positions(struct counting *counting, const struct segment_block *block,
    const roaring_bitmap_t *bits, struct error *err)
{
	cleanup(cleanup_free) uint32_t *positions = NULL;
	uint64_t count = roaring_bitmap_get_cardinality(bits);
	struct segment_times times;

	if (read_statuses(counting, block, err) == -1 ||
	    search_chunk_times(
		counting->store, block, &counting->blob, &times, err) == -1)
		return -1;
	positions = memory_new(memory_product(count + 1, sizeof(*positions)));
	roaring_bitmap_to_uint32_array(bits, positions);
	for (uint64_t i = 0; i < count; i++) {
		usec_t time;

		if (positions[i] >= times.count)
			break;
		time = segment_time(&times, positions[i]);
		if (time != SEGMENT_NO_TIME)
			bucket_at(counting, time * USEC_PER_MSEC)
			    ->by_status[counting->statuses[positions[i]]]++;
	}
	return 0;
}

static int
count_group(struct counting *counting, struct search_walk *walk,
    const struct search_group *group, struct error *err)
{
	const roaring_bitmap_t *bits;

	if (group->block == NULL)
		return search_walk_rows(walk, on_row, counting, err);
	if (group->is_all && is_in_one_bucket(counting, group->block))
		return count_whole(counting, group->block, err);
	if (search_walk_bits(walk, &bits, err) == -1)
		return -1;
	return count_positions(counting, group->block, bits, err);
}

/* ---------------------------------------------------------------------------
 */

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
	struct counting counting = { .store = store, .blob = BUF_INIT };
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
	counting.statuses = memory_new(SEGMENT_BLOCK);
	result = count(&counting, search, arena, err);
	store_end(store);
	free(counting.statuses);
	buf_free(&counting.blob);
	if (result == 0)
		*ret_histogram = counting.histogram;
	return result;
}
