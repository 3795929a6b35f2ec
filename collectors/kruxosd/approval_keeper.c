#include "collectors/kruxosd/approval_keeper_internal.h"

#include "base/diag.h"
#include "base/memory.h"

#include <assert.h>

enum { EXPIRED_AT_ONCE = 64 };

/* A clock that was set back by more makes no request younger. */
#define STEP_BACK ACCOUNTS_STEP_BACK

struct approval_keeper *
approval_keeper_new(struct state_changer *changer,
    struct account_keeper *accounts, struct redactor *redactor)
{
	struct approval_keeper *keeper = memory_new(sizeof(*keeper));

	keeper->changer = changer;
	keeper->accounts = accounts;
	keeper->payload = payload_new(redactor);
	keeper->sha256 = sha256_new();
	return keeper;
}

void
approval_keeper_free(struct approval_keeper *keeper)
{
	if (keeper == NULL)
		return;
	sha256_free(keeper->sha256);
	payload_free(keeper->payload);
	free(keeper);
}

void
approval_keeper_configure(
    struct approval_keeper *keeper, const struct config *config)
{
	keeper->timeout = config->approval_timeout;
	keeper->valid = config->approval_valid;
}

/* --- time ----------------------------------------------------------------- */

static usec_t
earlier(usec_t now, usec_t by)
{
	return now > by ? now - by : 0;
}

bool
approval_keeper_is_over(const struct approval_keeper *keeper,
    const struct approval_row *row, usec_t now)
{
	bool is_open = row->step == APPROVAL_OPEN;
	usec_t since = is_open ? row->asked_at : row->decided_at;

	return since <
		   earlier(now, is_open ? keeper->timeout : keeper->valid) ||
	       since > now + STEP_BACK;
}

/* It goes, and the log says so where nobody has decided, or nobody has used
 * what was decided. */
static int
expire(struct state_change *change, const struct approval_row *row,
    struct error *err)
{
	struct slice reason = row->step == APPROVAL_OPEN
				  ? SLICE_LITERAL("expired")
				  : SLICE_LITERAL("not used");

	if (approval_writer_remove(change->writer, row->id, err) == -1)
		return -1;
	if (row->step != APPROVAL_OPEN && row->step != APPROVAL_GRANTED)
		return 0;
	return approval_keeper_owe(change, state_change_own_entry(),
	    "approval.reject", row, reason, err);
}

/* 1: one has expired; 0: none was to. */
static int
expire_one(struct approval_keeper *keeper, struct error *err)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	usec_t now = clock_realtime(keeper->changer->clock);
	struct state_change change;
	struct approval_row row;
	int found = approval_writer_find_over(keeper->changer->writer,
	    earlier(now, keeper->timeout), earlier(now, keeper->valid),
	    now + STEP_BACK, &arena, &row, err);

	if (found != 1)
		return found;
	if (state_change_begin(keeper->changer, &change, err) == -1)
		return -1;
	return state_change_end(
		   &change, expire(&change, &row, err), NULL, NULL, err) == -1
		   ? -1
		   : 1;
}

void
approval_keeper_tick(struct approval_keeper *keeper)
{
	struct error err;
	int found = 1;

	for (int i = 0; i < EXPIRED_AT_ONCE && found == 1; i++)
		found = expire_one(keeper, &err);
	if (found == -1 && !keeper->has_failed)
		diag(DIAG_ERROR, "approvals that are over: %s", err.sentence);
	keeper->has_failed = found == -1;
}

/* --- entries -------------------------------------------------------------- */

int
approval_keeper_owe(struct state_change *change, struct entry entry,
    const char *capability, const struct approval_row *row, struct slice reason,
    struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "approval_id", row->id);
	json_writer_pair_slice(&json, "capability", row->capability);
	json_writer_pair_slice(&json, "agent_name", row->agent);
	if (reason.len > 0)
		json_writer_pair_slice(&json, "reason", reason);
	json_writer_end_object(&json);
	entry.call_id = row->id;
	if (row->session_id.len > 0)
		entry.session_id = row->session_id;
	return state_change_owe(
	    change, entry, capability, buf_slice(&request), err);
}

