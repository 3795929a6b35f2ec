#include "collectors/kruxosd/effect.h"

#include "base/number.h"

/* --- alerts.send ---------------------------------------------------------- */

static int
check_text(const struct invocation *invocation, const char *key,
    const char *wanted, size_t most, struct error *err)
{
	const struct json_node *node = invocation_argument(invocation, key);

	if (node == NULL && wanted != NULL)
		return error_set_field(
		    err, ERROR_MISSING_FIELD, key, "%s: %s", key, wanted);
	if (node == NULL)
		return 0;
	if (node->type != JSON_STRING)
		return error_set_field(
		    err, ERROR_WRONG_TYPE, key, "%s is a string", key);
	if (node->text.len == 0 && wanted != NULL)
		return error_set_field(
		    err, ERROR_OUT_OF_RANGE, key, "%s: %s", key, wanted);
	if (node->text.len > most)
		return error_set_field(err, ERROR_TOO_LONG, key,
		    "%s has %zu bytes, more than %zu", key, node->text.len,
		    most);
	return 0;
}

static int
check_severity(const struct invocation *invocation, struct error *err)
{
	static const char key[] = "severity";
	const struct json_node *node = invocation_argument(invocation, key);

	if (node == NULL)
		return error_set_field(err, ERROR_MISSING_FIELD, key,
		    "severity: critical, warning or info");
	if (node->type != JSON_STRING || rule_severity_of(node->text) == -1)
		return error_set_field(err, ERROR_OUT_OF_RANGE, key,
		    "severity is critical, warning or info");
	return 0;
}

static int
check_context(const struct invocation *invocation, struct error *err)
{
	static const char key[] = "context";
	const struct json_node *node = invocation_argument(invocation, key);

	if (node == NULL)
		return 0;
	if (node->type != JSON_OBJECT)
		return error_set_field(
		    err, ERROR_WRONG_TYPE, key, "context is an object");
	if (node->text.len > ALERT_CONTEXT_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, key,
		    "context has %zu bytes, more than %d", node->text.len,
		    ALERT_CONTEXT_BYTES);
	return 0;
}

/* The entry is what makes the alert (alerts_read()). */
static int
begin_send(struct invocation *invocation, struct error *err)
{
	invocation->is_once = true;
	if (check_severity(invocation, err) == -1 ||
	    check_text(invocation, "title", "what is wrong, in a few words",
		ALERT_TITLE_BYTES, err) == -1 ||
	    check_text(invocation, "message", NULL, ALERT_MESSAGE_BYTES, err) ==
		-1)
		return -1;
	return check_context(invocation, err);
}

/* Beyond its bounds it is counted by another one (alert_engine.h). */
static int
end_send(struct invocation *invocation, uint64_t seq,
    struct json_writer *result, struct error *err)
{
	const struct alert *alert =
	    alerts_find_sent(invocation->parts->alerts, seq);

	(void)err;
	json_writer_pair_bool(result, "sent", true);
	if (alert == NULL)
		return 0;
	json_writer_pair_u64(result, "alert_id", alert->id);
	json_writer_pair_u64(result, "count", alert->count);
	return 0;
}

/* --- alerts.acknowledge --------------------------------------------------- */

static int
begin_acknowledge(struct invocation *invocation, struct error *err)
{
	const struct json_node *id = invocation_argument(invocation, "id");
	const struct json_node *note = invocation_argument(invocation, "note");

	if (id == NULL)
		return error_set_field(
		    err, ERROR_MISSING_FIELD, "id", "id: which alert");
	if ((id->type != JSON_NUMBER && id->type != JSON_STRING) ||
	    number_parse_u64(id->text, 1, INT64_MAX, &invocation->alert) == -1)
		return error_set_field(err, ERROR_OUT_OF_RANGE, "id",
		    "id is a number, as it is listed");
	if (check_text(invocation, "note", NULL, ALERT_NOTE_BYTES, err) == -1)
		return -1;
	if (note != NULL)
		buf_add_slice(&invocation->note, note->text);
	return alerts_check_own(invocation->parts->alerts, invocation->alert,
	    invocation->message.entry.actor_name, err);
}

static int
end_acknowledge(struct invocation *invocation, uint64_t seq,
    struct json_writer *result, struct error *err)
{
	(void)seq;
	if (alerts_acknowledge_own(invocation->parts->alerts, invocation->alert,
		invocation->call->peer.user_name, buf_slice(&invocation->note),
		err) == -1)
		return -1;
	json_writer_pair_u64(result, "id", invocation->alert);
	return 0;
}

/* --- audit.record --------------------------------------------------------- */

/* The entry is the call that is told of, not the telling. What it says of
 * itself counts as the agent's word: which names are not its to write, and what
 * the policy says, it cannot. Nor what is done here, by policy and limit: an
 * entry of alerts.send is an alert. */
static int
begin_record(struct invocation *invocation, struct error *err)
{
	struct message told = { .entry = command_entry(invocation->call) };
	usec_t now = clock_realtime(invocation->parts->clock);
	const struct json_node *arguments = invocation->message.request;

	if (arguments == NULL)
		return error_set_field(err, ERROR_MISSING_FIELD, "capability",
		    "capability: what was done");
	if (message_read_call(&invocation->parser, invocation->reader,
		arguments, now, &told, err) == -1)
		return -1;
	if (effect_find(told.entry.capability) != NULL)
		return error_set_field(err, ERROR_NOT_ALLOWED, "capability",
		    "%.*s is recorded when it is done, and told of by nobody",
		    SLICE_ARG(told.entry.capability));
	if (told.entry.session_id.data == NULL)
		told.entry.session_id = invocation->message.entry.session_id;
	if (told.entry.call_id.data == NULL)
		told.entry.call_id = invocation->message.entry.call_id;
	else
		invocation_set_call_id(invocation, told.entry.call_id);
	invocation->message = told;
	invocation->is_told = true;
	invocation->is_once = true;
	return 0;
}

static int
end_record(struct invocation *invocation, uint64_t seq,
    struct json_writer *result, struct error *err)
{
	(void)invocation;
	(void)err;
	json_writer_pair_u64(result, "seq", seq);
	return 0;
}

/* --- the table ------------------------------------------------------------ */

static const struct effect effects[] = {
	{ "alerts.acknowledge", begin_acknowledge, end_acknowledge },
	{ "alerts.list", NULL, NULL },
	{ "alerts.send", begin_send, end_send },
	{ "approvals.status", NULL, NULL },
	{ "audit.query", NULL, NULL },
	{ "audit.record", begin_record, end_record },
	{ "system.health", NULL, NULL },
	{ "system.info", NULL, NULL },
	{ "system.metrics", NULL, NULL },
};

const struct effect *
effect_find(struct slice capability)
{
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		if (slice_is(capability, effects[i].capability))
			return &effects[i];
	return NULL;
}
