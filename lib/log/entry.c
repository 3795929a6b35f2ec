#include "log/entry.h"

#include "base/number.h"

#include <assert.h>

#define HASH_KEY ",\"entry_hash\":\""

static const char *const actor_names[ENTRY_ACTORS] = {
	[ENTRY_AGENT] = "agent",
	[ENTRY_USER] = "user",
	[ENTRY_SYSTEM] = "system",
};

static const char *const source_names[ENTRY_SOURCES] = {
	[ENTRY_GATEWAY] = "gateway",
	[ENTRY_HOOK] = "hook",
	[ENTRY_OTLP] = "otlp",
	[ENTRY_SDK] = "sdk",
	[ENTRY_CLI] = "cli",
	[ENTRY_DASHBOARD] = "dashboard",
	[ENTRY_DAEMON] = "daemon",
	[ENTRY_IMPORT] = "import",
};

static const char *const tier_names[ENTRY_TIERS] = {
	[ENTRY_AUTONOMOUS] = "autonomous",
	[ENTRY_NOTIFY] = "notify",
	[ENTRY_APPROVAL_REQUIRED] = "approval_required",
	[ENTRY_BLOCKED] = "blocked",
};

static const char *const decider_names[ENTRY_DECIDERS] = {
	[ENTRY_BY_POLICY] = "policy",
	[ENTRY_BY_USER] = "user",
	[ENTRY_BY_HOOK] = "hook",
	[ENTRY_BY_MODE] = "mode",
	[ENTRY_BY_NONE] = "none",
};

static const char *const status_names[ENTRY_STATUSES] = {
	[ENTRY_SUCCESS] = "success",
	[ENTRY_ERROR] = "error",
	[ENTRY_DENIED] = "denied",
	[ENTRY_PENDING] = "pending",
};

const char *
entry_actor_name(enum entry_actor actor)
{
	return actor_names[actor];
}

const char *
entry_source_name(enum entry_source source)
{
	return source_names[source];
}

const char *
entry_tier_name(enum entry_tier tier)
{
	return tier_names[tier];
}

const char *
entry_decider_name(enum entry_decider decider)
{
	return decider_names[decider];
}

const char *
entry_status_name(enum entry_status status)
{
	return status_names[status];
}

static int
name_index(const char *const *names, int count, struct slice name)
{
	for (int i = 0; i < count; i++)
		if (names[i] != NULL && slice_is(name, names[i]))
			return i;
	return -1;
}

int
entry_actor_of(struct slice name)
{
	return name_index(actor_names, ENTRY_ACTORS, name);
}

int
entry_source_of(struct slice name)
{
	return name_index(source_names, ENTRY_SOURCES, name);
}

int
entry_tier_of(struct slice name)
{
	return name_index(tier_names, ENTRY_TIERS, name);
}

int
entry_decider_of(struct slice name)
{
	return name_index(decider_names, ENTRY_DECIDERS, name);
}

int
entry_status_of(struct slice name)
{
	return name_index(status_names, ENTRY_STATUSES, name);
}

/* [A-Za-z0-9._:@/+-] */
static const bool name_characters[256] = {
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	['0' ... '9'] = true,
	['.'] = true,
	['_'] = true,
	[':'] = true,
	['@'] = true,
	['/'] = true,
	['+'] = true,
	['-'] = true,
};

bool
entry_is_name(struct slice text)
{
	if (text.len < 1 || text.len > ENTRY_NAME_BYTES || text.data[0] == '-')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!name_characters[(unsigned char)text.data[i]])
			return false;
	return true;
}

bool
entry_is_capability(struct slice text)
{
	return entry_is_name(text) && memchr(text.data, '.', text.len) != NULL;
}

bool
entry_is_reserved(struct slice capability)
{
	static const char *const families[] = {
		"log.",
		"audit.",
		"approval.",
		"alerts.",
		"rate_limit.",
		"policy.",
		"proxy.",
		"ingest.",
		"account.",
		"token.",
	};
	static const char *const names[] = {
		"session.start",
		"session.end",
		"agent.create",
		"agent.rotate",
		"agent.revoke",
	};

	if (slice_is(capability, "alerts.send"))
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (slice_starts_with(capability, slice_of(families[i])))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_is(capability, names[i]))
			return true;
	return false;
}

