/* The answers of one connection, in the order of its lines.
 *
 * Entries are answered when their batch is durable, in runs: lines that follow
 * each other and whose seqs do are one answer. What is known at once (an error,
 * a duplicate) is held while entries before it wait. Commands are answered when
 * they end, by their id, and keep no order.
 */
#ifndef KRUXOSD_ANSWERS_H
#define KRUXOSD_ANSWERS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

/* An answer that waits for those of the lines before. */
struct held_answer {
	uint64_t line;
	size_t end; /* of its text in held_text */
};

struct answers {
	size_t pending; /* entries in the commit */
	struct {
		uint64_t count;
		uint64_t seq, line; /* the last one's */
	} run;			    /* durable lines: one answer */
	struct held_answer *held;
	size_t held_first, held_count, held_capacity;
	struct buf held_text;
	struct buf output; /* what can be sent */
};

#define ANSWERS_INIT                                      \
	{                                                 \
		.held_text = BUF_INIT, .output = BUF_INIT \
	}

void answers_free(struct answers *answers);

/* The answer to `line` is known: an error, or the seq of the entry that says
 * the same. */
void
answers_error(struct answers *answers, uint64_t line, const struct error *err);
void answers_duplicate(struct answers *answers, uint64_t line, uint64_t seq);

/* The entry of a line is in the commit; answers_settle() follows, in the order
 * of lines: it is durable as `seq` (perhaps a duplicate's in the same batch),
 * or was refused (`err`). */
void answers_await(struct answers *answers);
void answers_settle(struct answers *answers, uint64_t line, uint64_t seq,
    bool is_duplicate, const struct error *err);

/* A whole line, out of the order. */
void answers_add(struct answers *answers, struct slice line);

/* Bytes that are ready, or wait for their turn. */
size_t answers_bytes(const struct answers *answers);

#endif
