#include "collectors/kruxosd/invocation_internal.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/text.h"
#include "collectors/kruxosd/effect.h"
#include "door/field.h"

#include <assert.h>

const struct command_arg invocation_args[] = {
	{ "capability", COMMAND_STRING, "what is to be done" },
	{ "arguments", COMMAND_OBJECT, NULL },
	{ "invalid", COMMAND_STRING, NULL },
	{ "error", COMMAND_STRING, NULL },
	{ "session_id", COMMAND_STRING, NULL },
	{ "call_id", COMMAND_STRING, NULL },
	{ "parent_call_id", COMMAND_STRING, NULL },
	{ "trace_id", COMMAND_STRING, NULL },
	{ "duration_ms", COMMAND_NUMBER, NULL },
	{ "address", COMMAND_STRING, NULL },
	{ 0 },
};

static struct invocation *
invocation_new(const struct invocation_parts *parts, struct command_call *call)
{
	struct invocation *invocation = memory_new(sizeof(*invocation));

	invocation->parts = parts;
	invocation->call = call;
	invocation->reader = call->reader;
	invocation->args = call->args;
	invocation->message.entry = command_entry(call);
	invocation->parser = (struct message_parser)MESSAGE_PARSER_INIT;
	invocation->began_at = clock_monotonic(parts->clock);
	invocation->kept_reader = (struct json_reader)JSON_READER_INIT;
	buf_init(&invocation->kept);
	buf_init(&invocation->own_request);
	buf_init(&invocation->note);
	return invocation;
}

static void
invocation_free(struct invocation *invocation)
{
	message_parser_free(&invocation->parser);
	json_reader_free(&invocation->kept_reader);
	buf_free(&invocation->kept);
	buf_free(&invocation->own_request);
	buf_free(&invocation->note);
	free(invocation);
}

/* --- the answer ----------------------------------------------------------- */

static void
answer(struct invocation *invocation, uint64_t seq)
{
	const struct effect *effect = invocation->effect;
	cleanup(buf_free) struct buf text = BUF_INIT;
	struct json_writer json;
	struct error err;

	json_writer_init(&json, &text);
	json_writer_object(&json);
	json_writer_pair_u64(&json, "seq", seq);
	json_writer_pair(&json, "call_id", invocation->call_id);
	json_writer_pair(
	    &json, "policy_tier", entry_tier_name(invocation->tier));
	if (effect->end != NULL) {
		json_writer_key(&json, "result");
		json_writer_object(&json);
		if (effect->end(invocation, seq, &json, &err) == -1) {
			command_fail(invocation->call, &err);
			return;
		}
		json_writer_end_object(&json);
	}
	json_writer_end_object(&json);
	command_ok(invocation->call, buf_slice(&text));
}

static void
end_approval(const struct invocation *invocation, bool is_recorded)
{
	if (invocation->approval_id[0] != '\0')
		approval_keeper_end(invocation->parts->approvals,
		    slice_of(invocation->approval_id), is_recorded);
}

/* What is refused stays so, whether or not the log could take it: that it was
 * not recorded is said of what would be done. */
static void
fail(struct invocation *invocation, const struct error *err)
{
	if (invocation->refusal.code != ERROR_NONE)
		command_refuse(invocation->call, &invocation->refusal);
	else
		command_fail(invocation->call, err);
}

static void
on_commit(void *context, uint64_t tag, uint64_t seq, const struct error *err)
{
	struct invocation *invocation = context;
	struct commit *commit = invocation->parts->commit;

	(void)tag;
	if (invocation->has_call)
		recent_end(invocation->parts->recent, seq,
		    commit_head(commit)->recorded_at);
	end_approval(invocation, err == NULL);
	if (err != NULL)
		fail(invocation, err);
	else if (invocation->refusal.code != ERROR_NONE)
		command_refuse(invocation->call, &invocation->refusal);
	else
		answer(invocation, seq);
	invocation_free(invocation);
}

/* --- recording ------------------------------------------------------------ */

/* Has it been recorded before, by a call_id of the caller's? Then what has an
 * effect has had it, and is answered by that entry; what only reads is another
 * entry. */
