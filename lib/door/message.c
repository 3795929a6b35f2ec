#include "door/message.h"

#include "door/envelope.h"
#include "door/field.h"

#include <ctype.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The producer has not said when: 0 is a time like others, of machines whose
 * clock was never set. */
#define NO_TIME UINT64_MAX

/* Enums are read through an unsigned. */
_Static_assert(sizeof(enum entry_actor) == sizeof(unsigned) &&
		   sizeof(enum entry_source) == sizeof(unsigned) &&
		   sizeof(enum entry_tier) == sizeof(unsigned) &&
		   sizeof(enum entry_decider) == sizeof(unsigned) &&
		   sizeof(enum entry_status) == sizeof(unsigned),
    "an enum is as large as an unsigned");

/* --- who may what --------------------------------------------------------- */

/* Whose entries a peer may write. */
static const struct {
	unsigned may;
	const char *sentence;
} actor_rights[ENTRY_ACTORS] = {
	[ENTRY_AGENT] = { MESSAGE_OWNER | MESSAGE_PRODUCER,
	    "agents' entries are for members of the producers' group" },
	[ENTRY_USER] = { MESSAGE_OWNER | MESSAGE_OPERATOR,
	    "users' entries are for members of the operators' group" },
	[ENTRY_SYSTEM] = { MESSAGE_OWNER,
	    "system entries are for root and the daemon's own user" },
};

/* The way an entry came, as a peer may claim it. `dashboard` and `daemon` are
 * for the daemon to say. */
static const unsigned source_rights[ENTRY_SOURCES] = {
	[ENTRY_GATEWAY] = MESSAGE_OWNER | MESSAGE_PRODUCER,
	[ENTRY_HOOK] = MESSAGE_OWNER | MESSAGE_PRODUCER,
	[ENTRY_OTLP] = MESSAGE_OWNER | MESSAGE_PRODUCER,
	[ENTRY_SDK] = MESSAGE_OWNER | MESSAGE_PRODUCER,
	[ENTRY_CLI] = MESSAGE_OWNER | MESSAGE_PRODUCER | MESSAGE_OPERATOR,
	[ENTRY_IMPORT] = MESSAGE_OWNER,
};

/* Reserved capabilities (entry_is_reserved()) are the daemon's, written as the
 * effect of a command. The exceptions: */
static const struct {
	const char *capability;
	enum entry_actor actor;
	unsigned may;
} reserved_rights[] = {
	{ "session.start", ENTRY_AGENT, MESSAGE_OWNER | MESSAGE_PRODUCER },
	{ "session.end", ENTRY_AGENT, MESSAGE_OWNER | MESSAGE_PRODUCER },
	{ "approval.request", ENTRY_AGENT, MESSAGE_OWNER | MESSAGE_PRODUCER },
	{ "rate_limit.hit", ENTRY_AGENT, MESSAGE_OWNER | MESSAGE_PRODUCER },
	/* What a gateway with approvals and buffered writes of its own tells,
	 * if it runs as root or as the daemon's user. */
	{ "approval.accept", ENTRY_USER, MESSAGE_OWNER },
	{ "approval.reject", ENTRY_USER, MESSAGE_OWNER },
	{ "proxy.buffer", ENTRY_AGENT, MESSAGE_OWNER },
};

/* … and an import may bring the history of another log, but never what the
 * verifier, the daemon or its accounts act upon. */
static const char *const import_never[] = {
	"log.",
	"audit.",
	"ingest.",
	"account.",
	"token.",
	"agent.",
};

static enum entry_source
default_source(const struct message_peer *peer, enum entry_actor actor)
{
	bool is_producer = (peer->classes & MESSAGE_PRODUCER) != 0;

	return is_producer && actor == ENTRY_AGENT ? ENTRY_SDK : ENTRY_CLI;
}

/* --- the fields of an entry, in the order in which producers write them --- */

#define AT(member) offsetof(struct message, member)

enum entry_field {
	TIME,
	SOURCE,
	ACTOR_TYPE,
	AGENT_NAME,
	USER_NAME,
	SESSION_ID,
	CALL_ID,
	PARENT_CALL_ID,
	TRACE_ID,
	CAPABILITY,
	POLICY_TIER,
	DECIDED_BY,
	STATUS,
	DURATION_MS,
	SUMMARY,
	REQUEST,
};

