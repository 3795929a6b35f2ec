#include "collectors/kruxosd/commit.h"

#include "collectors/kruxosd/log_writer.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/text.h"

#include <sys/random.h>

#include <assert.h>
#include <errno.h>
#include <unistd.h>

/* Input that never ends must not hold up those who wait for this long. */
#define GATHER_MAX (2 * USEC_PER_MSEC)

#define RETRY_FIRST (500 * USEC_PER_MSEC)
#define RETRY_LAST  (10 * USEC_PER_SEC)

enum { SALTS = 256 }; /* drawn at once */

struct waiting {
	struct commit_waiter waiter;
	uint64_t ticket;
};

struct waiting_list {
	struct waiting *items;
	size_t count;
	size_t capacity;
};

/* What has been composed since the last flush. */
struct batch {
	struct buf lines;
	size_t entries; /* those with a ticket */
	usec_t recorded_at;
	usec_t begun_at;    /* CLOCK_MONOTONIC */
	bool opens_file;    /* its first line is a log.open */
	bool clock_is_back; /* the clock stands before what is recorded */
	struct commit_head end;
	uint64_t first_ticket;
	uint64_t first_seq; /* of the entry first_ticket */
	struct waiting_list waiting;
};

/* A failure of the disk, from the first that failed until it is recorded. */
struct trouble {
	bool is_on;
	usec_t since;	  /* CLOCK_REALTIME */
	uint64_t refused; /* entries */
	const char *answer;
	char file[LOGFILE_NAME_SIZE];
	uint64_t offset;
	struct error err; /* the first one */
};

struct commit {
	struct clock *clock;
	struct log_writer *writer;
	struct sha256 *sha256;
	struct payload *payload;
	struct json_reader reader; /* for entries of the daemon's own */
	struct buf text;	   /* what `reader` reads */
	struct buf payload_text;
	struct buf recomposed;
	struct commit_head head; /* durable */
	struct batch batch;
	struct waiting_list told; /* while its waiters are called */
	uint64_t next_ticket;
	bool clock_is_back;
	unsigned char salts[SALTS][ENTRY_SALT_BYTES];
	size_t salts_left;
	enum status_refusal refusal;
	enum commit_level level;
	struct trouble trouble;
	char reason[ERROR_SENTENCE_SIZE + 32];
	usec_t retry_due, retry_wait;
	bool is_retrying;
	bool is_stopping;
	struct commit_counts counts;
	commit_on_durable on_durable;
	void *on_durable_context;
};

struct commit *
commit_new(struct clock *clock, struct log_writer *writer,
    struct redactor *redactor, const struct commit_head *head)
{
	struct commit *commit = memory_new(sizeof(*commit));

	commit->clock = clock;
	commit->writer = writer;
	commit->sha256 = sha256_new();
	commit->payload = payload_new(redactor);
	commit->reader = (struct json_reader)JSON_READER_INIT;
	buf_init(&commit->text);
	buf_init(&commit->payload_text);
	buf_init(&commit->recomposed);
	buf_init(&commit->batch.lines);
	commit->head = *head;
	return commit;
}

void
commit_set_listener(
    struct commit *commit, commit_on_durable on_durable, void *context)
{
	commit->on_durable = on_durable;
	commit->on_durable_context = context;
}

void
commit_free(struct commit *commit)
{
	if (commit == NULL)
		return;
	sha256_free(commit->sha256);
	payload_free(commit->payload);
	json_reader_free(&commit->reader);
	buf_free(&commit->text);
	buf_free(&commit->payload_text);
	buf_free(&commit->recomposed);
	buf_free(&commit->batch.lines);
	free(commit->batch.waiting.items);
	free(commit->told.items);
	free(commit);
}

/* --- the batch --------------------------------------------------------------
 */

static const unsigned char *
next_salt(struct commit *commit)
{
	ssize_t drawn;

	if (commit->salts_left > 0)
		return commit->salts[--commit->salts_left];
	do
		drawn = getrandom(commit->salts, sizeof(commit->salts), 0);
	while (drawn == -1 && errno == EINTR);
	/* Up to 256 bytes are never cut short; more can be, by a signal. */
	if (drawn < ENTRY_SALT_BYTES) {
		diag(DIAG_CRITICAL, "getrandom: %m");
		abort();
	}
	commit->salts_left = (size_t)drawn / ENTRY_SALT_BYTES;
	return commit->salts[--commit->salts_left];
}

