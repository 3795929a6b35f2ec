#include "hook/call.h"

#include "base/cleanup.h"
#include "base/number.h"
#include "door/message.h"
#include "hook/outcome.h"

/* Calls that are ended because their session is, at most. */
enum { ENDED_CALLS = DELIVERY_LINES - 1 };

/* A call that takes a month, and more, has no duration. */
#define MILLIS_MAX 1e10

/* Names and ids of an entry, made good ones, and where they lie. */
struct names {
	struct buf session, call, parent, capability, summary, duration, waited;
};

#define NAMES_INIT                                                         \
	{                                                                  \
		.session = BUF_INIT, .call = BUF_INIT, .parent = BUF_INIT, \
		.capability = BUF_INIT, .summary = BUF_INIT,               \
		.duration = BUF_INIT, .waited = BUF_INIT                   \
	}

static void
names_free(struct names *names)
{
	buf_free(&names->session);
	buf_free(&names->call);
	buf_free(&names->parent);
	buf_free(&names->capability);
	buf_free(&names->summary);
	buf_free(&names->duration);
	buf_free(&names->waited);
}

void
call_desk_free(struct call_desk *desk)
{
	buf_free(&desk->lines);
	buf_free(&desk->reason);
	buf_free(&desk->names);
}

static void
add_record(struct call_desk *desk, const struct record *record,
    const struct event *event)
{
	record_write(record, event, &desk->lines);
	buf_add_char(&desk->lines, '\n');
}

/* An id for what the agent has given none: with it, an entry that is handed in
 * twice is recorded once. */
static void
add_own_id(const struct call_desk *desk, struct buf *out)
{
	buf_addf(out, "%s-%llu-%ld", event_agent_name(desk->event->agent),
	    (unsigned long long)desk->now, desk->pid);
}

/* The call that started the sub-agent in which the event happened. */
static void
find_parent(
    const struct call_desk *desk, const struct event *event, struct buf *ret)
{
	/* OpenCode's have sessions of their own. */
	struct slice agent_id =
	    event->agent_id.len > 0 || event->agent != EVENT_OPENCODE
		? event->agent_id
		: event->session_id;

	if (event->parent_call_id.len > 0)
		entry_add_name(ret, event->parent_call_id);
	else if (desk->waiting != NULL && agent_id.len > 0)
		waiting_find_parent(desk->waiting, agent_id, ret);
}

/* What entries of an event have in common. */
static struct record
make_record(const struct call_desk *desk, const struct event *event,
    struct names *names)
{
	entry_add_name(&names->session, event->session_id);
	find_parent(desk, event, &names->parent);
	return (struct record){
		.time = desk->now,
		.agent_name = desk->agent_name,
		.session_id = buf_slice(&names->session),
		.parent_call_id = buf_slice(&names->parent),
		.status = ENTRY_SUCCESS,
	};
}

/* --- entries that are no calls -------------------------------------------- */

static void
add_note(struct call_desk *desk, const char *capability)
{
	cleanup(names_free) struct names names = NAMES_INIT;
	struct record record = make_record(desk, desk->event, &names);

	add_own_id(desk, &names.call);
	record.call_id = buf_slice(&names.call);
	record.capability = slice_of(capability);
	if (slice_is(desk->event->name, "StopFailure"))
		record.status = ENTRY_ERROR;
	add_record(desk, &record, desk->event);
}

/* --- a call --------------------------------------------------------------- */

static struct record
make_call_record(const struct call_desk *desk, const struct event *event,
    struct names *names)
{
	struct record record = make_record(desk, event, names);

	event_add_capability(event, &names->capability);
	record.capability = buf_slice(&names->capability);
	if (event->call_id.len > 0)
		entry_add_name(&names->call, event->call_id);
	else
		add_own_id(desk, &names->call);
	record.call_id = buf_slice(&names->call);
	outcome_add_summary(event, &names->summary);
	record.summary = buf_slice(&names->summary);
	return record;
}

