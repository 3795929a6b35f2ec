/* The entries of a block, column by column, and the pieces that kruxos.db keeps
 * of them: a segment for each value of each dimension, the block's times, its
 * calls (lib/store/segment.h, calls.h).
 *
 * What writes blocks (segment_writer.h) and what compares them (scrub_block.h)
 * make the pieces here, so that they are the same to the byte.
 */
#ifndef KRUXOSD_COLUMNS_H
#define KRUXOSD_COLUMNS_H

#include "base/error.h"
#include "store/segment.h"

struct columns;

/* Some 4 MiB, of which columns_trim() gives 2 back until pieces are made again.
 * Never NULL. */
struct columns *columns_new(void);
void columns_free(struct columns *columns);
void columns_trim(struct columns *columns);

/* Empty: of the SEGMENT_BLOCK seqs from `first` on, a multiple of that. */
void columns_begin(struct columns *columns, uint64_t first);
uint64_t columns_first(const struct columns *columns);

/* An entry, whose seq is one of these. */
struct columns_entry {
	uint64_t seq;
	usec_t time;
	uint32_t values[SEGMENT_DIMENSIONS];
	bool has_call;
	uint32_t call; /* calls_hash() */
};
void columns_set(struct columns *columns, const struct columns_entry *entry);

/* A call of an entry that is set. */
void columns_set_call(struct columns *columns, uint64_t seq, uint32_t call);

/* Take out the entries before `seq`. */
void columns_forget(struct columns *columns, uint64_t seq);

enum columns_kind { COLUMNS_SEGMENT, COLUMNS_BLOCK, COLUMNS_CALLS };

/* A row of one of the tables. */
struct columns_piece {
	enum columns_kind kind;
	bool is_recent;
	uint64_t id;
	uint32_t count;			   /* not of calls */
	const struct segment_block *block; /* of a COLUMNS_BLOCK */
	struct slice blob;
};

typedef int (*columns_on_piece)(
    void *context, const struct columns_piece *piece, struct error *err);

/* Hand the pieces of a block to `on_piece`, in the order of their ids, the
 * block's own behind its segments: of all of the columns, with their calls, or
 * of the recent block that begins at `first`. None where no entry is. No entry
 * was recorded later than `recorded_at`. -1: on_piece returned that. */
int columns_each(struct columns *columns, usec_t recorded_at,
    columns_on_piece on_piece, void *context, struct error *err);
int
columns_each_recent(struct columns *columns, uint64_t first, usec_t recorded_at,
    columns_on_piece on_piece, void *context, struct error *err);

#endif
