/* One write and one sync for all that has arrived.
 *
 * What the door takes in a turn of the loop is composed into one batch, in the
 * order of the calls. commit_flush() writes the batch, syncs it once, and then
 * calls every waiter, in that order: with the seq of its entry, which is
 * durable now, or with the error that kept it out of the log. All lines of a
 * batch carry the same recorded_at, each batch a later one, and no byte of a
 * batch is written before the sync of the batch before it has returned: this
 * is what recovery tells a torn tail from damage by.
 *
 * A seq is final only when its waiter is called: should the disk refuse the
 * batch and take it in a new file, a `log.open` comes before it. Until then an
 * entry goes by its ticket, a number that is never used twice.
 *
 * When a write or a sync fails, the batch is written again, then into a new
 * file (log_writer.h). If that fails too, its entries are no part of the log:
 * every waiter hears ERROR_AUDIT_UNAVAILABLE, and so does every commit_add()
 * from then on, until commit_retry() finds that the disk takes writes again.
 * A file that somebody removed or changed is answered by a new file at once,
 * and by an entry `log.damaged`.
 *
 * Of one thread: the loop's.
 */
#ifndef KRUXOSD_COMMIT_H
#define KRUXOSD_COMMIT_H

#include "base/disk.h"
#include "base/json_reader.h"
#include "log/entry.h"
#include "log/payload.h"
#include "store/status.h"

struct commit;
struct log_writer;

enum {
	/* A batch is full from here on; it may be longer by one line. */
	COMMIT_BATCH_BYTES = 1 << 20,
	COMMIT_BATCH_ENTRIES = 4096,
};

/* The last durable entry, as the next one has to know it. */
struct commit_head {
	uint64_t seq; /* 0: the log is empty */
	usec_t recorded_at;
	unsigned char hash[SHA256_BYTES];
};

/* Who is told of what happens to the log. */
struct commit_listener {
	/* A batch has become durable; its waiters hear after this. */
	void (*on_durable)(void *context, const struct commit_head *head);
	/* The lines of a durable batch in which an agent says what alerts are
	 * made of: alerts.send or rate_limit.hit. NULL: nobody asks. */
	void (*on_watched)(void *context, struct slice lines);
	/* The log is not as it was left. ERROR_CORRUPT: a file, and the log
	 * goes on in a new one; ERROR_NOT_FOUND: its folder, and this process
	 * cannot go on. */
	void (*on_damaged)(void *context, const struct error *err);
	void *context;
};

/* Append behind `head` through `writer`. `clock`, `writer` and `redactor` stay
 * the caller's and outlive the commit. Never NULL. */
struct commit *commit_new(struct clock *clock, struct log_writer *writer,
    struct redactor *redactor, const struct commit_head *head);
void commit_set_listener(
    struct commit *commit, const struct commit_listener *listener);
void commit_free(struct commit *commit);

/* Who hears what became of an entry. `err` is NULL when it is durable under
 * `seq`; else `seq` is 0. Called from commit_flush() alone, once, in the order
 * of the calls that brought the waiters; it may call commit_add(), which
 * belongs to the next batch then. */
struct commit_waiter {
	void (*on_commit)(
	    void *context, uint64_t tag, uint64_t seq, const struct error *err);
	void *context; /* must live until it has been called */
	uint64_t tag;  /* the caller's: a line's number */
};

/* An entry from the door. `entry` carries what the producer said and what the
 * kernel said of him (time to duration_ms, uid, source; time 0: now); seq,
 * recorded_at and the hashes are filled in here. All is copied. */
struct commit_entry {
	struct entry entry;
	const struct json_reader *reader; /* of the two nodes */
	const struct json_node *summary;  /* NULL: none */
	const struct json_node *request;  /* NULL: none */
};

/* Compose it into the batch. `waiter` (copied) may be NULL; `ret_ticket` too.
 * ERROR_AUDIT_UNAVAILABLE: entries are not recorded now, the sentence says
 * why, and the waiter is not called; ERROR_BUSY: the batch is full, which
 * commit_is_full() said before. */