static bool
is_repetition(struct invocation *invocation, const struct commit_waiter *waiter)
{
	const struct invocation_parts *parts = invocation->parts;
	struct recent_match match;
	struct error err;

	if (invocation->is_new)
		return false;
	invocation->has_call = !recent_look(parts->recent,
	    &invocation->message.entry, clock_realtime(parts->clock), &match);
	if (invocation->has_call || !invocation->is_once)
		return false;
	if (match.seq != 0)
		on_commit(invocation, 0, match.seq, NULL);
	else if (commit_add_again(parts->commit, match.ticket, waiter, &err) ==
		 -1)
		on_commit(invocation, 0, 0, &err);
	return true;
}

/* A refusal says why, unless who asked has said it. */
static int
add(struct invocation *invocation, const struct commit_waiter *waiter,
    uint64_t *ret_ticket, struct error *err)
{
	struct commit *commit = invocation->parts->commit;
	const struct message *message = &invocation->message;
	const struct error *refusal = &invocation->refusal;
	struct slice request = buf_slice(&invocation->own_request);
	struct commit_entry entry = {
		.entry = message->entry,
		.reader = invocation->reader,
		.summary = message->summary,
		.request = message->request,
	};

	if (refusal->code == ERROR_NONE || message->summary != NULL)
		return commit_add(commit, &entry, waiter, ret_ticket, err);
	if (request.len == 0)
		request = message->request == NULL ? (struct slice){ NULL, 0 }
						   : message->request->text;
	return commit_add_json(commit, &entry.entry, refusal->sentence, request,
	    waiter, ret_ticket, err);
}

/* What nobody has measured took as long as it took here. */
static void
add_duration(struct invocation *invocation)
{
	struct entry *entry = &invocation->message.entry;
	usec_t took =
	    clock_monotonic(invocation->parts->clock) - invocation->began_at;

	if (entry->duration_ms.data != NULL || invocation->is_told)
		return;
	snprintf(invocation->took, sizeof(invocation->took), "%.3f",
	    (double)took / (double)USEC_PER_MSEC);
	entry->duration_ms = slice_of(invocation->took);
}

/* Into the batch; on_commit() answers. */
static void
record(struct invocation *invocation)
{
	struct commit_waiter waiter = { on_commit, invocation, 0 };
	uint64_t ticket;
	struct error err;

	add_duration(invocation);
	if (is_repetition(invocation, &waiter))
		return;
	if (add(invocation, &waiter, &ticket, &err) == -1) {
		end_approval(invocation, false);
		fail(invocation, &err);
		invocation_free(invocation);
	} else if (invocation->has_call) {
		recent_begin(invocation->parts->recent, ticket);
	}
}

/* --- what was said -------------------------------------------------------- */

/* Of the command, not of the capability. */
static const struct json_node *
said(const struct invocation *invocation, const char *key)
{
	return invocation->args == NULL ? NULL
					: json_reader_member(invocation->reader,
					      invocation->args, key);
}

const struct json_node *
invocation_argument(const struct invocation *invocation, const char *key)
{
	const struct json_node *arguments = said(invocation, "arguments");

	return arguments == NULL
		   ? NULL
		   : json_reader_member(invocation->reader, arguments, key);
}

static int
read_fields(struct invocation *invocation, struct error *err)
{
	static const struct field fields[] = {
		{ "session_id", FIELD_NAME,
		    offsetof(struct message, entry.session_id) },
		{ "call_id", FIELD_NAME,
		    offsetof(struct message, entry.call_id) },
		{ "parent_call_id", FIELD_NAME,
		    offsetof(struct message, entry.parent_call_id) },
		{ "trace_id", FIELD_NAME,
		    offsetof(struct message, entry.trace_id) },
		{ "duration_ms", FIELD_DURATION,
		    offsetof(struct message, entry.duration_ms) },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct json_node *node = said(invocation, fields[i].key);

		if (node != NULL && field_read(&invocation->parser, &fields[i],
					node, &invocation->message, err) == -1)
			return -1;
	}
	return 0;
}

void
invocation_set_call_id(struct invocation *invocation, struct slice call_id)
{
	snprintf(invocation->call_id, sizeof(invocation->call_id), "%.*s",
	    SLICE_ARG(call_id));
	invocation->message.entry.call_id = slice_of(invocation->call_id);
	invocation->is_new = false;
}

static void
give_call_id(struct invocation *invocation)
{
	struct slice call_id = invocation->message.entry.call_id;
	char made[CREDENTIAL_NAME_SIZE];

	if (call_id.data != NULL) {
		invocation_set_call_id(invocation, call_id);
		return;
	}
	credential_make_name("call-", made);
	invocation_set_call_id(invocation, slice_of(made));
	invocation->is_new = true;
}