/* It goes by the id, the name and the tier that it began with. */
static void
adopt(struct record *record, const struct waiting_call *call)
{
	record->call_id = call->call_id;
	record->capability = call->capability;
	record->tier = call->tier;
}

static void
add_millis(struct buf *out, usec_t duration)
{
	buf_addf(out, "%llu.%03u",
	    (unsigned long long)(duration / USEC_PER_MSEC),
	    (unsigned)(duration % USEC_PER_MSEC));
}

/* An agent's own word on it, if it is one that the door takes. */
static bool
read_duration(const struct event *event, double *ret_millis)
{
	const struct slice digits = event->duration;

	return digits.len > 0 && digits.len <= MESSAGE_DURATION_BYTES &&
	       digits.data[0] != '-' &&
	       number_parse_double(digits, 0, MILLIS_MAX, ret_millis) == 0;
}

/* How long it took, by the agent's word or by our own two looks at the clock;
 * and how long a person was waited for, which only the first can tell. */
static void
measure(const struct call_desk *desk, const struct event *event,
    const struct waiting_call *call, struct names *names, struct record *record)
{
	usec_t since_asked, ran;
	double millis;

	if (!read_duration(event, &millis)) {
		if (call == NULL || desk->boottime < call->begun)
			return;
		add_millis(&names->duration, desk->boottime - call->begun);
		record->duration_ms = buf_slice(&names->duration);
		record->is_slower = call->asked != 0;
		return;
	}
	record->duration_ms = event->duration;
	if (call == NULL || call->asked == 0 || desk->boottime < call->asked)
		return;
	since_asked = desk->boottime - call->asked;
	ran = (usec_t)(millis * (double)USEC_PER_MSEC);
	if (since_asked < ran)
		return;
	add_millis(&names->waited, since_asked - ran);
	record->waited_ms = buf_slice(&names->waited);
}

/* The call that `event` is about; it is taken, or it stays. */
static bool
find_call(const struct call_desk *desk, const struct event *event,
    bool is_taken, struct waiting_call *ret)
{
	uint64_t digest = event_digest(event);
	cleanup(buf_free) struct buf id = BUF_INIT;
	struct waiting_wanted wanted = { 0 };

	*ret = (struct waiting_call)WAITING_CALL_INIT;
	if (desk->waiting == NULL)
		return false;
	entry_add_name(&id, event->call_id);
	if (id.len > 0) {
		wanted.call_id = buf_slice(&id);
	} else {
		wanted.digest = &digest;
		wanted.agent_id = &event->agent_id;
	}
	return is_taken ? waiting_take(desk->waiting, &wanted, ret)
			: waiting_find(desk->waiting, &wanted, ret);
}

/* Does the call wait under an id of the agent's? */
static bool
has_other_half(const struct call_desk *desk)
{
	cleanup(waiting_call_free) struct waiting_call call = WAITING_CALL_INIT;

	return find_call(desk, desk->event, false, &call) && !call.has_made_id;
}

/* --- before --------------------------------------------------------------- */

/* By kruxosd's word; if it does not answer, by the configuration's. */
static void
ask_policy(struct call_desk *desk, struct slice capability,
    struct delivery_policy *ret)
{
	struct policy_decision decision;
	struct error ignored;

	if (delivery_ask(desk->delivery, desk->agent_name, capability, ret,
		&ignored) == 0 ||
	    desk->policy == NULL)
		return;
	policy_decide(desk->policy, desk->agent_name, capability, &decision);
	ret->tier = decision.tier;
	ret->is_explicit = decision.rule != NULL;
	if (decision.rule != NULL)
		policy_add_rule_line(desk->policy, decision.rule, &ret->line);
}

