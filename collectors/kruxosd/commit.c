#include "collectors/kruxosd/commit.h"

#include "collectors/kruxosd/batch.h"
#include "collectors/kruxosd/log_writer.h"
#include "collectors/kruxosd/trouble.h"

#include "base/diag.h"
#include "base/memory.h"

#include <errno.h>

/* Input that never ends must not hold up those who wait for this long. */
#define GATHER_MAX (2 * USEC_PER_MSEC)

#define RETRY_FIRST (500 * USEC_PER_MSEC)
#define RETRY_LAST  (10 * USEC_PER_SEC)

struct waiting {
	struct commit_waiter waiter;
	uint64_t ticket;
};

struct waiting_list {
	struct waiting *items;
	size_t count;
	size_t capacity;
};

struct commit {
	struct clock *clock;
	struct log_writer *writer;
	struct commit_head head; /* durable */
	usec_t clock_was;	 /* what it showed when that was written */
	struct commit_listener listener;

	/* What has been taken since the last flush. */
	struct batch batch;
	bool is_watched; /* there is something in it to be told of */
	usec_t begun_at; /* CLOCK_MONOTONIC */
	bool is_hurried;
	usec_t flush_took;  /* the last one */
	usec_t batch_clock; /* CLOCK_REALTIME, at its beginning */
	uint64_t first_ticket;
	uint64_t next_ticket;
	struct waiting_list waiting;
	struct waiting_list told; /* while its waiters are called */

	enum commit_level level;
	enum status_refusal refusal;
	char reason[ERROR_SENTENCE_SIZE + 32]; /* of the refusal */
	char clock_reason[96];
	struct trouble_failure failure;
	struct trouble_damage damage;
	usec_t retry_due, retry_wait;
	bool is_retrying;
	bool is_stopping;
	struct commit_counts counts;
};

struct commit *
commit_new(struct clock *clock, struct log_writer *writer,
    struct redactor *redactor, const struct commit_head *head)
{
	struct commit *commit = memory_new(sizeof(*commit));

	commit->clock = clock;
	commit->writer = writer;
	commit->head = *head;
	commit->clock_was = head->recorded_at;
	batch_init(&commit->batch, redactor);
	return commit;
}

void
commit_set_listener(
    struct commit *commit, const struct commit_listener *listener)
{
	commit->listener = *listener;
}

void
commit_free(struct commit *commit)
{
	if (commit == NULL)
		return;
	batch_free(&commit->batch);
	free(commit->waiting.items);
	free(commit->told.items);
	free(commit);
}

/* --- what is taken ----------------------------------------------------- */

/* What stands at the front of a batch: where a new file begins, and that the
 * clock has stepped back, once for each time it has. */
static void
begin_batch(struct commit *commit)
{
	struct batch *batch = &commit->batch;
	struct log_writer *writer = commit->writer;
	usec_t now = clock_realtime(commit->clock);

	commit->begun_at = clock_monotonic(commit->clock);
	commit->is_hurried = false;
	commit->is_watched = false;
	commit->first_ticket = commit->next_ticket;
	commit->batch_clock = now;
	batch_begin(batch, &commit->head, now);
	if (log_writer_needs_file(writer, batch->recorded_at))
		batch_add_open(
		    batch, log_writer_name(writer), log_writer_bytes(writer));
	if (now < commit->clock_was)
		batch_add_clock(batch, now, &commit->head);
}

static void
add_waiting(
    struct commit *commit, uint64_t ticket, const struct commit_waiter *waiter)
{
	struct waiting_list *list = &commit->waiting;

	if (waiter == NULL)
		return;
	list->items = memory_grow(list->items, &list->capacity, list->count + 1,
	    sizeof(list->items[0]));
	list->items[list->count++] = (struct waiting){ *waiter, ticket };
}

static int
refuse(struct commit *commit, struct error *err, const char *sentence)
{
	commit->counts.refused++;
	if (commit->failure.is_on)
		commit->failure.refused++;
	return error_set(err, ERROR_AUDIT_UNAVAILABLE, "%s", sentence);
}

static const char *const level_reasons[] = {
	[COMMIT_ALL] = "",
	[COMMIT_NO_AGENTS] =
	    "the disk is nearly full: agents' entries are not taken, but for "
	    "alerts",
	[COMMIT_OWN_ONLY] = "the disk is full but for a rest: only the "
			    "daemon's own entries are taken",
};

/* Up to which level it is taken. */
static enum commit_level
level_of(const struct entry *entry)
{
	if (entry->actor == ENTRY_SYSTEM)
		return COMMIT_OWN_ONLY;
	if (entry->actor == ENTRY_AGENT &&
	    !slice_is(entry->capability, "alerts.send"))
		return COMMIT_ALL;
	return COMMIT_NO_AGENTS;
}