static void
compose(struct commit *commit, struct entry *entry,
    const struct json_reader *reader, const struct json_node *summary,
    const struct json_node *request)
{
	struct batch *batch = &commit->batch;

	buf_reset(&commit->payload_text);
	payload_compose(commit->payload, reader, next_salt(commit), summary,
	    request, &commit->payload_text);
	entry->seq = batch->end.seq + 1;
	entry->recorded_at = batch->recorded_at;
	if (entry->time == 0)
		entry->time = batch->recorded_at;
	memcpy(entry->prev_hash, batch->end.hash, sizeof(entry->prev_hash));
	entry_compose(commit->sha256, entry, buf_slice(&commit->payload_text),
	    &batch->lines);
	batch->end.seq = entry->seq;
	memcpy(batch->end.hash, entry->entry_hash, sizeof(batch->end.hash));
}

/* Summary and request as text become nodes by being read: what the daemon says
 * goes through the same redaction and the same bounds as what it is told. */
static int
read_text(struct commit *commit, const char *summary, struct slice request,
    struct error *err)
{
	struct json_writer json;

	buf_reset(&commit->text);
	json_writer_init(&json, &commit->text);
	json_writer_object(&json);
	if (summary != NULL)
		json_writer_pair(&json, "summary", summary);
	if (request.data != NULL) {
		json_writer_key(&json, "request");
		json_writer_raw(&json, request);
	}
	json_writer_end_object(&json);
	return json_reader_read(&commit->reader, buf_slice(&commit->text), err);
}

static void
compose_text(struct commit *commit, struct entry *entry)
{
	const struct json_reader *reader = &commit->reader;

	compose(commit, entry, reader,
	    json_reader_member(reader, reader->nodes, "summary"),
	    json_reader_member(reader, reader->nodes, "request"));
}

static struct entry
system_entry(const char *capability, enum entry_status status)
{
	return (struct entry){
		.uid = geteuid(),
		.source = ENTRY_DAEMON,
		.actor = ENTRY_SYSTEM,
		.capability = slice_of(capability),
		.status = status,
	};
}

/* A system entry at the front of a batch, which needs no ticket. */
static void
compose_system(struct commit *commit, const char *capability,
    const char *summary, struct slice request)
{
	struct entry entry = system_entry(capability, ENTRY_SUCCESS);
	struct error err;
	int status = read_text(commit, summary, request, &err);

	assert(status == 0); /* our own, and small */
	compose_text(commit, &entry);
}

static void
compose_log_open(struct commit *commit)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf host = BUF_INIT;
	char name[256] = "";
	struct logfile_open open = {
		.format = ENTRY_FORMAT_VERSION,
		.version = slice_of(KRUXOS_VERSION),
		.previous = slice_of(log_writer_name(commit->writer)),
		.previous_seq = commit->head.seq,
		.previous_bytes = log_writer_bytes(commit->writer),
	};

	gethostname(name, sizeof(name) - 1);
	text_add_valid(&host, slice_of(name));
	open.host = buf_slice(&host);
	memcpy(
	    open.previous_hash, commit->head.hash, sizeof(open.previous_hash));
	logfile_compose_open(&open, &request);
	compose_system(commit, "log.open", NULL, buf_slice(&request));
}

static void
compose_log_clock(struct commit *commit, usec_t now)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	usec_t behind = commit->head.recorded_at - now;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_time(&json, "clock", now);
	json_writer_pair_time(&json, "last", commit->head.recorded_at);
	json_writer_pair_u64(&json, "behind_ms", behind / USEC_PER_MSEC);
	json_writer_end_object(&json);
	buf_addf(&summary,
	    "the clock stands %.3f s before the last entry recorded",
	    (double)behind / (double)USEC_PER_SEC);
	compose_system(commit, "log.clock", summary.data, buf_slice(&request));
	diag(DIAG_WARNING, "%s; recorded_at goes on by microseconds",
	    summary.data);
}