static const struct field entry_fields[] = {
	[TIME] = { "time", FIELD_TIME, AT(entry.time) },
	[SOURCE] = { "source", FIELD_WORD, AT(entry.source), &field_sources },
	[ACTOR_TYPE] = { "actor_type", FIELD_WORD, AT(entry.actor),
	    &field_actors },
	[AGENT_NAME] = { "agent_name", FIELD_NAME, AT(entry.actor_name) },
	[USER_NAME] = { "user_name", FIELD_NAME, AT(entry.actor_name) },
	[SESSION_ID] = { "session_id", FIELD_NAME, AT(entry.session_id) },
	[CALL_ID] = { "call_id", FIELD_NAME, AT(entry.call_id) },
	[PARENT_CALL_ID] = { "parent_call_id", FIELD_NAME,
	    AT(entry.parent_call_id) },
	[TRACE_ID] = { "trace_id", FIELD_NAME, AT(entry.trace_id) },
	[CAPABILITY] = { "capability", FIELD_CAPABILITY, AT(entry.capability) },
	[POLICY_TIER] = { "policy_tier", FIELD_WORD, AT(entry.tier),
	    &field_tiers },
	[DECIDED_BY] = { "decided_by", FIELD_WORD, AT(entry.decider),
	    &field_deciders },
	[STATUS] = { "status", FIELD_WORD, AT(entry.status), &field_statuses },
	[DURATION_MS] = { "duration_ms", FIELD_DURATION,
	    AT(entry.duration_ms) },
	[SUMMARY] = { "summary", FIELD_STRING, AT(summary) },
	[REQUEST] = { "request", FIELD_OBJECT, AT(request) },

	{ "seq", FIELD_DAEMON, 0 },
	{ "recorded_at", FIELD_DAEMON, 0 },
	{ "time_clamped", FIELD_DAEMON, 0 },
	{ "uid", FIELD_DAEMON, 0 },
	{ "payload_hash", FIELD_DAEMON, 0 },
	{ "prev_hash", FIELD_DAEMON, 0 },
	{ "entry_hash", FIELD_DAEMON, 0 },
	{ "salt", FIELD_DAEMON, 0 },
	{ "erased_by", FIELD_DAEMON, 0 },
};

static const struct field command_fields[] = {
	{ "do", FIELD_NAME, AT(verb) },
	{ "id", FIELD_NAME, AT(id) },
	{ "args", FIELD_OBJECT, AT(args) },
};

/* The row of `key`; looked for from `*hint` on, behind the row found before,
 * because producers mostly keep the order. */
static const struct field *
field_find(
    const struct field *fields, size_t count, struct slice key, size_t *hint)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = (*hint + i) % count;

		if (slice_is(key, fields[at].key)) {
			*hint = at + 1;
			return &fields[at];
		}
	}
	return NULL;
}

void
message_parser_free(struct message_parser *parser)
{
	json_reader_free(&parser->reader);
	buf_free(&parser->capability);
	buf_free(&parser->shown);
}

/* --- entries -------------------------------------------------------------- */

/* Every member into `ret`; `ret_seen` has a bit for each field that came. */
static int
read_entry_members(struct message_parser *parser,
    const struct json_reader *reader, const struct json_node *top,
    struct message *ret, unsigned *ret_seen, struct error *err)
{
	size_t hint = 0;

	*ret_seen = 0;
	for (const struct json_node *node = json_reader_first(reader, top);
	     node != NULL; node = json_reader_next(reader, top, node)) {
		const struct field *field = field_find(
		    entry_fields, COUNT(entry_fields), node->key, &hint);

		if (field == NULL)
			return field_unknown(
			    parser, node->key, "an entry", err);
		if (field_read(parser, field, node, ret, err) == -1)
			return -1;
		*ret_seen |= 1U << (field - entry_fields);
	}
	return 0;
}

static bool
has(unsigned seen, enum entry_field field)
{
	return (seen & 1U << field) != 0;
}

/* The actor's own name must be there, and no other. A user who does not say
 * who he is is who the kernel says (message_check_rights()). */
static int
check_actor_fields(
    const struct message *message, unsigned seen, struct error *err)
{
	static const struct {
		enum entry_field name;
		bool is_wanted[ENTRY_ACTORS];
	} names[] = {
		{ AGENT_NAME, { [ENTRY_AGENT] = true } },
		{ USER_NAME, { [ENTRY_USER] = true } },
	};
	enum entry_actor actor = message->entry.actor;

	if (actor == ENTRY_AGENT && !has(seen, AGENT_NAME))
		return field_missing("agent_name", err);
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *key = entry_fields[names[i].name].key;

		if (has(seen, names[i].name) && !names[i].is_wanted[actor])
			return error_set_field(err, ERROR_UNKNOWN_FIELD, key,
			    "%s does not go with actor_type %s", key,
			    entry_actor_name(actor));
	}
	return 0;
}

static int
read_entry(struct message_parser *parser, const struct message_peer *peer,
    const struct json_node *top, struct message *ret, struct error *err)
{
	static const enum entry_field required[] = {
		ACTOR_TYPE,
		CAPABILITY,
		STATUS,
	};
	unsigned seen;

	if (read_entry_members(parser, &parser->reader, top, ret, &seen, err) ==
	    -1)
		return -1;
	for (size_t i = 0; i < COUNT(required); i++)
		if (!has(seen, required[i]))
			return field_missing(
			    entry_fields[required[i]].key, err);
	if (check_actor_fields(ret, seen, err) == -1)
		return -1;
	if (!has(seen, SOURCE))
		ret->entry.source = default_source(peer, ret->entry.actor);
	return 0;
}

