#include "door/envelope.h"

#include "door/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(member)   offsetof(struct message, member)

/* The envelope itself. */
static const struct field envelope_fields[] = {
	{ "timestamp", FIELD_TIME, AT(entry.time) },
	{ "agent", FIELD_NAME, AT(entry.actor_name) },
	{ "session_id", FIELD_NAME, AT(entry.session_id) },
	{ "data", FIELD_OBJECT, AT(request) },
};

/* What is taken out of `data`, where it is there and of use; the rest is only
 * kept. */
static const struct field data_fields[] = {
	{ "data.session_id", FIELD_NAME, AT(entry.session_id) },
	{ "data.call_id", FIELD_NAME, AT(entry.call_id) },
	{ "data.approval_id", FIELD_NAME, AT(entry.call_id) },
	{ "data.write_id", FIELD_NAME, AT(entry.call_id) },
	{ "data.permission_tier", FIELD_WORD, AT(entry.tier), &field_tiers },
	{ "data.tier", FIELD_WORD, AT(entry.tier), &field_tiers },
	{ "data.duration_ms", FIELD_DURATION, AT(entry.duration_ms) },
	{ "data.message", FIELD_STRING, AT(summary) },
	{ "data.reason", FIELD_STRING, AT(summary) },
};

static const struct field data_capability = { "data.capability",
	FIELD_CAPABILITY, AT(entry.capability) };
static const struct field data_decided_by = { "data.decided_by", FIELD_NAME,
	AT(entry.actor_name) };

/* Whose entry it becomes. */
enum actor {
	ACTOR_AGENT,
	ACTOR_AGENT_OR_SYSTEM, /* with `agent` null or left out */
	ACTOR_USER,	       /* data.decided_by */
};

/* How the status comes about. */
enum outcome {
	OUTCOME_FIXED,	  /* as the row says */
	OUTCOME_SUCCESS,  /* data.success: true or false */
	OUTCOME_DECISION, /* data.decision: the capability, too */
};

static const struct event {
	const char *type;
	const char *capability; /* NULL: data.capability */
	enum entry_status status;
	enum entry_decider decider;
	enum outcome outcome;
	enum actor who;
} events[] = {
	{ "capability_invoked", NULL, ENTRY_PENDING },
	{ "capability_result", NULL, ENTRY_SUCCESS,
	    .outcome = OUTCOME_SUCCESS },
	{ "capability_error", NULL, ENTRY_ERROR },
	{ "policy_violation", NULL, ENTRY_DENIED, ENTRY_BY_POLICY },
	{ "approval_requested", "approval.request", ENTRY_PENDING,
	    ENTRY_BY_POLICY },
	{ "approval_resolved", "approval.accept", ENTRY_SUCCESS, ENTRY_BY_USER,
	    OUTCOME_DECISION, ACTOR_USER },
	{ "session_started", "session.start", ENTRY_SUCCESS },
	{ "session_ended", "session.end", ENTRY_SUCCESS },
	{ "rate_limit_hit", "rate_limit.hit", ENTRY_DENIED, ENTRY_BY_POLICY },
	{ "write_buffered", "proxy.buffer", ENTRY_PENDING },
	{ "health_alert", "alerts.send", ENTRY_SUCCESS,
	    .who = ACTOR_AGENT_OR_SYSTEM },
};

/* What a decision is called, and what it makes of the approval. */
static const struct {
	const char *decision;
	const char *capability;
} decisions[] = {
	{ "approved", "approval.accept" },
	{ "accepted", "approval.accept" },
	{ "rejected", "approval.reject" },
	{ "denied", "approval.reject" },
};

static const struct event *
event_find(struct slice type)
{
	for (size_t i = 0; i < COUNT(events); i++)
		if (slice_is(type, events[i].type))
			return &events[i];
	return NULL;
}

/* The member of `data` that "data.name" means, or NULL. Who sends null means
 * that it has none. */
static const struct json_node *
data_member(const struct json_reader *reader, const struct message *message,
    const char *key)
{
	const struct json_node *node =
	    json_reader_member(reader, message->request, key + strlen("data."));

	return node == NULL || node->type == JSON_NULL ? NULL : node;
}

/* Read a field of `data` that must be there. */
static int
read_required(struct message_parser *parser, const struct field *field,
    struct message *ret, struct error *err)
{
	const struct json_node *node =
	    data_member(&parser->reader, ret, field->key);

	if (node == NULL)
		return field_missing(field->key, err);
	return field_read(parser, field, node, ret, err);
}