/* The entry of an agent that asks. */
static int
owe_request(struct state_change *change, const struct entry *asked,
    const struct approval_row *row, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	struct entry entry = *asked;
	struct json_writer json;

	json_writer_init(&json, &request);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "approval_id", row->id);
	json_writer_pair_slice(&json, "capability", row->capability);
	if (asked->call_id.len > 0)
		json_writer_pair_slice(&json, "call_id", asked->call_id);
	json_writer_key(&json, "arguments");
	json_writer_raw(&json, row->request);
	json_writer_end_object(&json);
	entry.call_id = row->id;
	entry.tier = ENTRY_APPROVAL_REQUIRED;
	entry.decider = ENTRY_BY_POLICY;
	entry.status = ENTRY_PENDING;
	return state_change_owe(
	    change, entry, "approval.request", buf_slice(&request), err);
}

/* --- a call asks ---------------------------------------------------------- */

struct ask {
	const struct entry *entry;
	struct slice arguments; /* an object, as it came */
	unsigned char digest[SHA256_BYTES];
	struct arena arena; /* of the row */
	struct approval_row row;
	bool is_new;
};

/* Who waits for the entry of a new request to be durable. */
struct waiting {
	approval_on_reply on_reply;
	void *context;
	char id[ENTRY_NAME_BYTES + 1];
};

static void
on_recorded(void *context, const struct error *err)
{
	struct waiting *waiting = context;
	struct approval_reply reply = { .answer = APPROVAL_WAITS,
		.id = slice_of(waiting->id) };

	waiting->on_reply(waiting->context, err == NULL ? &reply : NULL, err);
	free(waiting);
}

/* A person must be shown what he is asked, and who lists the requests reads
 * them this far within each other: the line, `ok`, `approvals`, the one. */
static int
need_room_around(
    struct json_reader *reader, struct slice arguments, struct error *err)
{
	cleanup(buf_free) struct buf text = BUF_INIT;

	buf_add_str(&text, "[[[[");
	buf_add_slice(&text, arguments);
	buf_add_str(&text, "]]]]");
	if (json_reader_read(reader, buf_slice(&text), err) == 0)
		return 0;
	return error_set_field(err, err->code, "arguments",
	    "arguments: a person is not asked for what cannot be shown to him: "
	    "it is too long, or too deep");
}

/* The arguments as the log would have them: without secrets, within its bound.
 */
static int
redact(struct approval_keeper *keeper, struct slice arguments, struct buf *out,
    struct error *err)
{
	static const unsigned char salt[ENTRY_SALT_BYTES];
	static const char key[] = ",\"request\":";
	struct json_reader reader = JSON_READER_INIT;
	const char *request;
	int result = need_room_around(&reader, arguments, err);

	if (result == 0)
		result = json_reader_read(&reader, arguments, err);
	if (result == 0) {
		payload_compose(
		    keeper->payload, &reader, salt, NULL, reader.nodes, out);
		request = memmem(out->data, out->len, key, strlen(key));
		assert(request != NULL);
		buf_consume(out, (size_t)(request - out->data) + strlen(key));
	}
	json_reader_free(&reader);
	return result;
}

/* Never the caller's call_id, and never one that was there before: who looks at
 * one request cannot be made to decide on another. */
static void
choose_id(struct ask *ask)
{
	char made[CREDENTIAL_NAME_SIZE];

	credential_make_name("call-", made);
	ask->row.id = arena_slice(&ask->arena, slice_of(made));
}

static int
add_new(struct approval_keeper *keeper, struct state_change *change,
    struct ask *ask, struct error *err)
{
	cleanup(buf_free) struct buf request = BUF_INIT;
	const struct entry *entry = ask->entry;

	if (redact(keeper, ask->arguments, &request, err) == -1)
		return -1;
	choose_id(ask);
	ask->is_new = true;
	ask->row.agent = entry->actor_name;
	ask->row.capability = entry->capability;
	ask->row.session_id = entry->session_id;
	ask->row.request = arena_slice(&ask->arena, buf_slice(&request));
	ask->row.step = APPROVAL_OPEN;
	ask->row.asked_at = change->now;
	if (approval_writer_add(change->writer, &ask->row, ask->digest, err) ==
	    -1)
		return -1;
	return owe_request(change, entry, &ask->row, err);
}

