/* The entries that a plan means, row by row: of the tail, which is in no block
 * yet. For lib/store alone; within a snapshot. */
#ifndef STORE_SEARCH_ROWS_H
#define STORE_SEARCH_ROWS_H

#include "store/search_plan.h"

typedef void (*search_on_row)(void *context, const struct search_row *row);

/* Those of the seqs from..to, in falling order. */
int search_rows_each(struct store *store, const struct search_plan *plan,
    uint64_t from, uint64_t to, search_on_row on_row, void *context,
    struct error *err);

#endif