static int
check_taken(struct commit *commit, const struct entry *entry, struct error *err)
{
	if ((commit->is_stopping || commit->refusal != STATUS_ACCEPTING) &&
	    !commit->is_retrying)
		return refuse(commit, err, commit_reason(commit));
	if (level_of(entry) < commit->level)
		return refuse(commit, err, level_reasons[commit->level]);
	return 0;
}

static void
admit(struct commit *commit, const struct commit_waiter *waiter,
    uint64_t *ret_ticket)
{
	uint64_t ticket = commit->next_ticket++;

	add_waiting(commit, ticket, waiter);
	if (ret_ticket != NULL)
		*ret_ticket = ticket;
}

static bool
is_watched(const struct entry *entry)
{
	return entry->actor == ENTRY_AGENT &&
	       (slice_is(entry->capability, "alerts.send") ||
		   slice_is(entry->capability, "rate_limit.hit"));
}

static bool
has_no_room(const struct batch *batch)
{
	return batch->lines.len >= COMMIT_BATCH_BYTES ||
	       batch->lines_added >= COMMIT_BATCH_ENTRIES;
}

int
commit_add(struct commit *commit, const struct commit_entry *entry,
    const struct commit_waiter *waiter, uint64_t *ret_ticket, struct error *err)
{
	if (check_taken(commit, &entry->entry, err) == -1)
		return -1;
	if (commit_is_empty(commit))
		begin_batch(commit);
	else if (has_no_room(&commit->batch))
		return error_set(err, ERROR_BUSY, "the batch is full");
	commit->is_watched |= is_watched(&entry->entry);
	batch_add(&commit->batch, &entry->entry, entry->reader, entry->summary,
	    entry->request);
	admit(commit, waiter, ret_ticket);
	return 0;
}

int
commit_add_again(struct commit *commit, uint64_t ticket,
    const struct commit_waiter *waiter, struct error *err)
{
	if (ticket < commit->first_ticket || ticket >= commit->next_ticket)
		return error_set(err, ERROR_NOT_FOUND,
		    "ticket %llu is not in this batch",
		    (unsigned long long)ticket);
	add_waiting(commit, ticket, waiter);
	return 0;
}

int
commit_add_json(struct commit *commit, const struct entry *entry,
    const char *summary, struct slice request,
    const struct commit_waiter *waiter, uint64_t *ret_ticket, struct error *err)
{
	if (check_taken(commit, entry, err) == -1)
		return -1;
	if (commit_is_empty(commit))
		begin_batch(commit);
	if (batch_add_text(&commit->batch, entry, summary, request, err) == -1)
		return -1;
	commit->is_watched |= is_watched(entry);
	admit(commit, waiter, ret_ticket);
	return 0;
}

int
commit_add_system(struct commit *commit, const char *capability,
    enum entry_status status, const char *summary, struct slice request,
    const struct commit_waiter *waiter, struct error *err)
{
	struct entry entry = batch_system_entry(capability, status);

	return commit_add_json(
	    commit, &entry, summary, request, waiter, NULL, err);
}

/* A batch of nothing but what stands at the front of one. */
static void
begin_bare_batch(struct commit *commit)
{
	begin_batch(commit);
	commit->next_ticket++; /* nobody's */
}

void
commit_open_log(struct commit *commit)
{
	if (commit->head.seq == 0 && commit_is_empty(commit))
		begin_bare_batch(commit);
}

void
commit_hurry(struct commit *commit)
{
	commit->is_hurried = true;
}

/* To gather for as long as it takes to flush costs at most half of what the
 * disk can take. */
static usec_t
gather_time(const struct commit *commit)
{
	return commit->is_hurried && commit->flush_took < GATHER_MAX
		   ? commit->flush_took
		   : GATHER_MAX;
}

bool
commit_is_full(struct commit *commit)
{
	return !commit_is_empty(commit) &&
	       (has_no_room(&commit->batch) ||
		   clock_monotonic(commit->clock) >=
		       commit->begun_at + gather_time(commit));
}

bool
commit_is_empty(const struct commit *commit)
{
	return commit->next_ticket == commit->first_ticket;
}

static void
trim_list(struct waiting_list *list)
{
	if (list->count > 0)
		return;
	free(list->items);
	*list = (struct waiting_list){ NULL, 0, 0 };
}

void
commit_trim(struct commit *commit)
{
	if (!commit_is_empty(commit))
		return;
	buf_free(&commit->batch.lines);
	trim_list(&commit->waiting);
	trim_list(&commit->told);
}