/* May the entry be of this name? What is reserved, and is nothing that agents
 * can ask for, would say what the daemon alone has to say. */
static bool
is_recordable(const struct invocation *invocation, struct slice name)
{
	return entry_is_capability(name) &&
	       (invocation->effect != NULL || !message_is_reserved(name));
}

/* Else the entry is about the asking. */
static int
read_capability(struct invocation *invocation, struct error *err)
{
	struct slice name = said(invocation, "capability")->text;
	cleanup(buf_free) struct buf shown = BUF_INIT;
	struct json_writer json;

	invocation->effect = effect_find(name);
	if (is_recordable(invocation, name)) {
		invocation->message.entry.capability = name;
		invocation->message.request = said(invocation, "arguments");
		return 0;
	}
	invocation->message.entry.capability =
	    SLICE_LITERAL("capability.invoke");
	name.len = text_cut(name, ENTRY_NAME_BYTES);
	json_writer_init(&json, &invocation->own_request);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "capability", name);
	json_writer_end_object(&json);
	text_add_visible(&shown, name, TEXT_ONE_LINE);
	return error_set_field(err, ERROR_NOT_FOUND, "capability",
	    "there is no capability %s", shown.data);
}

/* --- the steps ------------------------------------------------------------ */

/* Each returns -1 where the call ends, with the refusal and how the entry says
 * it. */

static int
ends(struct invocation *invocation, enum entry_status status,
    enum entry_decider decider)
{
	invocation->message.entry.status = status;
	invocation->message.entry.decider = decider;
	return -1;
}

static int
step_read(struct invocation *invocation)
{
	struct error *refusal = &invocation->refusal;
	int result = read_capability(invocation, refusal);

	if (result == 0)
		result = read_fields(invocation, refusal);
	give_call_id(invocation);
	if (result == 0)
		return 0;
	return ends(invocation, ENTRY_ERROR, ENTRY_BY_NONE);
}

static int
step_limit(struct invocation *invocation)
{
	struct entry *entry = &invocation->message.entry;
	struct error *refusal = &invocation->refusal;
	struct json_writer json;

	if (policy_keeper_take(invocation->parts->policy, entry->actor_name,
		entry->capability, refusal) == 0)
		return 0;
	json_writer_init(&json, &invocation->own_request);
	json_writer_object(&json);
	json_writer_pair_slice(&json, "capability", entry->capability);
	json_writer_pair_u64(&json, "wait_seconds", refusal->wait_seconds);
	json_writer_end_object(&json);
	entry->capability = SLICE_LITERAL("rate_limit.hit");
	return ends(invocation, ENTRY_DENIED, ENTRY_BY_POLICY);
}

/* Is there such a thing, and was it asked for as it has to be? The gateway has
 * looked at the arguments, and says what is wrong with them. */
static int
step_check(struct invocation *invocation)
{
	struct slice capability = invocation->message.entry.capability;
	const struct json_node *invalid = said(invocation, "invalid");

	if (invalid != NULL)
		error_set(&invocation->refusal, ERROR_OUT_OF_RANGE, "%.*s",
		    SLICE_ARG(invalid->text));
	else if (invocation->effect == NULL)
		error_set_field(&invocation->refusal, ERROR_NOT_FOUND,
		    "capability", "there is no capability %.*s",
		    SLICE_ARG(capability));
	else
		return 0;
	invocation->message.summary = invalid;
	return ends(invocation, ENTRY_ERROR, ENTRY_BY_NONE);
}

static int
step_policy(struct invocation *invocation)
{
	struct policy_keeper *policy = invocation->parts->policy;
	struct entry *entry = &invocation->message.entry;
	struct policy_decision decision;
	cleanup(buf_free) struct buf line = BUF_INIT;

	policy_keeper_decide(
	    policy, entry->actor_name, entry->capability, &decision);
	entry->tier = invocation->tier = decision.tier;
	entry->decider =
	    decision.rule == NULL ? ENTRY_BY_NONE : ENTRY_BY_POLICY;
	if (decision.tier != ENTRY_BLOCKED)
		return 0;
	policy_keeper_add_line(policy, &decision, &line);
	error_set_field(&invocation->refusal, ERROR_NOT_ALLOWED, "capability",
	    "the policy blocks it (%s)", line.data);
	return ends(invocation, ENTRY_DENIED, ENTRY_BY_POLICY);
}