/* What stands at the front of a batch: where a new file begins, and that the
 * clock has stepped back, once for each time it has. */
static void
begin_batch(struct commit *commit)
{
	struct batch *batch = &commit->batch;
	usec_t now = clock_realtime(commit->clock);
	usec_t last = commit->head.recorded_at;

	batch->recorded_at = now > last ? now : last + 1;
	batch->begun_at = clock_monotonic(commit->clock);
	batch->end = commit->head;
	batch->opens_file =
	    log_writer_needs_file(commit->writer, batch->recorded_at);
	batch->clock_is_back = now < last;
	if (batch->opens_file)
		compose_log_open(commit);
	if (batch->clock_is_back && !commit->clock_is_back)
		compose_log_clock(commit, now);
	batch->end.recorded_at = batch->recorded_at;
	batch->first_ticket = commit->next_ticket;
	batch->first_seq = batch->end.seq + 1;
}

static void
end_batch(struct batch *batch)
{
	buf_reset(&batch->lines);
	batch->entries = 0;
	batch->waiting.count = 0;
}

static void
add_waiting(
    struct commit *commit, uint64_t ticket, const struct commit_waiter *waiter)
{
	struct waiting_list *list = &commit->batch.waiting;

	if (waiter == NULL)
		return;
	list->items = memory_grow(list->items, &list->capacity, list->count + 1,
	    sizeof(list->items[0]));
	list->items[list->count++] = (struct waiting){ *waiter, ticket };
}

/* --- what is taken ----------------------------------------------------------
 */

static int
refuse(struct commit *commit, struct error *err, const char *sentence)
{
	commit->counts.refused++;
	if (commit->trouble.is_on)
		commit->trouble.refused++;
	return error_set(err, ERROR_AUDIT_UNAVAILABLE, "%s", sentence);
}

static int
check_taken(struct commit *commit, const struct entry *entry, struct error *err)
{
	if (commit_refusal(commit) != STATUS_ACCEPTING && !commit->is_retrying)
		return refuse(commit, err, commit_reason(commit));
	if (commit->level >= COMMIT_NO_AGENTS && entry->actor == ENTRY_AGENT)
		return refuse(commit, err,
		    "the disk is nearly full: agents' entries are not taken");
	if (commit->level >= COMMIT_OWN_ONLY && entry->actor != ENTRY_SYSTEM)
		return refuse(commit, err,
		    "the disk is nearly full: only the daemon's own entries "
		    "are taken");
	return 0;
}

static void
admit(struct commit *commit, const struct commit_waiter *waiter,
    uint64_t *ret_ticket)
{
	uint64_t ticket = commit->next_ticket++;

	commit->batch.entries++;
	add_waiting(commit, ticket, waiter);
	if (ret_ticket != NULL)
		*ret_ticket = ticket;
}

int
commit_add(struct commit *commit, const struct commit_entry *entry,
    const struct commit_waiter *waiter, uint64_t *ret_ticket, struct error *err)
{
	struct batch *batch = &commit->batch;
	struct entry copy = entry->entry;

	if (check_taken(commit, &copy, err) == -1)
		return -1;
	if (batch->lines.len >= COMMIT_BATCH_BYTES ||
	    batch->entries >= COMMIT_BATCH_ENTRIES)
		return error_set(err, ERROR_BUSY, "the batch is full");
	if (batch->entries == 0)
		begin_batch(commit);
	compose(commit, &copy, entry->reader, entry->summary, entry->request);
	admit(commit, waiter, ret_ticket);
	return 0;
}

int
commit_add_again(struct commit *commit, uint64_t ticket,
    const struct commit_waiter *waiter, struct error *err)
{
	const struct batch *batch = &commit->batch;

	if (batch->entries == 0 || ticket < batch->first_ticket ||
	    ticket >= commit->next_ticket)
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
	struct entry copy = *entry;

	if (check_taken(commit, &copy, err) == -1)
		return -1;
	if (commit->batch.entries == 0)
		begin_batch(commit);
	if (read_text(commit, summary, request, err) == -1)
		return -1;
	compose_text(commit, &copy);
	admit(commit, waiter, ret_ticket);
	return 0;
}

