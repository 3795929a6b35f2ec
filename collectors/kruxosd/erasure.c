#include "collectors/kruxosd/erasure.h"

#include "collectors/kruxosd/overwrite.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/json_writer.h"
#include "base/memory.h"
#include "base/number.h"

struct erasure {
	struct overwrite on; /* the log */
	struct commit *commit;
	struct state *state;
	struct sha256 *sha256;
	void (*on_erased)(void *context, uint64_t seq); /* NULL: nobody */
	void *context;
	erasure_guard guard; /* NULL: nobody can be signed in */
	void *guard_context;
	bool is_held;
};

/* Seqs in their order, none twice. */
struct seqs {
	uint64_t items[ERASURE_SEQS];
	size_t count;
};

const struct command_arg erasure_args[] = {
	{ "seqs", COMMAND_NUMBERS, "which entries are to be erased" },
	{ "reason", COMMAND_STRING, "why is it erased? it is recorded" },
	{ "password", COMMAND_STRING, NULL },
	{ 0 },
};

/* A command whose entry waits for its sync. */
struct request {
	struct erasure *erasure;
	struct command_call *call;
	struct seqs seqs;
	struct buf reason;
	size_t erased_before;
};

struct erasure *
erasure_new(struct disk *disk, int dir, const char *audit_dir,
    struct commit *commit, struct state *state)
{
	struct erasure *erasure = memory_new(sizeof(*erasure));

	*erasure = (struct erasure){
		.on = { disk, dir, audit_dir },
		.commit = commit,
		.state = state,
		.sha256 = sha256_new(),
	};
	return erasure;
}

void
erasure_free(struct erasure *erasure)
{
	if (erasure == NULL)
		return;
	sha256_free(erasure->sha256);
	free(erasure);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* [3,1,3] to 1, 3. */
static int
read_seqs(const struct json_reader *reader, const struct json_node *node,
    struct seqs *seqs, struct error *err)
{
	size_t kept = 0;

	if (node == NULL)
		return error_set_field(err, ERROR_MISSING_FIELD, "seqs",
		    "seqs: which entries are to be erased is missing");
	if (node->type != JSON_ARRAY || node->children == 0)
		return error_set_field(err, ERROR_WRONG_TYPE, "seqs",
		    "seqs: expected an array of seqs");
	if (node->children > ERASURE_SEQS)
		return error_set_field(err, ERROR_TOO_LONG, "seqs",
		    "seqs: at most %d at a time", ERASURE_SEQS);
	seqs->count = 0;
	for (const struct json_node *item = json_reader_first(reader, node);
	     item != NULL; item = json_reader_next(reader, node, item))
		if (item->type != JSON_NUMBER ||
		    number_parse_u64(item->text, 1, INT64_MAX,
			&seqs->items[seqs->count++]) == -1)
			return error_set_field(err, ERROR_WRONG_TYPE, "seqs",
			    "seqs: expected an array of seqs");
	qsort(seqs->items, seqs->count, sizeof(seqs->items[0]), by_number);
	for (size_t i = 0; i < seqs->count; i++)
		if (kept == 0 || seqs->items[i] != seqs->items[kept - 1])
			seqs->items[kept++] = seqs->items[i];
	seqs->count = kept;
	return 0;
}

/* --- the command ------------------------------------------------------- */

/* May it be erased? What is damaged stays as it is: erasing it would hide
 * that. */
static int
check_erasable(struct erasure *erasure, struct cursor *cursor, uint64_t seq,
    bool *ret_erased_before, struct error *err)
{
	struct cursor_line line;
	struct entry entry;
	unsigned long long number = seq;

	if (overwrite_find(cursor, seq, &line, err) == -1)
		return -1;
	if (entry_parse(line.line, &entry, err) == -1 ||
	    entry_check(erasure->sha256, &entry, err) == -1)
		return error_prefix(err, "entry %llu is damaged", number);
	if (slice_starts_with(entry.capability, SLICE_LITERAL("audit.")) ||
	    slice_starts_with(entry.capability, SLICE_LITERAL("log.")))
		return error_set_field(err, ERROR_NOT_ALLOWED, "seqs",
		    "entry %llu is of the log itself (%.*s) and cannot be "
		    "erased",
		    number, SLICE_ARG(entry.capability));
	*ret_erased_before = entry.erased_by != 0;
	return 0;
}

/* Those that were erased before are counted and left out. */
static int
check_all(struct request *request, struct error *err)
{
	struct erasure *erasure = request->erasure;
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(erasure->on.audit_dir, err);
	uint64_t head = commit_head(erasure->commit)->seq;
	struct seqs *seqs = &request->seqs;
	size_t kept = 0;

	if (cursor == NULL)
		return -1;
	for (size_t i = 0; i < seqs->count; i++) {
		bool erased_before = false;

		if (seqs->items[i] > head)
			return error_set_field(err, ERROR_NOT_FOUND, "seqs",
			    "there is no entry %llu; the last one is %llu",
			    (unsigned long long)seqs->items[i],
			    (unsigned long long)head);
		if (check_erasable(erasure, cursor, seqs->items[i],
			&erased_before, err) == -1)
			return -1;
		if (erased_before)
			request->erased_before++;
		else
			seqs->items[kept++] = seqs->items[i];
	}
	seqs->count = kept;
	return 0;
}

static int
read_reason(
    const struct command_call *call, struct buf *ret_reason, struct error *err)
{
	const struct json_node *node = command_argument(call, "reason");

	if (node->text.len == 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "reason",
		    "reason: why is it erased? it is recorded");
	if (node->text.len > ERASURE_REASON_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, "reason",
		    "reason: at most %d bytes", ERASURE_REASON_BYTES);
	buf_add_slice(ret_reason, node->text);
	return 0;
}

static void
free_request(struct request *request)
{
	buf_free(&request->reason);
	free(request);
}

static void
answer(struct request *request, uint64_t seq, size_t erased)
{
	cleanup(buf_free) struct buf result = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &result);
	json_writer_object(&json);
	if (seq != 0)
		json_writer_pair_u64(&json, "seq", seq);
	json_writer_pair_u64(&json, "erased", erased);
	/* By another command, perhaps, while this one waited for its sync. */
	json_writer_pair_u64(&json, "erased_before",
	    request->erased_before + request->seqs.count - erased);
	json_writer_end_object(&json);
	command_ok(request->call, buf_slice(&result));
}