int commit_add(struct commit *commit, const struct commit_entry *entry,
    const struct commit_waiter *waiter, uint64_t *ret_ticket,
    struct error *err);

/* The same line once more, while the first waits for its sync: `waiter` is
 * called in its turn with the seq of the entry `ticket`. -1 and
 * ERROR_NOT_FOUND: that ticket is not in the present batch. */
int commit_add_again(struct commit *commit, uint64_t ticket,
    const struct commit_waiter *waiter, struct error *err);

/* An entry that the daemon itself makes, as the effect of a command: `entry`
 * as above, `summary` valid UTF-8 or NULL, `request` the text of a JSON object
 * or {NULL, 0}. Is taken from a full batch too (they are few). */
int commit_add_json(struct commit *commit, const struct entry *entry,
    const char *summary, struct slice request,
    const struct commit_waiter *waiter, uint64_t *ret_ticket,
    struct error *err);

/* An entry of the daemon's own: actor_type system, source daemon, its uid. */
int commit_add_system(struct commit *commit, const char *capability,
    enum entry_status status, const char *summary, struct slice request,
    const struct commit_waiter *waiter, struct error *err);

/* Give an empty log its first file, with nothing in it but its `log.open`: from
 * the first start on there is something to show. Before anything is added;
 * commit_flush() follows. */
void commit_open_log(struct commit *commit);

/* No more fits: stop reading, and return to the loop. A batch that has been
 * gathered for 2 ms counts as full, so that a steady stream of input cannot
 * hold up those who wait. */
bool commit_is_full(struct commit *commit);

/* Somebody in the batch has nothing more to say and waits for his answer: it
 * counts as full once it has been gathered for as long as the last flush
 * took. */
void commit_hurry(struct commit *commit);

/* Is anything waiting for commit_flush()? */
bool commit_is_empty(const struct commit *commit);

/* Write, sync, tell. Runs in a post source of the loop, after all input of
 * this turn, and at once for a full batch. Failure is told to the waiters and
 * by commit_refusal(). */
void commit_flush(struct commit *commit);

/* Why entries are not taken (STATUS_ACCEPTING: all are), and the sentence
 * behind it, or ""; it may say who is refused while others are not. */
enum status_refusal commit_refusal(const struct commit *commit);
const char *commit_reason(const struct commit *commit);

/* While a failure lasts: when to call commit_retry() (CLOCK_MONOTONIC; 0: no
 * failure). It records `log.write_failure`, which says since when, why and how
 * many entries were refused; if that becomes durable, entries are taken again.
 */
usec_t commit_retry_due(const struct commit *commit);
void commit_retry(struct commit *commit);

/* Once a second, so that it shows within seconds when nobody writes: is the log
 * as it was left (log_writer_check())? If not, the listener hears of it, and an
 * entry `log.damaged` goes into a new file with the next flush. And does the
 * clock stand more than an hour before the last entry? That is recorded with
 * the next flush, and is said as long as it lasts. */
void commit_check(struct commit *commit);
const char *commit_clock_reason(const struct commit *commit); /* or "" */

/* How much of the disk is left decides whose entries are taken: near its end
 * agents' are refused first, operators' and alerts last, the daemon's own
 * never. */
enum commit_level {
	COMMIT_ALL,
	COMMIT_NO_AGENTS, /* below 5 % and below 256 MiB */
	COMMIT_OWN_ONLY,  /* below 1 % and below 64 MiB */
};
void commit_set_level(struct commit *commit, enum commit_level level);

/* Give back what large batches needed: now and then. */
void commit_trim(struct commit *commit);

/* From now on every commit_add() is refused (STATUS_STOPPING); what was taken
 * is still flushed. */
void commit_stop(struct commit *commit);

struct commit_counts {
	uint64_t accepted, refused; /* entries since the start */
	uint64_t batches;	    /* durable ones */
	uint64_t failures;	    /* of the disk, answered at once or not */
};
void commit_read_counts(
    const struct commit *commit, struct commit_counts *ret_counts);

/* The last durable entry. */
const struct commit_head *commit_head(const struct commit *commit);

#endif