static bool
is_reserved(struct slice capability, char ret_lower[ENTRY_NAME_BYTES])
{
	for (size_t i = 0; i < capability.len; i++)
		ret_lower[i] = (char)tolower((unsigned char)capability.data[i]);
	return entry_is_reserved((struct slice){ ret_lower, capability.len });
}

bool
message_is_reserved(struct slice capability)
{
	char lower[ENTRY_NAME_BYTES];

	return is_reserved(capability, lower);
}

static bool
may_be_imported(struct slice lower)
{
	for (size_t i = 0; i < COUNT(import_never); i++)
		if (slice_starts_with(lower, slice_of(import_never[i])))
			return false;
	return true;
}

static int
check_capability(const struct message_peer *peer, const struct entry *entry,
    struct error *err)
{
	char lower[ENTRY_NAME_BYTES];
	struct slice name = entry->capability;

	if (!is_reserved(name, lower))
		return 0;
	for (size_t i = 0; i < COUNT(reserved_rights); i++)
		if (slice_is(name, reserved_rights[i].capability) &&
		    entry->actor == reserved_rights[i].actor &&
		    (peer->classes & reserved_rights[i].may) != 0)
			return 0;
	name.data = lower;
	if (entry->source == ENTRY_IMPORT && may_be_imported(name))
		return 0;
	return error_set_field(err, ERROR_NOT_ALLOWED, "capability",
	    "%.*s is reserved and not yours to write as %s",
	    SLICE_ARG(entry->capability), entry_actor_name(entry->actor));
}

static int
need_name(const struct message_peer *peer, struct error *err)
{
	if (peer->user_name.data != NULL)
		return 0;
	return error_set(err, ERROR_BUSY,
	    "what uid %lu is called is being looked up",
	    (unsigned long)peer->uid);
}

/* Users speak for themselves; root and the daemon's own for others too. */
static int
check_user_name(
    const struct message_peer *peer, struct entry *entry, struct error *err)
{
	if (entry->actor_name.data != NULL &&
	    (peer->classes & MESSAGE_OWNER) != 0)
		return 0;
	if (need_name(peer, err) == -1)
		return -1;
	if (entry->actor_name.data == NULL)
		entry->actor_name = peer->user_name;
	else if (!slice_equal(entry->actor_name, peer->user_name))
		return error_set_field(err, ERROR_NOT_ALLOWED, "user_name",
		    "you are %.*s, not %.*s", SLICE_ARG(peer->user_name),
		    SLICE_ARG(entry->actor_name));
	return 0;
}

int
message_check_rights(
    const struct message_peer *peer, struct entry *entry, struct error *err)
{
	if ((peer->classes & actor_rights[entry->actor].may) == 0)
		return error_set_field(err, ERROR_NOT_ALLOWED, "actor_type",
		    "%s", actor_rights[entry->actor].sentence);
	if ((peer->classes & source_rights[entry->source]) == 0)
		return error_set_field(err, ERROR_NOT_ALLOWED, "source",
		    "source %s is not yours to claim",
		    entry_source_name(entry->source));
	if (entry->actor == ENTRY_USER &&
	    check_user_name(peer, entry, err) == -1)
		return -1;
	return check_capability(peer, entry, err);
}

void
message_clamp_time(struct entry *entry, usec_t now)
{
	usec_t earliest =
	    now > MESSAGE_MAX_BEHIND && entry->source != ENTRY_IMPORT
		? now - MESSAGE_MAX_BEHIND
		: 1; /* an entry's 0 is "now" (commit.h) */
	usec_t latest = now + MESSAGE_MAX_AHEAD;
	usec_t given = entry->time;

	if (given >= earliest && given <= latest)
		return;
	entry->is_clamped = true;
	entry->time_clamped = given;
	entry->time = given < earliest ? earliest : latest;
}

/* What the daemon adds to an entry, whatever form it came in. */
static int
complete_entry(const struct message_peer *peer, usec_t now,
    struct message *message, struct error *err)
{
	struct entry *entry = &message->entry;

	if (message_check_rights(peer, entry, err) == -1)
		return -1;
	entry->uid = peer->uid;
	if (entry->time == NO_TIME)
		entry->time = now;
	message_clamp_time(entry, now);
	return 0;
}

/* --- what an agent tells of itself ---------------------------------------- */

