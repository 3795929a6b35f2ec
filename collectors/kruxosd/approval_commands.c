#include "collectors/kruxosd/approval_keeper_internal.h"

#include "base/memory.h"
#include "base/text.h"

/* Of an answer: a door's line is 1 MiB at most. */
enum { LIST_BYTES = 768 << 10 };

const struct command_arg approval_list_args[] = {
	{ "state", COMMAND_STRING, NULL },
	{ "id", COMMAND_STRING, NULL },
	{ 0 },
};

const struct command_arg approval_decide_args[] = {
	{ "id", COMMAND_STRING, "which request" },
	{ "reason", COMMAND_STRING, NULL },
	{ "account", COMMAND_STRING, NULL },
	{ "password", COMMAND_STRING, NULL },
	{ 0 },
};

/* --- approval.list -------------------------------------------------------- */

enum {
	STEPS_OPEN = 1 << APPROVAL_OPEN,
	STEPS_DECIDED = 1 << APPROVAL_GRANTED | 1 << APPROVAL_REFUSED |
			1 << APPROVAL_RUNNING,
};

static const struct {
	const char *word;
	unsigned steps;
} states[] = {
	{ "open", STEPS_OPEN },
	{ "decided", STEPS_DECIDED },
	{ "all", STEPS_OPEN | STEPS_DECIDED },
};

/* What people call it. */
static const char *const step_words[APPROVAL_STEPS] = {
	[APPROVAL_OPEN] = "open",
	[APPROVAL_GRANTED] = "accepted",
	[APPROVAL_REFUSED] = "rejected",
	[APPROVAL_RUNNING] = "used",
};

struct listing {
	const struct approval_keeper *keeper;
	struct json_writer json;
	usec_t now;
	bool is_cut;
};

static void
pair_or_null(struct json_writer *json, const char *key, struct slice text)
{
	json_writer_key(json, key);
	if (text.len == 0)
		json_writer_null(json);
	else
		json_writer_string(json, text);
}

static void
write_row(struct listing *listing, const struct approval_row *row)
{
	struct json_writer *json = &listing->json;
	bool is_open = row->step == APPROVAL_OPEN;
	usec_t until = is_open ? row->asked_at + listing->keeper->timeout
			       : row->decided_at + listing->keeper->valid;
	usec_t waited =
	    listing->now > row->asked_at ? listing->now - row->asked_at : 0;

	json_writer_object(json);
	json_writer_pair_slice(json, "id", row->id);
	json_writer_pair_slice(json, "call_id", row->id);
	json_writer_pair(json, "state", step_words[row->step]);
	json_writer_pair_slice(json, "agent_name", row->agent);
	json_writer_pair_slice(json, "capability", row->capability);
	pair_or_null(json, "session_id", row->session_id);
	json_writer_pair_time(json, "asked_at", row->asked_at);
	json_writer_pair_time(json, "expires_at", until);
	json_writer_pair_u64(json, "waiting_seconds", waited / USEC_PER_SEC);
	json_writer_key(json, "request");
	json_writer_raw(json, row->request);
	pair_or_null(json, "decided_by", row->decided_by);
	json_writer_pair_time_or_null(json, "decided_at", row->decided_at);
	pair_or_null(json, "reason", row->reason);
	json_writer_end_object(json);
}

/* Those that fit into an answer; the rest come when these are decided. */
static bool
list_row(void *context, const struct approval_row *row)
{
	struct listing *listing = context;

	if (approval_keeper_is_over(listing->keeper, row, listing->now))
		return true; /* it is about to go */
	listing->is_cut =
	    listing->json.out->len + row->request.len > LIST_BYTES;
	if (!listing->is_cut)
		write_row(listing, row);
	return !listing->is_cut;
}

static int
list_one(struct listing *listing, struct slice id, struct error *err)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct approval_row row;
	int found = approval_writer_find(
	    listing->keeper->changer->writer, id, &arena, &row, err);

	if (found == 0)
		return error_set_field(
		    err, ERROR_NOT_FOUND, "id", "no request of this id waits");
	if (found == 1)
		write_row(listing, &row);
	return found == -1 ? -1 : 0;
}