static int
read_envelope(struct message_parser *parser, const struct json_node *top,
    struct message *ret, struct error *err)
{
	const struct json_reader *reader = &parser->reader;

	for (const struct json_node *node = json_reader_first(reader, top);
	     node != NULL; node = json_reader_next(reader, top, node)) {
		const struct field *field = NULL;

		for (size_t i = 0; i < COUNT(envelope_fields); i++)
			if (slice_is(node->key, envelope_fields[i].key))
				field = &envelope_fields[i];
		if (field == NULL && !slice_is(node->key, "type"))
			return field_unknown(
			    parser, node->key, "an event", err);
		if (field != NULL && node->type != JSON_NULL &&
		    field_read(parser, field, node, ret, err) == -1)
			return -1;
	}
	return ret->request == NULL ? field_missing("data", err) : 0;
}

static int
read_data(struct message_parser *parser, struct message *ret, struct error *err)
{
	for (size_t i = 0; i < COUNT(data_fields); i++) {
		const struct field *field = &data_fields[i];
		const struct json_node *node =
		    data_member(&parser->reader, ret, field->key);

		if (node != NULL &&
		    field_read(parser, field, node, ret, err) == -1)
			return -1;
	}
	return 0;
}

static int
read_capability(struct message_parser *parser, const struct event *event,
    struct message *ret, struct error *err)
{
	if (event->capability == NULL)
		return read_required(parser, &data_capability, ret, err);
	ret->entry.capability = slice_of(event->capability);
	return 0;
}

static int
read_actor(struct message_parser *parser, const struct event *event,
    struct message *ret, struct error *err)
{
	if (event->who == ACTOR_USER) {
		ret->entry.actor = ENTRY_USER;
		return read_required(parser, &data_decided_by, ret, err);
	}
	if (ret->entry.actor_name.data != NULL)
		ret->entry.actor = ENTRY_AGENT;
	else if (event->who == ACTOR_AGENT_OR_SYSTEM)
		ret->entry.actor = ENTRY_SYSTEM;
	else
		return field_missing("agent", err);
	return 0;
}

static int
read_success(
    const struct json_reader *reader, struct message *ret, struct error *err)
{
	const struct json_node *node = data_member(reader, ret, "data.success");

	if (node == NULL)
		return 0;
	if (node->type != JSON_TRUE && node->type != JSON_FALSE)
		return error_set_field(err, ERROR_WRONG_TYPE, "data.success",
		    "data.success is true or false, not %s",
		    json_type_name(node->type));
	ret->entry.status =
	    node->type == JSON_TRUE ? ENTRY_SUCCESS : ENTRY_ERROR;
	return 0;
}

static int
read_decision(
    const struct json_reader *reader, struct message *ret, struct error *err)
{
	const struct json_node *node =
	    data_member(reader, ret, "data.decision");

	if (node == NULL)
		return field_missing("data.decision", err);
	for (size_t i = 0; i < COUNT(decisions); i++)
		if (node->type == JSON_STRING &&
		    slice_is(node->text, decisions[i].decision)) {
			ret->entry.capability =
			    slice_of(decisions[i].capability);
			return 0;
		}
	return error_set_field(err, ERROR_OUT_OF_RANGE, "data.decision",
	    "data.decision is not one of approved, accepted, rejected, denied");
}

static int
read_outcome(const struct json_reader *reader, const struct event *event,
    struct message *ret, struct error *err)
{
	ret->entry.status = event->status;
	ret->entry.decider = event->decider;
	if (event->outcome == OUTCOME_SUCCESS)
		return read_success(reader, ret, err);
	if (event->outcome == OUTCOME_DECISION)
		return read_decision(reader, ret, err);
	return 0;
}

int
envelope_read(struct message_parser *parser, const struct json_node *top,
    struct message *ret, struct error *err)
{
	const struct json_node *type =
	    json_reader_member(&parser->reader, top, "type");
	const struct event *event;

	if (type->type != JSON_STRING)
		return error_set_field(err, ERROR_WRONG_TYPE, "type",
		    "type is a string, not %s", json_type_name(type->type));
	event = event_find(type->text);
	if (event == NULL)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "type",
		    "type is not that of an event known here");
	ret->entry.source = ENTRY_GATEWAY;
	if (read_envelope(parser, top, ret, err) == -1 ||
	    read_data(parser, ret, err) == -1 ||
	    read_capability(parser, event, ret, err) == -1 ||
	    read_actor(parser, event, ret, err) == -1 ||
	    read_outcome(&parser->reader, event, ret, err) == -1)
		return -1;
	return 0;
}