/* --- what the disk says ------------------------------------------------ */

/* A new file, or another try, is no answer to these. */
static enum status_refusal
refusal_of(const struct error *err)
{
	if (err->errnum == ENOSPC || err->errnum == EDQUOT)
		return STATUS_DISK_FULL;
	if (err->errnum == EROFS)
		return STATUS_READ_ONLY;
	return STATUS_WRITE_FAILED;
}

static void
begin_failure(struct commit *commit, const struct error *err)
{
	if (!commit->failure.is_on)
		commit->counts.failures++;
	trouble_begin_failure(&commit->failure, clock_realtime(commit->clock),
	    commit->writer, err);
}

/* Somebody has been at the log: it is said before anything is done about it. */
static void
notice(struct commit *commit, const struct error *err)
{
	const struct commit_listener *listener = &commit->listener;

	if (err->code == ERROR_CORRUPT)
		trouble_begin_damage(&commit->damage, commit->writer, err);
	else if (err->code != ERROR_NOT_FOUND)
		return;
	if (listener->on_damaged != NULL)
		listener->on_damaged(listener->context, err);
}

static int
append(struct commit *commit, struct error *err)
{
	if (log_writer_append(
		commit->writer, buf_slice(&commit->batch.lines), err) == 0)
		return 0;
	notice(commit, err);
	return -1;
}

/* Make the batch durable: as it stands, then once more from memory, then in a
 * new file; at once in a new one where the old one is not as it was left. -1:
 * the disk has refused it, and nothing of it counts. */
static int
write_batch(struct commit *commit, struct error *err)
{
	struct log_writer *writer = commit->writer;
	struct batch *batch = &commit->batch;

	if (batch->opens_file &&
	    log_writer_create(writer, batch->recorded_at, err) == -1)
		return -1;
	if (append(commit, err) == 0)
		return 0;
	if (refusal_of(err) != STATUS_WRITE_FAILED ||
	    err->code == ERROR_NOT_FOUND)
		return -1;
	if (err->code != ERROR_CORRUPT) {
		begin_failure(commit, err);
		commit->failure.answer = "written again";
		if (append(commit, err) == 0)
			return 0;
		commit->failure.answer = "written to a new file";
	}
	if (!batch->opens_file)
		batch_reopen(batch, &commit->head, log_writer_name(writer),
		    log_writer_bytes(writer));
	if (log_writer_create(writer, batch->recorded_at, err) == -1)
		return -1;
	return append(commit, err);
}

static void
record_failure(struct commit *commit)
{
	struct error err;

	if (trouble_record_failure(&commit->failure, commit, &err) == -1)
		diag(DIAG_ERROR, "log.write_failure: %s", err.sentence);
}

/* Until commit_retry() succeeds nothing is taken. */
static void
begin_refusal(struct commit *commit, const struct error *err)
{
	commit->refusal = refusal_of(err);
	snprintf(commit->reason, sizeof(commit->reason),
	    "audit-write-failure: %s", commit->failure.err.sentence);
	commit->retry_wait = commit->retry_wait == 0 ? RETRY_FIRST
			     : commit->retry_wait < RETRY_LAST / 2
				 ? 2 * commit->retry_wait
				 : RETRY_LAST;
	commit->retry_due = clock_monotonic(commit->clock) + commit->retry_wait;
}

/* --- flush ------------------------------------------------------------- */

/* The waiters hear, and may add entries: those belong to the next batch. */
static void
tell_waiting(struct commit *commit, const struct error *err)
{
	struct waiting_list told = commit->waiting;
	uint64_t first_ticket = commit->first_ticket;
	uint64_t first_seq = commit->batch.first_seq;

	commit->waiting = commit->told;
	commit->waiting.count = 0;
	commit->told = told;
	commit->first_ticket = commit->next_ticket;
	for (size_t i = 0; i < told.count; i++) {
		const struct waiting *item = &told.items[i];
		uint64_t seq = first_seq + (item->ticket - first_ticket);

		item->waiter.on_commit(item->waiter.context, item->waiter.tag,
		    err == NULL ? seq : 0, err);
	}
}