int
commit_add_system(struct commit *commit, const char *capability,
    enum entry_status status, const char *summary, struct slice request,
    const struct commit_waiter *waiter, struct error *err)
{
	struct entry entry = system_entry(capability, status);

	return commit_add_json(
	    commit, &entry, summary, request, waiter, NULL, err);
}

bool
commit_is_full(struct commit *commit)
{
	const struct batch *batch = &commit->batch;

	return batch->lines.len >= COMMIT_BATCH_BYTES ||
	       batch->entries >= COMMIT_BATCH_ENTRIES ||
	       (batch->entries > 0 && clock_monotonic(commit->clock) >=
					  batch->begun_at + GATHER_MAX);
}

bool
commit_is_empty(const struct commit *commit)
{
	return commit->batch.entries == 0;
}

/* --- what the disk says -----------------------------------------------------
 */

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
begin_trouble(struct commit *commit, const struct error *err)
{
	struct trouble *trouble = &commit->trouble;

	if (trouble->is_on)
		return;
	*trouble = (struct trouble){
		.is_on = true,
		.since = clock_realtime(commit->clock),
		.offset = log_writer_bytes(commit->writer),
		.err = *err,
	};
	snprintf(trouble->file, sizeof(trouble->file), "%s",
	    log_writer_name(commit->writer));
	diag(DIAG_CRITICAL, "audit-write-failure: %s", err->sentence);
}

/* The lines of the batch once more, behind a log.open: seq and prev_hash move
 * on by one, and so do the hashes. */
static void
recompose_for_new_file(struct commit *commit)
{
	struct batch *batch = &commit->batch;
	struct buf old = batch->lines;
	struct slice rest = buf_slice(&old);

	batch->lines = commit->recomposed;
	commit->recomposed = old;
	buf_reset(&batch->lines);
	batch->end = commit->head;
	batch->opens_file = true;
	compose_log_open(commit);
	while (rest.len > 0) {
		const char *newline = memchr(rest.data, '\n', rest.len);
		struct slice line = { rest.data,
			(size_t)(newline - rest.data) };
		struct entry entry;
		struct error err;
		int status = entry_parse(line, &entry, &err);

		assert(status == 0); /* we composed it a moment ago */
		entry.seq = ++batch->end.seq;
		memcpy(entry.prev_hash, batch->end.hash, SHA256_BYTES);
		entry_compose(
		    commit->sha256, &entry, entry.payload, &batch->lines);
		memcpy(batch->end.hash, entry.entry_hash, SHA256_BYTES);
		rest.data += line.len + 1;
		rest.len -= line.len + 1;
	}
	batch->end.recorded_at = batch->recorded_at;
	batch->first_seq++;
}

/* Make the batch durable: as it stands, then once more from memory, then in a
 * new file. -1: the disk has refused it, and nothing of it counts. */
static int
write_batch(struct commit *commit, struct error *err)
{
	struct log_writer *writer = commit->writer;
	struct batch *batch = &commit->batch;
	struct slice lines = buf_slice(&batch->lines);

	if (batch->opens_file &&
	    log_writer_create(writer, batch->recorded_at, err) == -1)
		return -1;
	if (log_writer_append(writer, lines, err) == 0)
		return 0;
	if (refusal_of(err) != STATUS_WRITE_FAILED)
		return -1;
	begin_trouble(commit, err);
	commit->trouble.answer = "written again";
	if (log_writer_append(writer, lines, err) == 0)
		return 0;
	commit->trouble.answer = "written to a new file";
	if (!batch->opens_file)
		recompose_for_new_file(commit);
	if (log_writer_create(writer, batch->recorded_at, err) == -1)
		return -1;
	return log_writer_append(writer, buf_slice(&batch->lines), err);
}