static int
list(
    struct listing *listing, const struct command_call *call, struct error *err)
{
	struct slice id = command_text(call, "id");
	struct slice state = command_text(call, "state");

	if (id.data != NULL)
		return list_one(listing, id, err);
	if (state.data == NULL)
		state = slice_of(states[0].word);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_is(state, states[i].word))
			return approval_writer_each(
			    listing->keeper->changer->writer, states[i].steps,
			    list_row, listing, err);
	return error_set_field(
	    err, ERROR_OUT_OF_RANGE, "state", "state: open, decided or all");
}

void
approval_list_command(struct approval_keeper *keeper, struct command_call *call)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct listing listing = { .keeper = keeper,
		.now = clock_realtime(keeper->changer->clock) };
	struct json_writer *json = &listing.json;
	struct error err;

	json_writer_init(json, &answer);
	json_writer_object(json);
	json_writer_key(json, "approvals");
	json_writer_array(json);
	if (list(&listing, call, &err) == -1) {
		command_fail(call, &err);
		return;
	}
	json_writer_end_array(json);
	json_writer_pair_bool(json, "more", listing.is_cut);
	json_writer_end_object(json);
	command_ok(call, buf_slice(&answer));
}

/* --- approval.accept, approval.reject ------------------------------------- */

struct decision {
	struct approval_keeper *keeper;
	struct command_call *call;
	bool accepts;
	char id[ENTRY_NAME_BYTES + 1];
	char account[ACCOUNT_NAME_BYTES + 1]; /* "": that of the call */
	struct buf reason;
};

static void
decision_free(struct decision *decision)
{
	buf_free(&decision->reason);
	free(decision);
}

static void
fail(struct decision *decision, const struct error *err)
{
	command_fail(decision->call, err);
	decision_free(decision);
}

/* It waits, still. */
static int
need_open(const struct decision *decision, const struct approval_row *row,
    usec_t now, struct error *err)
{
	if (approval_keeper_is_over(decision->keeper, row, now))
		return error_set_field(
		    err, ERROR_CONFLICT, "id", "%s has expired", decision->id);
	if (row->step == APPROVAL_OPEN)
		return 0;
	return error_set_field(err, ERROR_CONFLICT, "id",
	    "%s was decided already: %s by %.*s", decision->id,
	    step_words[row->step], SLICE_ARG(row->decided_by));
}

/* Whose password it was, he must be an operator. */
static int
check_account(const struct decision *decision, struct error *err)
{
	return decision->account[0] == '\0'
		   ? 0
		   : account_keeper_need_operator(decision->keeper->accounts,
			 slice_of(decision->account), err);
}

static int
decide_row(struct state_change *change, const struct decision *decision,
    const struct approval_row *row, struct error *err)
{
	struct entry entry = command_entry(decision->call);
	struct slice reason = buf_slice(&decision->reason);

	if (decision->account[0] != '\0')
		entry.actor_name = slice_of(decision->account);
	entry.decider = ENTRY_BY_USER;
	if (check_account(decision, err) == -1 ||
	    need_open(decision, row, change->now, err) == -1 ||
	    approval_writer_decide(change->writer, row->id,
		decision->accepts ? APPROVAL_GRANTED : APPROVAL_REFUSED,
		change->now, entry.actor_name, reason, err) == -1)
		return -1;
	return approval_keeper_owe(change, entry,
	    decision->accepts ? "approval.accept" : "approval.reject", row,
	    reason, err);
}

static void
write_answer(const struct decision *decision, const struct approval_row *row,
    struct buf *out)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_writer_object(&json);
	json_writer_pair(&json, "id", decision->id);
	json_writer_pair(
	    &json, "state", decision->accepts ? "accepted" : "rejected");
	json_writer_pair_slice(&json, "agent_name", row->agent);
	json_writer_pair_slice(&json, "capability", row->capability);
	json_writer_end_object(&json);
}