static void
decide(struct call_desk *desk, struct slice capability,
    const struct delivery_policy *policy)
{
	bool can_ask = answer_can_ask(desk->event);

	if (policy->tier == ENTRY_BLOCKED) {
		desk->verdict = ANSWER_DENY;
		buf_addf(&desk->reason, "%.*s is blocked by policy",
		    SLICE_ARG(capability));
	} else if (policy->tier == ENTRY_APPROVAL_REQUIRED) {
		desk->verdict = can_ask ? ANSWER_ASK : ANSWER_DENY;
		buf_addf(&desk->reason, "%.*s needs a person's approval%s",
		    SLICE_ARG(capability),
		    can_ask ? ""
			    : ", and this agent's hooks have no way to ask "
			      "for it");
	}
	if (desk->verdict != ANSWER_NOTHING && policy->line.len > 0)
		buf_addf(&desk->reason, " (%s)", policy->line.data);
}

/* What the other half of the call has to know. */
static void
begin(struct call_desk *desk, const struct record *record,
    const struct delivery_policy *policy)
{
	struct slice *slices[] = { &desk->begins.call_id,
		&desk->begins.capability, &desk->begins.agent_id };
	size_t ends[3];

	desk->begins = (struct waiting_call){
		.digest = event_digest(desk->event),
		.tier = policy->tier,
		.is_explicit = policy->is_explicit,
		.has_made_id = desk->event->call_id.len == 0,
		.starts_agents = slice_is(record->capability, "subagent.run"),
		.text = BUF_INIT,
	};
	buf_add_slice(&desk->names, record->call_id);
	ends[0] = desk->names.len;
	buf_add_slice(&desk->names, record->capability);
	ends[1] = desk->names.len;
	entry_add_name(&desk->names, desk->event->agent_id);
	ends[2] = desk->names.len;
	for (size_t i = 0, start = 0; i < 3; start = ends[i++])
		*slices[i] =
		    (struct slice){ desk->names.data + start, ends[i] - start };
	desk->has_begun = true;
}

static void
policy_free(struct delivery_policy *policy)
{
	buf_free(&policy->line);
}

static void
take_before(struct call_desk *desk)
{
	cleanup(names_free) struct names names = NAMES_INIT;
	struct record record = make_call_record(desk, desk->event, &names);
	cleanup(policy_free) struct delivery_policy policy = {
		.tier = ENTRY_NO_TIER, .line = BUF_INIT
	};

	ask_policy(desk, record.capability, &policy);
	decide(desk, record.capability, &policy);
	record.tier = policy.tier;
	record.policy = buf_slice(&policy.line);
	record.status = desk->event->is_single ? ENTRY_SUCCESS : ENTRY_PENDING;
	if (desk->verdict == ANSWER_DENY) {
		record.status = ENTRY_DENIED;
		record.decider = ENTRY_BY_POLICY;
	}
	/* Who told of it in other words has an id for it. */
	if (!desk->event->is_echo || !has_other_half(desk)) {
		add_record(desk, &record, desk->event);
		if (record.status == ENTRY_PENDING)
			begin(desk, &record, &policy);
	}
}

void
call_deny(struct call_desk *desk, const char *reason)
{
	cleanup(names_free) struct names names = NAMES_INIT;
	struct record record = make_call_record(desk, desk->event, &names);

	if (desk->verdict == ANSWER_DENY)
		return;
	buf_reset(&desk->lines);
	record.status = ENTRY_DENIED;
	record.decider = ENTRY_BY_HOOK;
	add_record(desk, &record, desk->event);
	desk->has_begun = false;
	desk->verdict = ANSWER_DENY;
	buf_reset(&desk->reason);
	buf_addf(
	    &desk->reason, "no call may run that is not recorded: %s", reason);
}

/* --- after ---------------------------------------------------------------- */

/* What a tool that starts sub-agents says of the one it has started. */
static struct slice
find_started(const struct event *event)
{
	static const char key[] = "\"agent_id\":\"";
	const struct json_node *node =
	    event_find(event->reader, event->top, "tool_response.agentId");
	struct slice none = { NULL, 0 };
	const char *at, *end;

	if (node != NULL)
		return node->type == JSON_STRING ? node->text : none;
	/* Codex: JSON in a string. */
	if (event->response == NULL || event->response->type != JSON_STRING)
		return none;
	at = memmem(event->response->text.data, event->response->text.len, key,
	    strlen(key));
	if (at == NULL)
		return none;
	at += strlen(key);
	end = memchr(at, '"',
	    event->response->text.len -
		(size_t)(at - event->response->text.data));
	return end == NULL ? none : (struct slice){ at, (size_t)(end - at) };
}

