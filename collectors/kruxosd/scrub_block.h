/* A block of the index, held against the log: its rows, and the pieces that
 * are made of them (columns.h), byte for byte.
 *
 * A line whose own hash does not hold proves nothing: there the row is
 * believed. The log and the index are read as they come by, in questions of
 * their own: no snapshot is held. What changes meanwhile (the block under way
 * is sealed, retention takes a file) may look like damage: the caller looks
 * whether the index has moved.
 */
#ifndef KRUXOSD_SCRUB_BLOCK_H
#define KRUXOSD_SCRUB_BLOCK_H

#include "store/database.h"

#include <stdint.h>

struct scrub_block;

/* `database` (a reader's), and what is asked now and then, stay the caller's.
 * NULL: ERROR_SYSTEM, or a statement does not fit the schema. */
struct scrub_block *
scrub_block_new(struct database *database, const char *audit_dir,
    bool (*is_stopping)(void *context), void *context, struct error *err);
void scrub_block_free(struct scrub_block *scrub);

/* Compare the sealed block that begins at `first`, of which entries before
 * `first_seq` are gone; how many segments it has is added to `segments`. -1:
 * ERROR_CORRUPT names what is not as it should be; ERROR_BUSY: it is stopping;
 * ERROR_SYSTEM. */
int scrub_block_sealed(struct scrub_block *scrub, uint64_t first,
    uint64_t first_seq, uint64_t *segments, struct error *err);

/* The block under way, from `first` to `last_seq`, with its recent blocks
 * before `tail_seq`. */
int scrub_block_under_way(struct scrub_block *scrub, uint64_t first,
    uint64_t first_seq, uint64_t tail_seq, uint64_t last_seq,
    struct error *err);

#endif