static int
decide_in(struct state_change *change, const struct decision *decision,
    struct buf *answer, struct error *err)
{
	cleanup(arena_free) struct arena arena = ARENA_INIT;
	struct approval_row row;
	int found = approval_writer_find(
	    change->writer, slice_of(decision->id), &arena, &row, err);

	if (found == 0)
		return error_set_field(
		    err, ERROR_NOT_FOUND, "id", "no request of this id waits");
	if (found == -1 || decide_row(change, decision, &row, err) == -1)
		return -1;
	write_answer(decision, &row, answer);
	return 0;
}

static void
apply(struct decision *decision)
{
	cleanup(buf_free) struct buf answer = BUF_INIT;
	struct state_change change;
	struct error err;
	int result =
	    state_change_begin(decision->keeper->changer, &change, &err);

	if (result == 0) {
		result = decide_in(&change, decision, &answer, &err);
		result = state_change_end(
		    &change, result, decision->call, &answer, &err);
	}
	if (result == -1)
		fail(decision, &err);
	else
		decision_free(decision);
}

static void
on_confirmed(void *context, const struct error *err)
{
	struct decision *decision = context;

	if (err != NULL)
		fail(decision, err);
	else
		apply(decision);
}

static int
read_decision(struct decision *decision, struct error *err)
{
	const struct command_call *call = decision->call;
	struct slice reason = command_text(call, "reason");
	struct slice account = command_text(call, "account");

	snprintf(decision->id, sizeof(decision->id), "%.*s",
	    SLICE_ARG(command_text(call, "id")));
	text_add_visible(&decision->reason, reason, TEXT_ONE_LINE);
	if (decision->reason.len > APPROVAL_REASON_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, "reason",
		    "reason: at most %d bytes", APPROVAL_REASON_BYTES);
	if (!decision->accepts && decision->reason.len == 0)
		return error_set_field(err, ERROR_MISSING_FIELD, "reason",
		    "reason: why not? the agent is told");
	if (account.data != NULL && !account_is_name(account))
		return error_set_field(
		    err, ERROR_OUT_OF_RANGE, "account", "account is no name");
	snprintf(decision->account, sizeof(decision->account), "%.*s",
	    SLICE_ARG(account));
	return 0;
}

/* 1: whoever asks may; 0: if he has the account's password. An agent often runs
 * as its user, and may have his tokens: both are no person's word. */
static int
check_person(const struct decision *decision, struct error *err)
{
	const struct command_call *call = decision->call;
	unsigned classes = call->peer.classes;
	bool has_password = command_argument(call, "password") != NULL;

	if ((classes & MESSAGE_SIGNED) != 0) {
		if ((classes & MESSAGE_SESSION) != 0 &&
		    (classes & MESSAGE_ACTOR) != 0)
			return 1;
		return error_set(err, ERROR_NOT_ALLOWED,
		    "a person decides, signed in as an operator; no token "
		    "does");
	}
	if ((classes & MESSAGE_OWNER) != 0 && !has_password)
		return 1;
	if (has_password && decision->account[0] != '\0')
		return 0;
	return error_set_field(err, ERROR_MISSING_FIELD, "password",
	    "an operator's account and its password are needed");
}

static void
decide(struct approval_keeper *keeper, struct command_call *call, bool accepts)
{
	struct decision *decision = memory_new(sizeof(*decision));
	struct error err;
	int may = -1;

	decision->keeper = keeper;
	decision->call = call;
	decision->accepts = accepts;
	buf_init(&decision->reason);
	if (read_decision(decision, &err) == 0)
		may = check_person(decision, &err);
	if (may == -1) {
		fail(decision, &err);
	} else if (may == 1) {
		decision->account[0] = '\0';
		apply(decision);
	} else {
		account_keeper_confirm_other(keeper->accounts, call,
		    slice_of(decision->account), command_text(call, "password"),
		    on_confirmed, decision);
	}
}

void
approval_accept_command(
    struct approval_keeper *keeper, struct command_call *call)
{
	decide(keeper, call, true);
}

void
approval_reject_command(
    struct approval_keeper *keeper, struct command_call *call)
{
	decide(keeper, call, false);
}
