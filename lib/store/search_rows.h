/* Entries row by row: of the tail, which is in no block yet, and of blocks that
 * are damaged. For lib/store alone; within a snapshot. */
#ifndef STORE_SEARCH_ROWS_H
#define STORE_SEARCH_ROWS_H

#include "store/search_plan.h"

typedef void (*search_on_row)(void *context, const struct search_row *row);

/* Those of the seqs from..to, in falling order. */
int search_rows_each(struct store *store, const struct search_plan *plan,
    uint64_t from, uint64_t to, search_on_row on_row, void *context,
    struct error *err);

/* The rows that are in no block yet, in rising order: the store's, until the
 * next snapshot. Kept from one search to the next, so that only new ones are
 * read. */
int search_rows_tail(struct store *store, const struct search_row **ret_rows,
    size_t *ret_count, struct error *err);

#endif