static void
take_after(struct call_desk *desk)
{
	const struct event *event = desk->event;
	cleanup(names_free) struct names names = NAMES_INIT;
	cleanup(waiting_call_free) struct waiting_call call = WAITING_CALL_INIT;
	bool is_known;
	struct record record;

	/* Who told of it in other words will tell of its end. */
	if (event->is_echo && has_other_half(desk))
		return;
	is_known = find_call(desk, event, true, &call);
	/* Denied by us, or its end was told. */
	if (event->agent == EVENT_OPENCODE && event->kind == EVENT_FAILED &&
	    !is_known)
		return;
	record = make_call_record(desk, event, &names);
	if (is_known)
		adopt(&record, &call);
	record.status = outcome_status(event);
	record.decider =
	    outcome_decider(event, record.capability, is_known ? &call : NULL);
	measure(desk, event, is_known ? &call : NULL, &names, &record);
	if (is_known && call.starts_agents && find_started(event).len > 0)
		waiting_link(desk->waiting, find_started(event), call.call_id);
	add_record(desk, &record, event);
}

/* --- permission ----------------------------------------------------------- */

static void
take_asked(struct call_desk *desk)
{
	cleanup(names_free) struct names names = NAMES_INIT;
	cleanup(waiting_call_free) struct waiting_call call = WAITING_CALL_INIT;
	struct record record;

	if (!find_call(desk, desk->event, false, &call)) {
		add_note(desk, "agent.notification");
		return;
	}
	waiting_ask(desk->waiting, &call, desk->boottime);
	/* Its own entry has asked already. */
	if (call.tier == ENTRY_APPROVAL_REQUIRED || call.asked != 0)
		return;
	record = make_call_record(desk, desk->event, &names);
	adopt(&record, &call);
	record.capability = SLICE_LITERAL("approval.request");
	record.status = ENTRY_PENDING;
	add_record(desk, &record, desk->event);
}

/* Gemini's only word about it, and it names no call. */
static void
mark_asked(struct call_desk *desk)
{
	struct waiting_wanted any = { 0 };
	cleanup(waiting_call_free) struct waiting_call call = WAITING_CALL_INIT;

	if (desk->waiting != NULL &&
	    slice_is(desk->event->failure, "ToolPermission") &&
	    waiting_find(desk->waiting, &any, &call))
		waiting_ask(desk->waiting, &call, desk->boottime);
}

static void
add_denied(struct call_desk *desk, const struct event *event,
    const struct waiting_call *call, enum entry_decider decider)
{
	cleanup(names_free) struct names names = NAMES_INIT;
	struct record record = make_call_record(desk, event, &names);

	if (call != NULL)
		adopt(&record, call);
	record.status = ENTRY_DENIED;
	record.decider = decider;
	add_record(desk, &record, event);
}

static void
take_refused(struct call_desk *desk)
{
	cleanup(waiting_call_free) struct waiting_call call = WAITING_CALL_INIT;
	bool is_known = find_call(desk, desk->event, true, &call);

	add_denied(desk, desk->event, is_known ? &call : NULL,
	    is_known && call.asked != 0 ? ENTRY_BY_USER : ENTRY_BY_MODE);
}