bool
entry_is_permanent(struct slice capability)
{
	return slice_starts_with(capability, SLICE_LITERAL("audit.")) ||
	       slice_starts_with(capability, SLICE_LITERAL("log."));
}

/* --- writing -------------------------------------------------------------- */

static void
add_string(struct buf *out, const char *key, struct slice value)
{
	if (value.data == NULL)
		return;
	buf_add_str(out, key);
	buf_add_slice(out, value);
	buf_add_char(out, '"');
}

static void
add_word(struct buf *out, const char *key, const char *word)
{
	add_string(out, key, slice_of(word));
}

static void
add_time(struct buf *out, const char *key, usec_t time)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(time, text);
	add_string(out, key, (struct slice){ text, CLOCK_TEXT_SIZE - 1 });
}

static void
add_hash(struct buf *out, const char *key,
    const unsigned char hash[static SHA256_BYTES])
{
	buf_add_str(out, key);
	buf_add_hex(out, hash, SHA256_BYTES);
	buf_add_char(out, '"');
}

void
entry_compose(struct sha256 *sha256, struct entry *entry, struct slice payload,
    struct buf *out)
{
	size_t begin = out->len;
	struct slice head;

	assert(payload.len > 0);
	sha256_digest(sha256, payload, entry->payload_hash);
	buf_reserve(out, payload.len + 1024);
	buf_add_str(out, "{\"seq\":");
	buf_add_u64(out, entry->seq);
	add_time(out, ",\"recorded_at\":\"", entry->recorded_at);
	add_time(out, ",\"time\":\"", entry->time);
	if (entry->is_clamped)
		add_time(out, ",\"time_clamped\":\"", entry->time_clamped);
	buf_add_str(out, ",\"uid\":");
	buf_add_u64(out, entry->uid);
	add_word(out, ",\"source\":\"", source_names[entry->source]);
	add_word(out, ",\"actor_type\":\"", actor_names[entry->actor]);
	if (entry->actor != ENTRY_SYSTEM)
		add_string(out,
		    entry->actor == ENTRY_AGENT ? ",\"agent_name\":\""
						: ",\"user_name\":\"",
		    entry->actor_name);
	add_string(out, ",\"session_id\":\"", entry->session_id);
	add_string(out, ",\"call_id\":\"", entry->call_id);
	add_string(out, ",\"parent_call_id\":\"", entry->parent_call_id);
	add_string(out, ",\"trace_id\":\"", entry->trace_id);
	add_string(out, ",\"capability\":\"", entry->capability);
	add_word(out, ",\"policy_tier\":\"", tier_names[entry->tier]);
	add_word(out, ",\"decided_by\":\"", decider_names[entry->decider]);
	add_word(out, ",\"status\":\"", status_names[entry->status]);
	if (entry->duration_ms.data != NULL) {
		buf_add_str(out, ",\"duration_ms\":");
		buf_add_slice(out, entry->duration_ms);
	}
	add_hash(out, ",\"payload_hash\":\"", entry->payload_hash);
	add_hash(out, ",\"prev_hash\":\"", entry->prev_hash);

	head = (struct slice){ out->data + begin, out->len - begin };
	sha256_digest(sha256, head, entry->entry_hash);
	add_hash(out, HASH_KEY, entry->entry_hash);
	buf_add_char(out, ',');
	buf_add_slice(out, payload);
	buf_add_str(out, "}\n");
}

/* --- reading -------------------------------------------------------------- */

/* A place in a line, and the first thing that was wrong there. */
struct parser {
	struct slice line;
	size_t at;
	struct error *err;
};

static int
parser_fail(struct parser *parser, const char *field, const char *what)
{
	return error_set_field(parser->err, ERROR_CORRUPT, field,
	    "byte %zu: %s%s%s", parser->at, field, *field == '\0' ? "" : ": ",
	    what);
}

/* Pass over `literal` if it stands here. */
static bool
parser_take(struct parser *parser, struct slice literal)
{
	struct slice rest = { parser->line.data + parser->at,
		parser->line.len - parser->at };

	if (!slice_starts_with(rest, literal))
		return false;
	parser->at += literal.len;
	return true;
}

#define TAKE(parser, literal) parser_take(parser, SLICE_LITERAL(literal))

