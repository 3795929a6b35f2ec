/* A filter to a page, a total, sums and a histogram.
 *
 * Sealed blocks answer by their bitmaps (segment.h), the entries behind them
 * by their rows; a line of the log is read only for `call_id` and `q`. Order
 * is by seq, newest first; `from` and `to` of the filter are about `time`, so
 * entries that were imported late lie anywhere.
 *
 * Every call is its own snapshot and may end early: when its client has gone,
 * and, where lines have to be read, when its time is over. Then the total is a
 * lower bound and `next_seq` says where to go on. An export is a loop:
 *
 *	struct search search = { .filter = filter, .limit = 1000,
 *	    .without_total = true };
 *	do {
 *		search_page(store, &search, arena, &page, err);
 *		… page.places …
 *		search.before_seq = page.next_seq;
 *	} while (page.next_seq != 0);
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "base/arena.h"
#include "log/filter.h"
#include "store/store.h"

enum {
	SEARCH_LIMIT = 10000,  /* places in one page */
	SEARCH_BUCKETS = 2000, /* of one histogram */
	SEARCH_SUMS = 1000,    /* the largest, of each kind */
};

struct search {
	struct filter filter;
	uint64_t after_seq;   /* only entries behind this one; 0: all */
	uint64_t before_seq;  /* only entries before this one; 0: all */
	uint64_t through_seq; /* this one and those before it; 0: all */
	size_t offset;	      /* matches to pass over */
	size_t limit;	      /* 0: the total alone */
	bool without_total;   /* stop when the page is full */

	/* How long lines may be read (CLOCK_MONOTONIC passes); 0: as long as
	 * it takes. */
	usec_t time_limit;
	/* Asked now and then: has the client gone? May be NULL. */
	bool (*is_gone)(void *context);
	void *context;
};

struct search_page {
	struct store_place *places; /* newest first; in the arena */
	size_t count;
	uint64_t total;	   /* of all matches, whatever offset and limit */
	bool is_exact;	   /* else there are at least `total` */
	uint64_t next_seq; /* more may follow: the next before_seq; 0: none */
	uint64_t through_seq; /* the newest entry that was looked at */
	uint64_t generation;  /* of the index */
};

/* -1: ERROR_UNREACHABLE, ERROR_CORRUPT, ERROR_SYSTEM (of the store), or
 * ERROR_BUSY: the client has gone. */
int search_page(struct store *store, const struct search *search,
    struct arena *arena, struct search_page *ret_page, struct error *err);

/* The lines of a page that was found by `filter`, in its order, as
 * store_read_all() gives them. A row of a damaged index may name an entry that
 * was not asked for: that is left out. */
int search_read(struct store *store, const struct filter *filter,
    const struct search_page *page, store_on_line on_line, void *context,
    struct error *err);

/* Does it take long to find out which capabilities the globs of `filter` name?
 * An agent may have invented as many as it likes. */
bool search_has_long_globs(struct store *store, const struct filter *filter);

struct search_sum {
	struct slice name; /* in the arena */
	uint64_t count;
};

struct search_sums { /* the largest first */
	struct search_sum *sums;
	size_t count;
};

struct search_stats {
	uint64_t total;
	uint64_t by_actor_type[ENTRY_ACTORS];
	uint64_t by_status[ENTRY_STATUSES];
	uint64_t by_tier[ENTRY_TIERS];
	uint64_t by_source[ENTRY_SOURCES];
	struct search_sums agents, users, capabilities;
	uint64_t through_seq;
	uint64_t generation;
};

/* Sums over what the filter leaves. A filter with `q` or `call_id`, for which
 * lines would be read, is an ERROR_INVALID that names it; offset, limit,
 * without_total say nothing here. */
int search_stats(struct store *store, const struct search *search,
    struct arena *arena, struct search_stats *ret_stats, struct error *err);

struct search_bucket {
	usec_t from; /* to the next one's */
	uint64_t by_status[ENTRY_STATUSES];
};

struct search_histogram {
	struct search_bucket *buckets; /* every one, the empty too */
	size_t count;
	usec_t width;
	uint64_t through_seq;
	uint64_t generation;
};

/* Counts over time in buckets of `width`, whole milliseconds, the first
 * beginning at `from` rounded down to a multiple of it. The filter's from and
 * to are given and at most SEARCH_BUCKETS apart, else ERROR_INVALID (err->field
 * "width"); `q` and `call_id` are one, too. */
int search_histogram(struct store *store, const struct search *search,
    usec_t width, struct arena *arena, struct search_histogram *ret_histogram,
    struct error *err);

#endif
