/* The verifier's thread, at idle priority: does the chain hold?
 *
 * It follows the log as entries become durable, and reads the whole of it once
 * a day (and at a start that does not know when that was last done). What it
 * finds damaged stays damaged until the whole was read again and holds.
 *
 * A payload that is being erased while its line is read looks damaged for a
 * moment, and a file may go by retention: so damage is what is found twice.
 *
 * The functions are the main thread's.
 */
#ifndef KRUXOSD_VERIFIER_H
#define KRUXOSD_VERIFIER_H

#include "base/clock.h"
#include "base/error.h"
#include "base/sha256.h"
#include "store/status.h"

struct verifier;

/* How far the chain was verified, by an earlier run or by this one. */
struct verifier_state {
	enum status_integrity integrity;
	uint64_t seq; /* the chain holds through here; 0: nothing is known */
	unsigned char hash[SHA256_BYTES];
	usec_t verified_at; /* CLOCK_REALTIME; when seq was last moved */
	usec_t whole_at;    /* when the whole was read; 0: never */
	char damage[256];   /* what does not hold; "": nothing */
	/* Somebody has asked for the whole to be read now, … */
	bool is_asked;
	uint64_t asked_seq; /* … and it holds through here so far */
};

/* Verify the log in `audit_dir` (copied), going on from `known`; with damage
 * in it, or without whole_at, the whole is read first. `clock` stays the
 * caller's. Never NULL; nothing runs before verifier_start(). */
struct verifier *verifier_new(const char *audit_dir, struct clock *clock,
    const struct verifier_state *known);
int verifier_start(struct verifier *verifier, struct error *err);

/* The log is durable through `seq`. Cheap; called after each commit. */
void verifier_durable(struct verifier *verifier, uint64_t seq);

/* Read the whole now, from its first entry on, however long ago that was done.
 * One that is being read is begun again behind it. */
void verifier_ask(struct verifier *verifier);

/* Somebody else has found that the log is damaged: that counts until the whole,
 * read from now on, holds. */
void verifier_tell_damage(struct verifier *verifier, const char *sentence);

void verifier_get(struct verifier *verifier, struct verifier_state *ret_state);

/* Ends the thread, at the next line. */
void verifier_free(struct verifier *verifier);

#endif