/* The bytes up to the next '"', and pass over it. */
static int
parser_quoted(struct parser *parser, const char *field, struct slice *ret)
{
	const char *from = parser->line.data + parser->at;
	const char *quote = memchr(from, '"', parser->line.len - parser->at);

	if (quote == NULL)
		return parser_fail(parser, field, "its end is missing");
	*ret = (struct slice){ from, (size_t)(quote - from) };
	parser->at += ret->len + 1;
	return 0;
}

static int
parser_u64(
    struct parser *parser, const char *field, uint64_t max, uint64_t *ret)
{
	struct slice digits = { parser->line.data + parser->at, 0 };

	while (parser->at + digits.len < parser->line.len &&
	       digits.data[digits.len] >= '0' && digits.data[digits.len] <= '9')
		digits.len++;
	if (number_parse_u64(digits, 0, max, ret) == -1 ||
	    (digits.len > 1 && digits.data[0] == '0'))
		return parser_fail(parser, field, "not a number of its range");
	parser->at += digits.len;
	return 0;
}

static int
parser_time(struct parser *parser, const char *field, usec_t *ret)
{
	struct slice text;
	struct error ignored;

	if (parser_quoted(parser, field, &text) == -1)
		return -1;
	/* One form: clock_parse() knows more of them. */
	if (text.len != CLOCK_TEXT_SIZE - 1 || text.data[10] != 'T' ||
	    text.data[19] != '.' || text.data[26] != 'Z' ||
	    clock_parse(text, ret, &ignored) == -1)
		return parser_fail(
		    parser, field, "not a time of the log's form");
	return 0;
}

static int
parser_name(struct parser *parser, const char *field, struct slice *ret)
{
	if (parser_quoted(parser, field, ret) == -1)
		return -1;
	if (!entry_is_name(*ret))
		return parser_fail(parser, field, "not a name");
	return 0;
}

static int
parser_word(struct parser *parser, const char *field,
    int (*index_of)(struct slice), int *ret)
{
	struct slice word;

	if (parser_quoted(parser, field, &word) == -1)
		return -1;
	*ret = index_of(word);
	if (*ret == -1)
		return parser_fail(parser, field, "there is no such word");
	return 0;
}

static int
parser_hash(struct parser *parser, const char *field,
    unsigned char ret[static SHA256_BYTES])
{
	struct slice hex;

	if (parser_quoted(parser, field, &hex) == -1)
		return -1;
	if (sha256_parse_hex(hex, ret) == -1)
		return parser_fail(parser, field, "not 64 hex digits");
	return 0;
}

static int
parser_front(struct parser *parser, struct entry *entry)
{
	if (!TAKE(parser, "{\"seq\":"))
		return parser_fail(parser, "seq", "missing");
	if (parser_u64(parser, "seq", UINT64_MAX, &entry->seq) == -1)
		return -1;
	if (!TAKE(parser, ",\"recorded_at\":\""))
		return parser_fail(parser, "recorded_at", "missing");
	return parser_time(parser, "recorded_at", &entry->recorded_at);
}

static int
parser_origin(struct parser *parser, struct entry *entry)
{
	uint64_t uid;
	int index;

	if (!TAKE(parser, ",\"time\":\""))
		return parser_fail(parser, "time", "missing");
	if (parser_time(parser, "time", &entry->time) == -1)
		return -1;
	entry->is_clamped = TAKE(parser, ",\"time_clamped\":\"");
	if (entry->is_clamped &&
	    parser_time(parser, "time_clamped", &entry->time_clamped) == -1)
		return -1;
	if (!TAKE(parser, ",\"uid\":"))
		return parser_fail(parser, "uid", "missing");
	if (parser_u64(parser, "uid", UINT32_MAX, &uid) == -1)
		return -1;
	entry->uid = (uint32_t)uid;
	if (!TAKE(parser, ",\"source\":\""))
		return parser_fail(parser, "source", "missing");
	if (parser_word(parser, "source", entry_source_of, &index) == -1)
		return -1;
	entry->source = (enum entry_source)index;
	return 0;
}