/* What was decided is told once. */
static int
take(struct state_change *change, const struct approval_row *row,
    struct error *err)
{
	if (row->step == APPROVAL_GRANTED)
		return approval_writer_set_step(
		    change->writer, row->id, APPROVAL_RUNNING, err);
	if (row->step == APPROVAL_REFUSED)
		return approval_writer_remove(change->writer, row->id, err);
	return 0;
}

static int
look_up(struct approval_keeper *keeper, struct state_change *change,
    struct ask *ask, struct error *err)
{
	int found = approval_writer_find_call(change->writer,
	    ask->entry->actor_name, ask->entry->capability, ask->digest,
	    &ask->arena, &ask->row, err);

	if (found == -1)
		return -1;
	if (found == 1 &&
	    !approval_keeper_is_over(keeper, &ask->row, change->now))
		return take(change, &ask->row, err);
	if (found == 1 && expire(change, &ask->row, err) == -1)
		return -1;
	ask->row = (struct approval_row){ 0 };
	return add_new(keeper, change, ask, err);
}

static void
reply_at_once(const struct ask *ask, approval_on_reply on_reply, void *context)
{
	static const enum approval_answer answers[APPROVAL_STEPS] = {
		[APPROVAL_OPEN] = APPROVAL_WAITS,
		[APPROVAL_GRANTED] = APPROVAL_RUNS,
		[APPROVAL_REFUSED] = APPROVAL_REJECTS,
		[APPROVAL_RUNNING] = APPROVAL_WAITS, /* is not looked up */
	};
	struct approval_reply reply = {
		.answer = answers[ask->row.step],
		.id = ask->row.id,
		.user = ask->row.decided_by,
		.reason = ask->row.reason,
	};

	on_reply(context, &reply, NULL);
}

static struct waiting *
waiting_new(const struct ask *ask, approval_on_reply on_reply, void *context)
{
	struct waiting *waiting = memory_new(sizeof(*waiting));

	waiting->on_reply = on_reply;
	waiting->context = context;
	snprintf(
	    waiting->id, sizeof(waiting->id), "%.*s", SLICE_ARG(ask->row.id));
	return waiting;
}

/* 0: `on_reply` has heard, or will. A decision stands in the log before what
 * follows from it, also if the log took nothing when it was made. */
static int
run(struct approval_keeper *keeper, struct ask *ask, approval_on_reply on_reply,
    void *context, struct error *err)
{
	struct waiting *waiting = NULL;
	struct state_change change;
	int result;

	owed_entries_tick(keeper->changer->owed);
	if (state_change_begin(keeper->changer, &change, err) == -1)
		return -1;
	result = look_up(keeper, &change, ask, err);
	if (result == 0 && ask->is_new)
		waiting = waiting_new(ask, on_reply, context);
	if (state_change_end_then(&change, result,
		waiting == NULL ? NULL : on_recorded, waiting, err) == -1) {
		free(waiting);
		return -1;
	}
	if (!ask->is_new)
		reply_at_once(ask, on_reply, context);
	return 0;
}

void
approval_keeper_ask(struct approval_keeper *keeper, const struct entry *entry,
    struct slice arguments, approval_on_reply on_reply, void *context)
{
	struct ask ask = { .entry = entry, .arguments = arguments };
	struct error err;

	if (arguments.data == NULL)
		ask.arguments = SLICE_LITERAL("{}");
	sha256_digest(keeper->sha256, ask.arguments, ask.digest);
	if (run(keeper, &ask, on_reply, context, &err) == -1)
		on_reply(context, NULL, &err);
	arena_free(&ask.arena);
}

/* --- … and is over -------------------------------------------------------- */

static int
end(struct approval_keeper *keeper, struct slice id, bool is_recorded,
    struct error *err)
{
	struct state_writer *writer = keeper->changer->writer;
	int result = state_writer_begin(writer, err);

	if (result == -1)
		return -1;
	result = is_recorded ? approval_writer_remove(writer, id, err)
			     : approval_writer_set_step(
				   writer, id, APPROVAL_GRANTED, err);
	return state_writer_commit(writer, result, err);
}

/* One that stays as it is runs no more: it goes when its time is over. */
void
approval_keeper_end(
    struct approval_keeper *keeper, struct slice id, bool is_recorded)
{
	struct error err;

	if (end(keeper, id, is_recorded, &err) == -1)
		diag(DIAG_WARNING, "approval %.*s: %s", SLICE_ARG(id),
		    err.sentence);
}
