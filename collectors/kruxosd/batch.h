/* The lines of one batch, composed one behind the other: seq, recorded_at,
 * hashes and salt are filled in here.
 *
 * A batch goes on behind a head; batch->end moves with each line. Nothing here
 * touches the disk.
 */
#ifndef KRUXOSD_BATCH_H
#define KRUXOSD_BATCH_H

#include "collectors/kruxosd/commit.h"

struct batch_maker;

struct batch {
	struct buf lines;
	usec_t recorded_at;	/* of every line */
	struct commit_head end; /* the last line */
	uint64_t lines_added;	/* those behind log.open and log.clock */
	uint64_t first_seq;	/* of the first of them */
	bool opens_file;	/* begins with a log.open */
	struct batch_maker *maker;
};

/* `redactor` stays the caller's and outlives the batch. */
void batch_init(struct batch *batch, struct redactor *redactor);
void batch_free(struct batch *batch);

/* Empty it, and begin behind `head` at the time `now`: recorded_at is that, or
 * the first moment behind what is recorded if the clock stands before it. */
void
batch_begin(struct batch *batch, const struct commit_head *head, usec_t now);

/* The first line, where a new file begins: a `log.open` that names the file
 * before (`previous` "": none) of `previous_bytes`. */
void batch_add_open(
    struct batch *batch, const char *previous, uint64_t previous_bytes);

/* A clock further behind than this is wrong: said critically. */
#define BATCH_CLOCK_WRONG USEC_PER_HOUR

/* The next line, where the clock has stepped back to `now`: a `log.clock`. */
void batch_add_clock(
    struct batch *batch, usec_t now, const struct commit_head *head);

/* The next line: `entry` (time 0: recorded_at) and two nodes of `reader`, each
 * or NULL. */
void batch_add(struct batch *batch, const struct entry *entry,
    const struct json_reader *reader, const struct json_node *summary,
    const struct json_node *request);

/* The same with text: `summary` or NULL; `request` the text of a JSON object
 * or {NULL, 0}. -1: the text is no JSON within bounds; nothing was added. */
int batch_add_text(struct batch *batch, const struct entry *entry,
    const char *summary, struct slice request, struct error *err);

/* The same lines once more behind `head`, now with a log.open at their head:
 * seq and prev_hash move on by one, and so do the hashes. */
void batch_reopen(struct batch *batch, const struct commit_head *head,
    const char *previous, uint64_t previous_bytes);

/* An entry of the daemon's own, but for what the batch fills in. */
struct entry
batch_system_entry(const char *capability, enum entry_status status);

#endif