static int
parser_actor(struct parser *parser, struct entry *entry)
{
	int index;

	if (!TAKE(parser, ",\"actor_type\":\""))
		return parser_fail(parser, "actor_type", "missing");
	if (parser_word(parser, "actor_type", entry_actor_of, &index) == -1)
		return -1;
	entry->actor = (enum entry_actor)index;
	if (entry->actor == ENTRY_AGENT) {
		if (!TAKE(parser, ",\"agent_name\":\""))
			return parser_fail(parser, "agent_name", "missing");
		return parser_name(parser, "agent_name", &entry->actor_name);
	}
	if (entry->actor == ENTRY_USER) {
		if (!TAKE(parser, ",\"user_name\":\""))
			return parser_fail(parser, "user_name", "missing");
		return parser_name(parser, "user_name", &entry->actor_name);
	}
	return 0;
}

static int
parser_ids(struct parser *parser, struct entry *entry)
{
	if (TAKE(parser, ",\"session_id\":\"") &&
	    parser_name(parser, "session_id", &entry->session_id) == -1)
		return -1;
	if (TAKE(parser, ",\"call_id\":\"") &&
	    parser_name(parser, "call_id", &entry->call_id) == -1)
		return -1;
	if (TAKE(parser, ",\"parent_call_id\":\"") &&
	    parser_name(parser, "parent_call_id", &entry->parent_call_id) == -1)
		return -1;
	if (TAKE(parser, ",\"trace_id\":\"") &&
	    parser_name(parser, "trace_id", &entry->trace_id) == -1)
		return -1;
	return 0;
}

/* The bytes of a number, to the comma behind it; its digits are kept. */
static int
parser_duration(struct parser *parser, struct slice *ret)
{
	struct slice text = { parser->line.data + parser->at, 0 };
	double ignored;

	while (parser->at + text.len < parser->line.len &&
	       text.data[text.len] != ',')
		text.len++;
	if (text.len > ENTRY_NAME_BYTES ||
	    number_parse_double(text, 0, 1e15, &ignored) == -1)
		return parser_fail(
		    parser, "duration_ms", "not a number of its range");
	parser->at += text.len;
	*ret = text;
	return 0;
}

static int
parser_outcome(struct parser *parser, struct entry *entry)
{
	int index;

	if (!TAKE(parser, ",\"capability\":\""))
		return parser_fail(parser, "capability", "missing");
	if (parser_quoted(parser, "capability", &entry->capability) == -1)
		return -1;
	if (!entry_is_capability(entry->capability))
		return parser_fail(parser, "capability", "not a capability");
	if (TAKE(parser, ",\"policy_tier\":\"")) {
		if (parser_word(parser, "policy_tier", entry_tier_of, &index) ==
		    -1)
			return -1;
		entry->tier = (enum entry_tier)index;
	}
	if (TAKE(parser, ",\"decided_by\":\"")) {
		if (parser_word(
			parser, "decided_by", entry_decider_of, &index) == -1)
			return -1;
		entry->decider = (enum entry_decider)index;
	}
	if (!TAKE(parser, ",\"status\":\""))
		return parser_fail(parser, "status", "missing");
	if (parser_word(parser, "status", entry_status_of, &index) == -1)
		return -1;
	entry->status = (enum entry_status)index;
	if (TAKE(parser, ",\"duration_ms\":"))
		return parser_duration(parser, &entry->duration_ms);
	return 0;
}

static int
parser_hashes(struct parser *parser, struct entry *entry)
{
	if (!TAKE(parser, ",\"payload_hash\":\""))
		return parser_fail(parser, "payload_hash", "missing");
	if (parser_hash(parser, "payload_hash", entry->payload_hash) == -1)
		return -1;
	if (!TAKE(parser, ",\"prev_hash\":\""))
		return parser_fail(parser, "prev_hash", "missing");
	if (parser_hash(parser, "prev_hash", entry->prev_hash) == -1)
		return -1;
	entry->head = (struct slice){ parser->line.data, parser->at };
	if (!TAKE(parser, HASH_KEY))
		return parser_fail(parser, "entry_hash", "missing");
	return parser_hash(parser, "entry_hash", entry->entry_hash);
}

/* `"erased_by":<seq>` and spaces to the end. */
static int
parser_erased(struct parser *parser, struct entry *entry)
{
	if (parser_u64(parser, "erased_by", UINT64_MAX, &entry->erased_by) ==
	    -1)
		return -1;
	if (entry->erased_by <= entry->seq)
		return parser_fail(parser, "erased_by", "not a later entry");
	while (TAKE(parser, " "))
		;
	return 0;
}

