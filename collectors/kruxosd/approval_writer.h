/* Requests for a person's approval in state.db, as kruxosd changes them
 * (state_writer.h). What is used, refused or too old is not kept: the log has
 * it.
 */
#ifndef KRUXOSD_APPROVAL_WRITER_H
#define KRUXOSD_APPROVAL_WRITER_H

#include "base/json_writer.h"
#include "collectors/kruxosd/state_writer.h"

enum {
	APPROVAL_WRITER_OF_AGENT = 64, /* of an agent, and … */
	APPROVAL_WRITER_ALL = 1024,    /* … in all, that are kept */
};

enum approval_step {	  /* as numbers in state.db */
	APPROVAL_OPEN,	  /* nobody has decided */
	APPROVAL_GRANTED, /* accepted: good for one call */
	APPROVAL_REFUSED, /* rejected, and the agent has not heard */
	APPROVAL_RUNNING, /* the call runs that it was good for */
	APPROVAL_STEPS
};

struct approval_row {
	struct slice id;
	struct slice agent, capability;
	struct slice session_id; /* empty: none */
	struct slice request;	 /* an object as JSON */
	enum approval_step step;
	usec_t asked_at;
	usec_t decided_at;	 /* 0: not yet */
	struct slice decided_by; /* empty: nobody */
	struct slice reason;	 /* empty: none */
};

/* A new one, open; the oldest that was refused gives way to it. ERROR_TOO_MANY.
 */
int
approval_writer_add(struct state_writer *writer, const struct approval_row *row,
    const unsigned char digest[static SHA256_BYTES], struct error *err);

/* 1: there it is, its texts in `arena`; 0: there is none. By its id; by the
 * call that it is of and that does not run; or one that was not decided since
 * `asked_since`, not used since `decided_since`, or is of a time after `now`.
 */
int approval_writer_find(struct state_writer *writer, struct slice id,
    struct arena *arena, struct approval_row *ret_row, struct error *err);
int approval_writer_find_call(struct state_writer *writer, struct slice agent,
    struct slice capability, const unsigned char digest[static SHA256_BYTES],
    struct arena *arena, struct approval_row *ret_row, struct error *err);
int approval_writer_find_over(struct state_writer *writer, usec_t asked_since,
    usec_t decided_since, usec_t now, struct arena *arena,
    struct approval_row *ret_row, struct error *err);

/* Each that is at one of `steps` (1 << APPROVAL_…) to `on_row`, the oldest
 * first, until that returns false. */
int approval_writer_each(struct state_writer *writer, unsigned steps,
    bool (*on_row)(void *context, const struct approval_row *row),
    void *context, struct error *err);

int approval_writer_set_step(struct state_writer *writer, struct slice id,
    enum approval_step step, struct error *err);

int approval_writer_decide(struct state_writer *writer, struct slice id,
    enum approval_step step, usec_t now, struct slice user, struct slice reason,
    struct error *err);

/* The time of all of `agent` is over. */
int approval_writer_end_of_agent(
    struct state_writer *writer, struct slice agent, struct error *err);

int approval_writer_remove(
    struct state_writer *writer, struct slice id, struct error *err);

#endif
