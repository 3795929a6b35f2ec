/* What the door answers: lines written by the daemon, read by the client.
 *
 *	{"accepted":N,"seq":S,"line":L}   lines up to L are durable; the last N
 *	                                  of them have the seqs S-N+1 … S
 *	{"accepted":1,"seq":S,"line":L,"duplicate":true}
 *	                                  line L says what entry S said before
 *	{"error":CODE,"line":L,"field":"…","detail":"…"}
 *	                                  line L is not recorded; line 0: the
 *	                                  connection itself is refused
 *	{"id":"r1","progress":0.4}        a command goes on
 *	{"id":"r1","ok":{…}}              a command is done
 *	{"id":"r1","error":CODE,"field":"…","detail":"…"}
 *	                                  a command failed; with too_many
 *	                                  "wait":SECONDS, with approval_required
 *	                                  "approval_id":"…", too
 *
 * Entries are answered in the order of their lines; commands when they end.
 */
#ifndef DOOR_ANSWER_H
#define DOOR_ANSWER_H

#include "base/json_reader.h"

enum answer_kind {
	ANSWER_ACCEPTED,
	ANSWER_ERROR,
	ANSWER_PROGRESS,
	ANSWER_OK,
	ANSWER_FAILED, /* a command */
};

/* The slices lie in the line and the reader. */
struct answer {
	enum answer_kind kind;
	uint64_t count; /* ACCEPTED */
	uint64_t seq;
	uint64_t line; /* ACCEPTED, ERROR */
	bool is_duplicate;
	struct slice id;     /* of a command */
	double progress;     /* 0–1 */
	struct slice result; /* OK: an object */
	struct slice code;   /* ERROR, FAILED: as written */
	struct slice field;  /* or {NULL, 0} */
	struct slice detail;
	uint64_t wait_seconds;	  /* ERROR, FAILED; 0: none said */
	struct slice approval_id; /* FAILED; {NULL, 0}: none said */
};

/* Append an answer and its '\n'. */
void answer_add_accepted(struct buf *out, uint64_t count, uint64_t seq,
    uint64_t line, bool is_duplicate);
void answer_add_error(struct buf *out, uint64_t line, const struct error *err);
void answer_add_progress(struct buf *out, struct slice id, double progress);
/* `result`: an object, as JSON. */
void answer_add_ok(struct buf *out, struct slice id, struct slice result);
void
answer_add_failed(struct buf *out, struct slice id, const struct error *err);

/* Read an answer (without its '\n'). ERROR_CORRUPT: not one of the above.
 * Keys that are not known here are passed over: a later daemon may say more. */
int answer_parse(struct json_reader *reader, struct slice line,
    struct answer *ret, struct error *err);

/* The error that the daemon had, as far as it travels: code, field, detail, and
 * what belongs to the code. */
void answer_to_error(const struct answer *answer, struct error *ret);

#endif