static void
batch_is_durable(struct commit *commit)
{
	struct trouble_failure *failure = &commit->failure;

	commit->head = commit->batch.end;
	commit->clock_was = commit->batch_clock;
	commit->counts.accepted += commit->batch.lines_added;
	commit->counts.batches++;
	if (commit->listener.on_durable != NULL)
		commit->listener.on_durable(
		    commit->listener.context, &commit->head);
	if (commit->is_watched && commit->listener.on_watched != NULL)
		commit->listener.on_watched(
		    commit->listener.context, buf_slice(&commit->batch.lines));
	tell_waiting(commit, NULL);
	if (commit->damage.is_due)
		trouble_record_damage(&commit->damage, commit);
	if (!failure->is_on)
		return;
	failure->is_on = false;
	diag(DIAG_NOTICE, "the audit log is written again (%s)",
	    failure->answer);
	if (!commit->is_retrying)
		record_failure(commit);
}

/* What the batch left on the disk must be gone, durably, before other bytes
 * take its place. */
static void
batch_is_refused(struct commit *commit, const struct error *err)
{
	struct error told, ignored;

	begin_failure(commit, err);
	begin_refusal(commit, err);
	if (!commit->is_retrying) {
		commit->failure.refused += commit->batch.lines_added;
		commit->counts.refused += commit->batch.lines_added;
	}
	/* If this fails, commit_retry() begins with it. */
	(void)log_writer_cut(commit->writer, &ignored);
	error_set(&told, ERROR_AUDIT_UNAVAILABLE, "%s", commit->reason);
	tell_waiting(commit, &told);
}

void
commit_flush(struct commit *commit)
{
	usec_t begun = clock_monotonic(commit->clock);
	struct error err;
	int result;

	if (commit_is_empty(commit))
		return;
	result = write_batch(commit, &err);
	commit->flush_took = clock_monotonic(commit->clock) - begun;
	if (result == 0)
		batch_is_durable(commit);
	else
		batch_is_refused(commit, &err);
}

usec_t
commit_retry_due(const struct commit *commit)
{
	return commit->retry_due;
}

void
commit_retry(struct commit *commit)
{
	struct error err;

	if (commit->retry_due == 0 || commit->is_stopping)
		return;
	if (log_writer_cut(commit->writer, &err) == -1) {
		begin_refusal(commit, &err);
		return;
	}
	commit->failure.answer = "waited until the disk took writes again";
	commit->is_retrying = true;
	record_failure(commit);
	commit->retry_due = 0;
	commit_flush(commit);
	commit->is_retrying = false;
	if (commit->retry_due != 0)
		return;
	commit->retry_wait = 0;
	commit->refusal = STATUS_ACCEPTING;
	commit->reason[0] = '\0';
}

/* A clock that is slewed is a little behind now and then; one that is wrong
 * does not wait for the next entry to be said. */
static void
check_clock(struct commit *commit)
{
	usec_t now = clock_realtime(commit->clock);
	usec_t last = commit->head.recorded_at;

	if (now < commit->clock_was &&
	    commit->clock_was - now > BATCH_CLOCK_WRONG &&
	    commit_is_empty(commit))
		begin_bare_batch(commit);
	commit->clock_reason[0] = '\0';
	if (now < last && last - now > BATCH_CLOCK_WRONG)
		snprintf(commit->clock_reason, sizeof(commit->clock_reason),
		    "audit-clock: the clock stands %.1f h before the last "
		    "entry",
		    (double)(last - now) / (double)USEC_PER_HOUR);
}

void
commit_check(struct commit *commit)
{
	struct error err;

	if (!commit_is_empty(commit) || commit->is_stopping ||
	    commit->refusal != STATUS_ACCEPTING)
		return;
	if (log_writer_check(commit->writer, &err) == -1)
		notice(commit, &err);
	if (commit->damage.is_due)
		trouble_record_damage(&commit->damage, commit);
	check_clock(commit);
}

/* --- what others ask --------------------------------------------------- */

enum status_refusal
commit_refusal(const struct commit *commit)
{
	if (commit->is_stopping)
		return STATUS_STOPPING;
	if (commit->refusal == STATUS_ACCEPTING && commit->level != COMMIT_ALL)
		return STATUS_DISK_FULL;
	return commit->refusal;
}

const char *
commit_reason(const struct commit *commit)
{
	if (commit->refusal != STATUS_ACCEPTING)
		return commit->reason;
	return commit->is_stopping ? "the daemon is stopping"
				   : level_reasons[commit->level];
}

const char *
commit_clock_reason(const struct commit *commit)
{
	return commit->clock_reason;
}

void
commit_set_level(struct commit *commit, enum commit_level level)
{
	commit->level = level;
}

void
commit_stop(struct commit *commit)
{
	commit->is_stopping = true;
}

void
commit_read_counts(
    const struct commit *commit, struct commit_counts *ret_counts)
{
	*ret_counts = commit->counts;
}

const struct commit_head *
commit_head(const struct commit *commit)
{
	return &commit->head;
}