static int
erase(struct erasure *erasure, const struct seqs *seqs, uint64_t eraser,
    size_t *ret_erased, struct error *err)
{
	if (overwrite_copies(&erasure->on, err) == -1 ||
	    overwrite_remains(&erasure->on, err) == -1)
		return -1;
	if (overwrite_payloads(&erasure->on, seqs->items, seqs->count, eraser,
		ret_erased, err) == -1)
		return -1;
	for (size_t i = 0; erasure->on_erased != NULL && i < seqs->count; i++)
		erasure->on_erased(erasure->context, seqs->items[i]);
	return 0;
}

void
erasure_set_listener(struct erasure *erasure,
    void (*on_erased)(void *context, uint64_t seq), void *context)
{
	erasure->on_erased = on_erased;
	erasure->context = context;
}

void
erasure_set_guard(struct erasure *erasure, erasure_guard guard, void *context)
{
	erasure->guard = guard;
	erasure->guard_context = context;
}

void
erasure_set_held(struct erasure *erasure, bool is_held)
{
	erasure->is_held = is_held;
}

void
erasure_note_undone(
    struct erasure *erasure, uint64_t seq, const struct error *err)
{
	struct error noted;

	diag(DIAG_ERROR, "audit.erase %llu: %s", (unsigned long long)seq,
	    err->sentence);
	if (state_add_erasure(erasure->state, seq, &noted) == -1)
		diag(DIAG_ERROR, "audit.erase %llu: %s",
		    (unsigned long long)seq, noted.sentence);
}

static void
on_durable(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct request *request = context;
	struct error failure;
	size_t erased;

	(void)tag;
	if (err != NULL)
		command_fail(request->call, err);
	else if (erase(request->erasure, &request->seqs, seq, &erased,
		     &failure) == 0)
		answer(request, seq, erased);
	else {
		erasure_note_undone(request->erasure, seq, &failure);
		error_prefix(&failure,
		    "recorded as entry %llu, and will be tried again",
		    (unsigned long long)seq);
		command_fail(request->call, &failure);
	}
	free_request(request);
}

static int
record(struct request *request, struct error *err)
{
	cleanup(buf_free) struct buf args = BUF_INIT;
	cleanup(buf_free) struct buf summary = BUF_INIT;
	struct commit_waiter waiter = { on_durable, request, 0 };
	struct json_writer json;
	struct entry entry = command_entry(request->call);

	entry.capability = SLICE_LITERAL("audit.erase");
	json_writer_init(&json, &args);
	json_writer_object(&json);
	json_writer_key(&json, "seqs");
	json_writer_array(&json);
	for (size_t i = 0; i < request->seqs.count; i++)
		json_writer_u64(&json, request->seqs.items[i]);
	json_writer_end_array(&json);
	json_writer_pair_slice(&json, "reason", buf_slice(&request->reason));
	json_writer_end_object(&json);
	buf_addf(&summary, "%zu %s erased", request->seqs.count,
	    request->seqs.count == 1 ? "payload" : "payloads");
	return commit_add_json(request->erasure->commit, &entry, summary.data,
	    buf_slice(&args), &waiter, NULL, err);
}