/* Of those calls that have ended, those still waiting never ran. */
static void
take_batch(struct call_desk *desk)
{
	const struct json_reader *reader = desk->event->reader;
	const struct json_node *calls = desk->event->calls;
	int denied = 0;

	if (calls == NULL)
		return;
	for (const struct json_node *node = json_reader_first(reader, calls);
	     node != NULL && denied < DELIVERY_LINES;
	     node = json_reader_next(reader, calls, node)) {
		cleanup(waiting_call_free) struct waiting_call call =
		    WAITING_CALL_INIT;
		struct event event;

		event_read_call(desk->event, node, &event);
		if (event.call_id.len == 0 || event.tool.len == 0 ||
		    !find_call(desk, &event, true, &call))
			continue;
		add_denied(desk, &event, &call, outcome_denier(&event));
		denied++;
	}
}

/* A person was asked, and the call never ran: nobody has allowed it. Calls of
 * this sub-agent, or of all. */
static void
end_asked(struct call_desk *desk, bool is_of_all)
{
	struct waiting_wanted wanted = {
		.agent_id = is_of_all ? NULL : &desk->event->agent_id,
		.is_asked = true,
	};

	for (int count = 0; count < ENDED_CALLS; count++) {
		cleanup(names_free) struct names names = NAMES_INIT;
		cleanup(waiting_call_free) struct waiting_call call =
		    WAITING_CALL_INIT;
		struct record record;

		if (!waiting_take(desk->waiting, &wanted, &call))
			return;
		record = make_record(desk, desk->event, &names);
		adopt(&record, &call);
		record.status = ENTRY_DENIED;
		record.decider = ENTRY_BY_USER;
		record.summary = SLICE_LITERAL("was not allowed");
		add_record(desk, &record, desk->event);
	}
}

/* --- sessions and sub-agents ---------------------------------------------- */

static void
take_session_end(struct call_desk *desk)
{
	if (desk->waiting == NULL)
		return;
	end_asked(desk, true);
	waiting_end(desk->waiting);
}

/* Without ids a call that never ended would be taken for another. */
static void
take_stop(struct call_desk *desk)
{
	bool has_ids = desk->event->agent != EVENT_GEMINI;

	if (desk->waiting == NULL)
		return;
	end_asked(desk, !has_ids);
	if (!has_ids)
		waiting_end(desk->waiting);
}

/* A prompt, or the end of a sub-agent: no question of before is still open. */
static void
take_turn(struct call_desk *desk)
{
	if (desk->waiting != NULL)
		end_asked(desk, false);
}

static void
take_session_start(struct call_desk *desk)
{
	if (desk->waiting != NULL)
		waiting_sweep(desk->waiting, desk->now);
}

static void
take_subagent_start(struct call_desk *desk)
{
	struct slice parent = desk->event->parent_call_id;

	if (parent.len == 0)
		parent.data = NULL;
	if (desk->waiting != NULL && desk->event->agent_id.len > 0)
		waiting_link(desk->waiting, desk->event->agent_id, parent);
}

void
call_take(struct call_desk *desk)
{
	static const struct {
		void (*take)(struct call_desk *desk);
		const char *note; /* the capability of an entry beside that */
	} kinds[EVENT_KINDS] = {
		[EVENT_SESSION_START] = { take_session_start, "session.start" },
		[EVENT_SESSION_END] = { take_session_end, "session.end" },
		[EVENT_COMPACT] = { NULL, "agent.compact" },
		[EVENT_PROMPT] = { take_turn, "agent.prompt" },
		[EVENT_BEFORE] = { take_before },
		[EVENT_AFTER] = { take_after },
		[EVENT_FAILED] = { take_after },
		[EVENT_BATCH] = { take_batch },
		[EVENT_ASKED] = { take_asked },
		[EVENT_REFUSED] = { take_refused },
		[EVENT_SUBAGENT_START] = { take_subagent_start,
		    "subagent.start" },
		[EVENT_SUBAGENT_STOP] = { take_turn, "subagent.stop" },
		[EVENT_NOTIFICATION] = { mark_asked, "agent.notification" },
		[EVENT_STOP] = { take_stop, "agent.stop" },
	};

	if (kinds[desk->event->kind].take != NULL)
		kinds[desk->event->kind].take(desk);
	if (kinds[desk->event->kind].note != NULL)
		add_note(desk, kinds[desk->event->kind].note);
}