static void
record_trouble(struct commit *commit)
{
	struct trouble *trouble = &commit->trouble;
	cleanup(buf_free) struct buf request = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct json_writer json;
	struct error err;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_time(&json, "since", trouble->since);
	json_writer_pair(&json, "failure", trouble->err.sentence);
	json_writer_pair(&json, "file", trouble->file);
	json_writer_pair_u64(&json, "offset", trouble->offset);
	json_writer_pair(&json, "answer", trouble->answer);
	json_writer_pair_u64(&json, "entries_refused", trouble->refused);
	json_writer_end_object(&json);
	buf_addf(&summary, "%s; %s; %llu entries refused",
	    trouble->err.sentence, trouble->answer,
	    (unsigned long long)trouble->refused);
	if (commit_add_system(commit, "log.write_failure", ENTRY_ERROR,
		summary.data, buf_slice(&request), NULL, &err) == -1)
		diag(DIAG_ERROR, "log.write_failure: %s", err.sentence);
}

/* Until commit_retry() succeeds nothing is taken. */
static void
begin_refusal(struct commit *commit, const struct error *err)
{
	commit->refusal = refusal_of(err);
	snprintf(commit->reason, sizeof(commit->reason),
	    "audit-write-failure: %s", err->sentence);
	commit->retry_wait = commit->retry_wait == 0 ? RETRY_FIRST
			     : commit->retry_wait < RETRY_LAST / 2
				 ? 2 * commit->retry_wait
				 : RETRY_LAST;
	commit->retry_due = clock_monotonic(commit->clock) + commit->retry_wait;
}

/* --- flush ------------------------------------------------------------------
 */

/* The waiters hear, and may add entries: those belong to the next batch. */
static void
tell_waiting(struct commit *commit, uint64_t first_ticket, uint64_t first_seq,
    const struct error *err)
{
	struct waiting_list told = commit->batch.waiting;

	commit->batch.waiting = commit->told;
	commit->told = told;
	end_batch(&commit->batch);
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
	struct batch *batch = &commit->batch;

	commit->head = batch->end;
	commit->clock_is_back = batch->clock_is_back;
	commit->counts.accepted += batch->entries;
	commit->counts.batches++;
	if (commit->on_durable != NULL)
		commit->on_durable(commit->on_durable_context, &commit->head);
	tell_waiting(commit, batch->first_ticket, batch->first_seq, NULL);
	if (!commit->trouble.is_on)
		return;
	if (!commit->is_retrying)
		record_trouble(commit);
	diag(DIAG_NOTICE, "the audit log is written again (%s)",
	    commit->trouble.answer);
	commit->trouble.is_on = false;
}

/* What the batch left on the disk must be gone, durably, before other bytes
 * take its place. */
static void
batch_is_refused(struct commit *commit, const struct error *err)
{
	struct error told, ignored;

	begin_trouble(commit, err);
	begin_refusal(commit, err);
	if (!commit->is_retrying) {
		commit->trouble.refused += commit->batch.entries;
		commit->counts.refused += commit->batch.entries;
	}
	/* If this fails, commit_retry() begins with it. */
	(void)log_writer_cut(commit->writer, &ignored);
	error_set(&told, ERROR_AUDIT_UNAVAILABLE, "%s", commit->reason);
	tell_waiting(commit, 0, 0, &told);
}

void
commit_flush(struct commit *commit)
{
	struct error err;

	if (commit_is_empty(commit))
		return;
	if (write_batch(commit, &err) == 0)
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
	commit->trouble.answer = "waited until the disk took writes again";
	commit->is_retrying = true;
	record_trouble(commit);
	commit->retry_due = 0;
	commit_flush(commit);
	commit->is_retrying = false;
	if (commit->retry_due != 0)
		return;
	commit->retry_wait = 0;
	commit->refusal = STATUS_ACCEPTING;
	commit->reason[0] = '\0';
}

/* --- what others ask --------------------------------------------------------
 */

enum status_refusal
commit_refusal(const struct commit *commit)
{
	return commit->is_stopping ? STATUS_STOPPING : commit->refusal;
}

const char *
commit_reason(const struct commit *commit)
{
	if (commit->is_stopping && commit->refusal == STATUS_ACCEPTING)
		return "the daemon is stopping";
	return commit->reason;
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
