/* Entries into blocks: the bitmaps and times of lib/store/segment.h.
 *
 * The block of 65,536 seqs under way is kept in memory, column by column. Each
 * 4,096 of it are sealed as a recent block, so that few entries are left to be
 * read from their rows; when all of it is there, one block takes the place of
 * the sixteen. After a restart it is read from the rows again.
 */
#ifndef KRUXOSD_SEGMENT_WRITER_H
#define KRUXOSD_SEGMENT_WRITER_H

#include "log/entry.h"
#include "store/dictionary.h"
#include "store/segment.h"

struct segment_writer;

/* `database` stays the caller's, and outlives it. */
struct segment_writer *
segment_writer_new(struct database *database, struct error *err);
void segment_writer_free(struct segment_writer *writer);

/* Stand where the database stands: entries from `recent_seq` on are in no
 * block, those from `tail_seq` on in no recent one either. */
int segment_writer_load(struct segment_writer *writer, uint64_t recent_seq,
    uint64_t tail_seq, struct error *err);

/* The next entry, whose row is written before or after; the blocks that end
 * before it are sealed. Within a transaction. */
int segment_writer_add(struct segment_writer *writer, const struct entry *entry,
    dictionary_id actor, dictionary_id capability, dictionary_id session,
    struct error *err);

/* Where entries begin that are in no block, and in no recent one either. */
uint64_t segment_writer_recent_seq(const struct segment_writer *writer);
uint64_t segment_writer_tail_seq(const struct segment_writer *writer);

/* Retention has taken the entries before `seq`, some of which are still in the
 * tables, with their rows: take out what is kept of those in the block of
 * 65,536 of `from`, up to `seq` or the block's end. A block of which something
 * is left is made again of its rows. Within a transaction, in which the rows
 * before that end are deleted afterwards. */
int segment_writer_forget(struct segment_writer *writer, uint64_t from,
    uint64_t seq, struct error *err);

/* Give back what sealing a block needs. */
void segment_writer_trim(struct segment_writer *writer);

/* Empty the tables. */
int segment_writer_clear(struct segment_writer *writer, struct error *err);

#endif