/* An escaped string's bytes: to the first '"' without a '\' before it. */
static int
parser_summary(struct parser *parser, struct slice *ret)
{
	const char *from = parser->line.data + parser->at;
	const char *end = parser->line.data + parser->line.len;
	const char *at = from;

	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	if (at >= end)
		return parser_fail(parser, "summary", "its end is missing");
	*ret = (struct slice){ from, (size_t)(at - from) };
	parser->at += ret->len + 1;
	return 0;
}

static int
parser_payload(struct parser *parser, struct entry *entry)
{
	struct slice salt;

	if (TAKE(parser, "\"erased_by\":"))
		return parser_erased(parser, entry);
	if (!TAKE(parser, "\"salt\":\""))
		return parser_fail(parser, "salt", "missing");
	if (parser_quoted(parser, "salt", &salt) == -1)
		return -1;
	if (salt.len != 2 * ENTRY_SALT_BYTES)
		return parser_fail(parser, "salt", "not 32 hex digits");
	if (TAKE(parser, ",\"summary\":\"") &&
	    parser_summary(parser, &entry->summary) == -1)
		return -1;
	if (TAKE(parser, ",\"request\":")) {
		/* To the line's end: nothing follows it. */
		entry->request = (struct slice){ parser->line.data + parser->at,
			parser->line.len - 1 - parser->at };
		if (entry->request.len < 2 || entry->request.data[0] != '{' ||
		    !slice_ends_with(entry->request, SLICE_LITERAL("}")))
			return parser_fail(parser, "request", "not an object");
		parser->at += entry->request.len;
	}
	return 0;
}

int
entry_parse(struct slice line, struct entry *ret_entry, struct error *err)
{
	struct parser parser = { line, 0, err };
	struct entry entry = { 0 };
	size_t payload_at;

	if (line.len > ENTRY_LINE_BYTES || line.len == 0 ||
	    line.data[line.len - 1] != '}')
		return parser_fail(&parser, "", "not a whole line of the log");
	if (parser_front(&parser, &entry) == -1 ||
	    parser_origin(&parser, &entry) == -1 ||
	    parser_actor(&parser, &entry) == -1 ||
	    parser_ids(&parser, &entry) == -1 ||
	    parser_outcome(&parser, &entry) == -1 ||
	    parser_hashes(&parser, &entry) == -1)
		return -1;
	if (!TAKE(&parser, ","))
		return parser_fail(&parser, "salt", "missing");
	payload_at = parser.at;
	if (parser_payload(&parser, &entry) == -1)
		return -1;
	entry.payload =
	    (struct slice){ line.data + payload_at, parser.at - payload_at };
	if (!TAKE(&parser, "}") || parser.at != line.len)
		return parser_fail(
		    &parser, "", "something unknown stands here");
	*ret_entry = entry;
	return 0;
}

int
entry_parse_front(struct slice line, uint64_t *ret_seq, usec_t *ret_recorded_at,
    struct error *err)
{
	struct parser parser = { line, 0, err };
	struct entry entry = { 0 };

	if (parser_front(&parser, &entry) == -1)
		return -1;
	*ret_seq = entry.seq;
	*ret_recorded_at = entry.recorded_at;
	return 0;
}

static int
hash_check(struct sha256 *sha256, struct slice bytes, const char *field,
    const unsigned char expected[static SHA256_BYTES], struct error *err)
{
	unsigned char found[SHA256_BYTES];
	struct buf words = BUF_INIT;

	sha256_digest(sha256, bytes, found);
	if (memcmp(found, expected, SHA256_BYTES) == 0)
		return 0;
	buf_add_hex(&words, expected, SHA256_BYTES);
	buf_add_str(&words, ", its bytes make ");
	buf_add_hex(&words, found, SHA256_BYTES);
	error_set_field(
	    err, ERROR_CORRUPT, field, "%s says %s", field, words.data);
	buf_free(&words);
	return -1;
}

int
entry_check(struct sha256 *sha256, const struct entry *entry, struct error *err)
{
	if (hash_check(sha256, entry->head, "entry_hash", entry->entry_hash,
		err) == -1)
		return -1;
	if (entry->erased_by != 0)
		return 0;
	return hash_check(
	    sha256, entry->payload, "payload_hash", entry->payload_hash, err);
}
