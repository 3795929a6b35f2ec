/* The tail of a day file: its last good line, and the first byte that is not.
 *
 * So much of the file is read that a good line stands before the first bad
 * one, if there is any. Nothing is written.
 */
#ifndef KRUXOSD_TAIL_H
#define KRUXOSD_TAIL_H

#include "collectors/kruxosd/commit.h"
#include "log/logfile.h"

/* An audit.erase entry in the tail, and the seqs that it names. */
struct tail_eraser {
	uint64_t seq;
	uint64_t *seqs;
	size_t count;
};

struct tail {
	struct buf bytes; /* from the beginning of a line to the end */
	uint64_t start;	  /* offset of bytes.data[0] in the file */
	uint64_t size;	  /* of the file */
	struct tail_eraser *erasers;
	size_t eraser_count, eraser_capacity;

	struct commit_head
	    good;	       /* the line before `bad`; seq 0: there is none */
	uint64_t batch_seq;    /* first entry of that line's batch … */
	uint64_t batch_offset; /* … and where it stands */
	uint64_t bad;	       /* offset of the first bad byte; size: none */
};

#define TAIL_INIT                 \
	{                         \
		.bytes = BUF_INIT \
	}

/* Read the tail of `file` in the folder `dir`. A line whose payload an
 * audit.erase entry behind it names is good if its head is. ERROR_SYSTEM. */
int tail_read(struct disk *disk, int dir, const struct logfile *file,
    struct tail *ret_tail, struct error *err);
void tail_free(struct tail *tail);

/* The last line in it that is whole by itself, wherever it stands (seq 0: there
 * is none), and the first such line of its batch. */
struct commit_head
tail_last_whole(const struct tail *tail, uint64_t *ret_batch_seq);

/* Can what stands from `bad` on be the rest of one unfinished batch, behind
 * the entry `good`? `synced_seq`: what is known as durable (chain.h). */
bool tail_is_torn(const struct tail *tail, const struct commit_head *good,
    uint64_t synced_seq);

/* The bytes from `bad` on. */
struct slice tail_rest(const struct tail *tail);

#endif
