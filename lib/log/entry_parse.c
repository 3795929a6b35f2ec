/* entry_parse() and entry_parse_front(): a line into its fields, strictly by
 * the format that stands at the head of entry.h. */
#include "log/entry.h"

#include "base/number.h"

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

/* What is in quotes here is wrong: that, or that their end is missing. */
static int
parser_fail_quoted(struct parser *parser, const char *field, const char *what)
{
	struct slice ignored;

	if (parser_quoted(parser, field, &ignored) == -1)
		return -1;
	return parser_fail(parser, field, what);
}

/* The next `len` bytes, if a '"' stands behind them: nothing is searched where
 * a field has one length alone, and holds no quotes. */
static bool
parser_measured(const struct parser *parser, size_t len, struct slice *ret)
{
	const char *from = parser->line.data + parser->at;

	*ret = (struct slice){ from, len };
	return parser->line.len - parser->at > len && from[len] == '"';
}

static int
parser_u64(struct parser *parser, const char *field, uint64_t min, uint64_t max,
    uint64_t *ret)
{
	struct slice digits = { parser->line.data + parser->at, 0 };

	while (parser->at + digits.len < parser->line.len &&
	       digits.data[digits.len] >= '0' && digits.data[digits.len] <= '9')
		digits.len++;
	if (number_parse_u64(digits, min, max, ret) == -1 ||
	    (digits.len > 1 && digits.data[0] == '0'))
		return parser_fail(parser, field, "not a number of its range");
	parser->at += digits.len;
	return 0;
}

static int
parser_time(struct parser *parser, const char *field, usec_t *ret)
{
	struct slice text;

	if (parser_measured(parser, CLOCK_TEXT_SIZE - 1, &text) &&
	    clock_parse_formatted(text, ret) == 0) {
		parser->at += text.len + 1;
		return 0;
	}
	return parser_fail_quoted(
	    parser, field, "not a time of the log's form");
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

	if (parser_measured(parser, SHA256_HEX, &hex) &&
	    sha256_parse_hex(hex, ret) == 0) {
		parser->at += hex.len + 1;
		return 0;
	}
	return parser_fail_quoted(parser, field, "not 64 hex digits");
}

static int
parser_front(struct parser *parser, struct entry *entry)
{
	if (!TAKE(parser, "{\"seq\":"))
		return parser_fail(parser, "seq", "missing");
	if (parser_u64(parser, "seq", 1, UINT64_MAX, &entry->seq) == -1)
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
	if (parser_u64(parser, "uid", 0, UINT32_MAX, &uid) == -1)
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
	if (!TAKE(parser, ",\"entry_hash\":\""))
		return parser_fail(parser, "entry_hash", "missing");
	return parser_hash(parser, "entry_hash", entry->entry_hash);
}

/* `"erased_by":<seq>` and spaces to the end. */
static int
parser_erased(struct parser *parser, struct entry *entry)
{
	if (parser_u64(parser, "erased_by", 1, UINT64_MAX, &entry->erased_by) ==
	    -1)
		return -1;
	if (entry->erased_by <= entry->seq)
		return parser_fail(parser, "erased_by", "not a later entry");
	while (TAKE(parser, " "))
		;
	return 0;
}

/* An escaped string's bytes: to the first '"' that no '\' escapes, so that
 * has an even number of them before it. */
static int
parser_summary(struct parser *parser, struct slice *ret)
{
	size_t begin = parser->at, escapes;
	struct slice part;

	do {
		if (parser_quoted(parser, "summary", &part) == -1) {
			parser->at = begin;
			return parser_fail(
			    parser, "summary", "its end is missing");
		}
		escapes = 0;
		while (escapes < part.len &&
		       part.data[part.len - 1 - escapes] == '\\')
			escapes++;
	} while (escapes % 2 == 1);
	*ret =
	    (struct slice){ parser->line.data + begin, parser->at - 1 - begin };
	return 0;
}

/* No branch a digit: they are random, so half of the guesses are wrong. */
static bool
is_salt(struct slice text)
{
	unsigned char wrong = 0;

	if (text.len != 2 * ENTRY_SALT_BYTES)
		return false;
	for (size_t i = 0; i < 2 * ENTRY_SALT_BYTES; i++) {
		unsigned char number = (unsigned char)(text.data[i] - '0');
		unsigned char letter = (unsigned char)(text.data[i] - 'a');

		wrong |= number < 10 || letter < 6 ? 0 : 1;
	}
	return wrong == 0;
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
	if (!is_salt(salt))
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