/* He may: what he asks for is looked at, and recorded. */
static void
go_on(void *context, const struct error *refusal)
{
	struct request *request = context;
	struct error err;

	if (refusal != NULL) {
		err = *refusal;
	} else if (request->erasure->is_held) {
		error_set(&err, ERROR_BUSY,
		    "a backup of the log is being made; erase when it is done");
	} else if (check_all(request, &err) == 0) {
		if (request->seqs.count == 0) {
			answer(request, 0, 0);
			free_request(request);
			return;
		}
		if (record(request, &err) == 0)
			return; /* on_durable() goes on */
	}
	command_fail(request->call, &err);
	free_request(request);
}

static int
read_request(
    struct request *request, const struct command_call *call, struct error *err)
{
	const struct json_node *seqs = command_argument(call, "seqs");

	if (read_seqs(call->reader, seqs, &request->seqs, err) == -1)
		return -1;
	return read_reason(call, &request->reason, err);
}

/* A token lies in files, and an open browser on a table. */
static int
check_guarded(const struct erasure *erasure, const struct command_call *call,
    struct error *err)
{
	if (erasure->guard == NULL ||
	    (call->peer.classes & MESSAGE_SESSION) == 0)
		return error_set_field(err, ERROR_NOT_ALLOWED, "do",
		    "erasing is for who is signed in, and for no token");
	if (command_argument(call, "password") == NULL)
		return error_set_field(err, ERROR_MISSING_FIELD, "password",
		    "password: erasing needs it once more");
	return 0;
}

void
erasure_command(struct erasure *erasure, struct command_call *call)
{
	struct request *request = memory_new(sizeof(*request));
	bool is_signed_in = (call->peer.classes & MESSAGE_SIGNED) != 0;
	struct error err;

	request->erasure = erasure;
	request->call = call;
	buf_init(&request->reason);
	if (read_request(request, call, &err) == -1 ||
	    (is_signed_in && check_guarded(erasure, call, &err) == -1))
		go_on(request, &err);
	else if (is_signed_in)
		erasure->guard(erasure->guard_context, call,
		    command_text(call, "password"), go_on, request);
	else
		go_on(request, NULL);
}

/* --- redo -------------------------------------------------------------- */

int
erasure_redo(struct erasure *erasure, uint64_t seq, struct error *err)
{
	cleanup(cursor_freep) struct cursor *cursor =
	    cursor_open(erasure->on.audit_dir, err);
	cleanup(json_reader_free) struct json_reader reader = JSON_READER_INIT;
	struct cursor_line line;
	struct entry entry;
	struct seqs seqs;
	size_t erased;

	if (cursor == NULL || overwrite_find(cursor, seq, &line, err) == -1 ||
	    entry_parse(line.line, &entry, err) == -1 ||
	    entry_check(erasure->sha256, &entry, err) == -1)
		return -1;
	if (!slice_is(entry.capability, "audit.erase") ||
	    entry.actor == ENTRY_AGENT)
		return error_set(err, ERROR_NOT_FOUND,
		    "entry %llu is no audit.erase", (unsigned long long)seq);
	if (json_reader_read(&reader, entry.request, err) == -1 ||
	    read_seqs(&reader,
		json_reader_member(&reader, reader.nodes, "seqs"), &seqs,
		err) == -1)
		return -1;
	if (erase(erasure, &seqs, seq, &erased, err) == -1)
		return -1;
	if (erased > 0)
		diag(DIAG_NOTICE,
		    "audit.erase %llu: %zu payloads were still "
		    "there and are erased now",
		    (unsigned long long)seq, erased);
	return 0;
}

void
erasure_retry(struct erasure *erasure)
{
	uint64_t seqs[STATE_ERASURES];
	size_t count = 0;
	struct error err;

	if (erasure->is_held)
		return;
	if (state_read_erasures(erasure->state, seqs, &count, &err) == -1)
		return; /* state.db has said so itself */
	for (size_t i = 0; i < count; i++) {
		if (erasure_redo(erasure, seqs[i], &err) == -1 &&
		    err.code != ERROR_NOT_FOUND) {
			diag(DIAG_ERROR, "audit.erase %llu: %s",
			    (unsigned long long)seqs[i], err.sentence);
			continue;
		}
		if (state_end_erasure(erasure->state, seqs[i], &err) == -1)
			diag(DIAG_ERROR, "%s", err.sentence);
	}
}