int
message_read_call(struct message_parser *parser,
    const struct json_reader *reader, const struct json_node *object,
    usec_t now, struct message *ret, struct error *err)
{
	static const enum entry_field not_told[] = {
		SOURCE,
		ACTOR_TYPE,
		AGENT_NAME,
		USER_NAME,
		POLICY_TIER,
	};
	struct message told = *ret;
	unsigned seen;

	told.entry.time = now;
	if (read_entry_members(parser, reader, object, &told, &seen, err) == -1)
		return -1;
	for (size_t i = 0; i < COUNT(not_told); i++)
		if (has(seen, not_told[i]))
			return error_set_field(err, ERROR_NOT_ALLOWED,
			    entry_fields[not_told[i]].key,
			    "%s is not yours to tell",
			    entry_fields[not_told[i]].key);
	if (!has(seen, CAPABILITY) || !has(seen, STATUS))
		return field_missing(
		    entry_fields[has(seen, CAPABILITY) ? STATUS : CAPABILITY]
			.key,
		    err);
	if (message_is_reserved(told.entry.capability))
		return error_set_field(err, ERROR_NOT_ALLOWED, "capability",
		    "%.*s is reserved and not yours to record",
		    SLICE_ARG(told.entry.capability));
	message_clamp_time(&told.entry, now);
	*ret = told;
	return 0;
}

/* --- commands ------------------------------------------------------------- */

static int
read_credential(
    const struct json_node *node, struct message *ret, struct error *err)
{
	if (node->type != JSON_STRING)
		return error_set_field(err, ERROR_WRONG_TYPE, "credential",
		    "credential is a string, not %s",
		    json_type_name(node->type));
	if (node->text.len > MESSAGE_CREDENTIAL_BYTES)
		return error_set_field(err, ERROR_TOO_LONG, "credential",
		    "credential has %zu bytes, at most %d are allowed",
		    node->text.len, MESSAGE_CREDENTIAL_BYTES);
	ret->credential = node->text;
	return 0;
}

static int
read_command(struct message_parser *parser, const struct json_node *top,
    struct message *ret, struct error *err)
{
	const struct json_reader *reader = &parser->reader;
	size_t hint = 0;

	for (const struct json_node *node = json_reader_first(reader, top);
	     node != NULL; node = json_reader_next(reader, top, node)) {
		const struct field *field = field_find(
		    command_fields, COUNT(command_fields), node->key, &hint);
		int result;

		if (field != NULL)
			result = field_read(parser, field, node, ret, err);
		else if (slice_is(node->key, "credential"))
			result = read_credential(node, ret, err);
		else
			result =
			    field_unknown(parser, node->key, "a command", err);
		if (result == -1)
			return -1;
	}
	if (ret->id.data == NULL)
		return field_missing("id", err);
	return 0;
}

/* --- lines ---------------------------------------------------------------- */

bool
message_is_blank(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] != ' ' && line.data[i] != '\t' &&
		    line.data[i] != '\r')
			return false;
	return true;
}

static struct message
message_of_kind(const struct message_parser *parser, enum message_kind kind)
{
	return (struct message){ .kind = kind,
		.reader = &parser->reader,
		.entry = { .time = NO_TIME } };
}

/* Most lines are entries: only one that is none is looked at again for the
 * key that makes it something else. */
static int
read_object(struct message_parser *parser, const struct message_peer *peer,
    usec_t now, const struct json_node *top, struct message *message,
    struct error *err)
{
	const struct json_reader *reader = &parser->reader;

	*message = message_of_kind(parser, MESSAGE_ENTRY);
	if (read_entry(parser, peer, top, message, err) == 0)
		return complete_entry(peer, now, message, err);
	if (json_reader_member(reader, top, "do") != NULL) {
		*message = message_of_kind(parser, MESSAGE_COMMAND);
		if (read_command(parser, top, message, err) == -1)
			return -1;
		return need_name(peer, err);
	}
	if (json_reader_member(reader, top, "type") != NULL) {
		*message = message_of_kind(parser, MESSAGE_ENTRY);
		if (envelope_read(parser, top, message, err) == -1)
			return -1;
		return complete_entry(peer, now, message, err);
	}
	return -1;
}

int
message_parse(struct message_parser *parser, const struct message_peer *peer,
    usec_t now, struct slice line, struct message *ret, struct error *err)
{
	struct message message;
	struct error failure;
	const struct json_node *top;

	if (message_is_blank(line)) {
		*ret = message_of_kind(parser, MESSAGE_BLANK);
		return 0;
	}
	if (json_reader_read(&parser->reader, line, err) == -1)
		return -1;
	top = parser->reader.nodes;
	if (top->type != JSON_OBJECT)
		return error_set(err, ERROR_WRONG_TYPE,
		    "a line is an object, not %s", json_type_name(top->type));
	if (read_object(parser, peer, now, top, &message, &failure) == -1) {
		*err = failure;
		return -1;
	}
	*ret = message;
	return 0;
}
