/* What only the lines of the log can tell: call_id, and `q`. For lib/store
 * alone.
 *
 * Where many neighbours are asked about, their stretch of the file is scanned
 * as it lies there, without a look at the index; few are read one by one. Each
 * call is a snapshot of its own, as short as can be.
 */
#ifndef STORE_SEARCH_LINES_H
#define STORE_SEARCH_LINES_H

#include "store/search_plan.h"

enum { SEARCH_PIECE = 4096 }; /* neighbours that are asked about at once */

struct search_lines;

/* `store` and `filter` stay the caller's and outlive it. */
struct search_lines *
search_lines_new(struct store *store, const struct filter *filter);
void search_lines_free(struct search_lines *lines);

/* Does the line of one entry say what the filter asks for? A damaged line says
 * nothing; nor does one that retention has taken. */
int search_lines_match(struct search_lines *lines, uint64_t seq,
    bool *ret_matches, struct error *err);

/* The same for many, whose heads the index knows to match: `seqs` rise, and
 * lie within SEARCH_PIECE of each other. Those that match are put to the front
 * of `seqs`. */
int search_lines_sift(struct search_lines *lines, uint64_t *seqs, size_t count,
    size_t *ret_kept, struct error *err);

/* Entries from `first` to `last` that may have one of the call_ids of the
 * filter, the negative or the positive ones: in falling order, none twice, to
 * be freed by the caller. No more than `most`, the newest. */
int search_lines_calls(struct search_lines *lines, bool negative,
    uint64_t first, uint64_t last, size_t most, uint64_t **ret_seqs,
    size_t *ret_count, struct error *err);

#endif