/* What only reads has been read by the gateway, or could not be: that is
 * recorded, and it tells so itself. */
static int
begin_effect(struct invocation *invocation)
{
	const struct effect *effect = invocation->effect;

	if (effect->begin != NULL)
		return effect->begin(invocation, &invocation->refusal);
	invocation->message.summary = said(invocation, "error");
	return invocation->message.summary == NULL ? 0 : -1;
}

static void
step_effect(struct invocation *invocation)
{
	enum entry_decider decider = invocation->message.entry.decider;

	if (begin_effect(invocation) == -1)
		ends(invocation, ENTRY_ERROR, decider);
}

/* --- a person's approval -------------------------------------------------- */

/* The command may be over before a person is asked and it goes on. It has been
 * read once: it reads the same again. */
static void
keep(struct invocation *invocation)
{
	struct error none = { 0 };

	buf_add_slice(&invocation->kept, invocation->args->text);
	(void)json_reader_read(
	    &invocation->kept_reader, buf_slice(&invocation->kept), &none);
	invocation->reader = &invocation->kept_reader;
	invocation->args = invocation->kept_reader.nodes;
	(void)read_capability(invocation, &none);
	(void)read_fields(invocation, &none);
	invocation->message.entry.call_id = slice_of(invocation->call_id);
	assert(none.code == ERROR_NONE);
}

/* That it waits is said by the entry that asks, and by no other. */
static void
wait_for(struct invocation *invocation, const struct approval_reply *reply)
{
	struct error err;

	error_set_approval(&err, reply->id,
	    "a person has to approve it; then the same call again");
	command_refuse(invocation->call, &err);
	invocation_free(invocation);
}

static void
reject(struct invocation *invocation, const struct approval_reply *reply)
{
	struct error *refusal = &invocation->refusal;
	cleanup(buf_free) struct buf reason = BUF_INIT;

	text_add_visible(&reason, reply->reason, TEXT_ONE_LINE);
	if (reply->user.len == 0)
		error_set(refusal, ERROR_NOT_ALLOWED,
		    "nobody has approved it in time");
	else
		error_set(refusal, ERROR_NOT_ALLOWED,
		    "%.*s has rejected it: %s", SLICE_ARG(reply->user),
		    reason.len > 0 ? reason.data : "no reason was given");
	ends(invocation, ENTRY_DENIED,
	    reply->user.len == 0 ? ENTRY_BY_POLICY : ENTRY_BY_USER);
}

/* What it took to wait for a person is not what it takes. */
static void
run_approved(struct invocation *invocation)
{
	memcpy(invocation->approval_id, invocation->call_id,
	    sizeof(invocation->approval_id));
	invocation->began_at = clock_monotonic(invocation->parts->clock);
	invocation->message.entry.decider = ENTRY_BY_USER;
	step_effect(invocation);
}

static void
on_reply(
    void *context, const struct approval_reply *reply, const struct error *err)
{
	struct invocation *invocation = context;

	if (err != NULL) {
		invocation->refusal = *err;
		ends(invocation, ENTRY_ERROR, ENTRY_BY_POLICY);
	} else if (reply->answer == APPROVAL_WAITS) {
		wait_for(invocation, reply);
		return;
	} else {
		invocation_set_call_id(invocation, reply->id);
		if (reply->answer == APPROVAL_REJECTS)
			reject(invocation, reply);
		else
			run_approved(invocation);
	}
	record(invocation);
}

static void
ask(struct invocation *invocation)
{
	const struct json_node *arguments;
	struct entry entry;

	keep(invocation);
	arguments = invocation->message.request;
	entry = invocation->message.entry;
	if (invocation->is_new)
		entry.call_id = (struct slice){ NULL, 0 };
	approval_keeper_ask(invocation->parts->approvals, &entry,
	    arguments == NULL ? (struct slice){ NULL, 0 } : arguments->text,
	    on_reply, invocation);
}

/* --- all of it ------------------------------------------------------------ */

void
invocation_command(
    const struct invocation_parts *parts, struct command_call *call)
{
	struct invocation *invocation = invocation_new(parts, call);

	if (step_read(invocation) == 0 && step_limit(invocation) == 0 &&
	    step_check(invocation) == 0 && step_policy(invocation) == 0) {
		if (invocation->tier == ENTRY_APPROVAL_REQUIRED) {
			ask(invocation);
			return;
		}
		step_effect(invocation);
	}
	record(invocation);
}
