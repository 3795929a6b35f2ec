#include "base/json_reader.h"

#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/memory.h"
#include "base/text.h"

/* Up to so many members of an object, each new key is looked for among those
 * before it; beyond, all keys are sorted once the object is whole. */
enum { FEW_MEMBERS = 32 };

/* A text of a mebibyte can have half a million values, and so 25 MB of nodes:
 * more than so many are not kept for the next. */
enum { KEPT_NODES = 1 << 15 };

/* One call of json_reader_read(): `at` is the next byte to look at. */
struct parser {
	struct json_reader *reader;
	const char *start;
	const char *at;
	const char *end;
	int depth;
	struct error *err;
};

static int read_value(struct parser *parser, struct slice key);

static int
fail_at(const struct parser *parser, const char *at, enum error_code code,
    const char *what)
{
	return error_set(parser->err, code, "byte %zu: %s",
	    (size_t)(at - parser->start) + 1, what);
}

/* `what` ("a value") should stand at the place we are at. */
static int
fail_expected(const struct parser *parser, const char *what)
{
	return error_set(parser->err, ERROR_BAD_JSON,
	    parser->at == parser->end
		? "byte %zu: the text ends where %s should stand"
		: "byte %zu: %s should stand here",
	    (size_t)(parser->at - parser->start) + 1, what);
}

static inline bool
is_at(const struct parser *parser, char c)
{
	return parser->at < parser->end && *parser->at == c;
}

static inline void
skip_space(struct parser *parser)
{
	while (parser->at < parser->end &&
	       (*parser->at == ' ' || *parser->at == '\t' ||
		   *parser->at == '\n' || *parser->at == '\r'))
		parser->at++;
}

static inline uint32_t
add_node(struct parser *parser, struct slice key)
{
	struct json_reader *reader = parser->reader;

	if (reader->count == reader->capacity)
		reader->nodes = memory_grow(reader->nodes, &reader->capacity,
		    reader->count + 1, sizeof(reader->nodes[0]));
	reader->nodes[reader->count].children = 0;
	reader->nodes[reader->count].key = key;
	/* JSON_READER_BYTES keeps this far below 2^32. */
	return (uint32_t)reader->count++;
}

static inline int
end_node(struct parser *parser, uint32_t index, enum json_node_type type,
    struct slice text)
{
	struct json_node *node = parser->reader->nodes + index;

	node->type = type;
	node->next = (uint32_t)parser->reader->count;
	node->text = text;
	return 0;
}

/* Strings. */

/* On from `at` to the next quote or backslash. NULL if something stands before
 * it that has no place in a string. */
static const char *
skip_characters(const struct parser *parser, const char *at)
{
	at = json_string_skip(at, parser->end);
	if (at == parser->end)
		fail_at(parser, at, ERROR_BAD_JSON,
		    "the text ends within a string");
	else if (*at == '"' || *at == '\\')
		return at;
	else if ((*at & 0x80) != 0)
		fail_at(parser, at, ERROR_BAD_UTF8, "this is not UTF-8");
	else
		fail_at(parser, at, ERROR_BAD_JSON,
		    "a control character stands in a string");
	return NULL;
}

/* A string with escapes, from the first of them, at `at`, on. */
static int
read_escaped(
    struct parser *parser, const char *start, const char *at, struct slice *ret)
{
	struct buf *decoded = &parser->reader->decoded;
	size_t from = decoded->len;

	/* No string is longer decoded than as it stands, so this happens once a
	 * text and what nodes point to never moves. */
	if (decoded->len == 0)
		buf_reserve(decoded, (size_t)(parser->end - parser->start));
	for (;;) {
		buf_add(decoded, start, (size_t)(at - start));
		if (*at == '"')
			break;
		start = json_string_unescape(decoded, at, parser->end);
		if (start == NULL)
			return fail_at(parser, at, ERROR_BAD_JSON,
			    "there is no such escape");
		at = skip_characters(parser, start);
		if (at == NULL)
			return -1;
	}
	parser->at = at + 1;
	*ret = (struct slice){ decoded->data + from, decoded->len - from };
	return 0;
}

/* The string whose opening quote we are at. */
static inline int
read_string(struct parser *parser, struct slice *ret)
{
	const char *start = parser->at + 1;
	const char *at = json_string_skip_plain(start, parser->end);

	if (at == parser->end || *at != '"') {
		at = skip_characters(parser, at);
		if (at == NULL)
			return -1;
		if (*at == '\\')
			return read_escaped(parser, start, at, ret);
	}
	parser->at = at + 1;
	*ret = (struct slice){ start, (size_t)(at - start) };
	return 0;
}

/* Numbers and words. */

static bool
skip_digits(struct parser *parser)
{
	const char *start = parser->at;

	while (parser->at < parser->end && *parser->at >= '0' &&
	       *parser->at <= '9')
		parser->at++;
	return parser->at > start;
}

/* RFC 8259 §6: [ "-" ] int [ frac ] [ exp ]; ints have no leading zero. */
static int
read_number(struct parser *parser, uint32_t index)
{
	const char *start = parser->at;

	if (is_at(parser, '-'))
		parser->at++;
	if (is_at(parser, '0'))
		parser->at++;
	else if (!skip_digits(parser))
		return fail_expected(
		    parser, parser->at > start ? "a digit" : "a value");
	if (is_at(parser, '.')) {
		parser->at++;
		if (!skip_digits(parser))
			return fail_expected(parser, "a digit");
	}
	if (is_at(parser, 'e') || is_at(parser, 'E')) {
		parser->at++;
		if (is_at(parser, '+') || is_at(parser, '-'))
			parser->at++;
		if (!skip_digits(parser))
			return fail_expected(parser, "a digit");
	}
	return end_node(parser, index, JSON_NUMBER,
	    (struct slice){ start, (size_t)(parser->at - start) });
}

static int
read_word(struct parser *parser, uint32_t index, enum json_node_type type,
    struct slice word)
{
	struct slice rest = { parser->at, (size_t)(parser->end - parser->at) };

	if (!slice_starts_with(rest, word))
		return fail_expected(parser, "a value");
	parser->at += word.len;
	return end_node(
	    parser, index, type, (struct slice){ rest.data, word.len });
}

/* Keys that come twice. */

static int
fail_duplicate(
    const struct parser *parser, const char *object, struct slice key)
{
	cleanup(buf_free) struct buf name = BUF_INIT;
	cleanup(buf_free) struct buf quoted = BUF_INIT;

	text_add_quoted(&quoted, key);
	key.len = text_cut(key, ERROR_FIELD_SIZE);
	text_add_visible(&name, key, TEXT_ONE_LINE);
	return error_set_field(parser->err, ERROR_DUPLICATE_KEY, name.data,
	    "byte %zu: the object that begins here has the key %s twice",
	    (size_t)(object - parser->start) + 1, quoted.data);
}

/* One bit of 64 for a key: keys with different bits are different. */
static inline uint64_t
bit_of(struct slice key)
{
	unsigned char first, last;

	if (key.len == 0)
		return 1;
	first = (unsigned char)key.data[0];
	last = (unsigned char)key.data[key.len - 1];
	return (uint64_t)1 << ((first * 7u + last * 3u + key.len * 5u) & 63);
}

static bool
is_among_members(
    const struct json_reader *reader, uint32_t object, struct slice key)
{
	for (size_t i = object + 1; i < reader->count;
	     i = reader->nodes[i].next)
		if (slice_equal(reader->nodes[i].key, key))
			return true;
	return false;
}

static int
compare_keys(const void *a, const void *b, void *nodes)
{
	struct slice left = ((struct json_node *)nodes)[*(const size_t *)a].key;
	struct slice right =
	    ((struct json_node *)nodes)[*(const size_t *)b].key;

	if (left.len != right.len)
		return left.len < right.len ? -1 : 1;
	return memcmp(left.data, right.data, left.len);
}

/* The members of a whole object, sorted, so that equal keys are neighbours. A
 * sort has no bad case that could be sent to us, as a hash has. */
static int
check_many_keys(struct parser *parser, uint32_t object, uint32_t children,
    const char *start)
{
	struct json_reader *reader = parser->reader;
	size_t *sorted = memory_grow(reader->scratch, &reader->scratch_capacity,
	    children, sizeof(sorted[0]));
	size_t count = 0;

	reader->scratch = sorted;
	for (size_t i = object + 1; i < reader->count;
	     i = reader->nodes[i].next)
		sorted[count++] = i;
	qsort_r(sorted, count, sizeof(sorted[0]), compare_keys, reader->nodes);
	for (size_t i = 1; i < count; i++)
		if (compare_keys(sorted + i - 1, sorted + i, reader->nodes) ==
		    0)
			return fail_duplicate(
			    parser, start, reader->nodes[sorted[i]].key);
	return 0;
}

/* Arrays and objects. */

static int
read_member(struct parser *parser, uint32_t object, uint32_t children,
    const char *start, uint64_t *seen)
{
	struct slice key;
	uint64_t bit;

	if (!is_at(parser, '"'))
		return fail_expected(parser, "a key");
	if (read_string(parser, &key) == -1)
		return -1;
	bit = bit_of(key);
	if ((*seen & bit) != 0 && children < FEW_MEMBERS &&
	    is_among_members(parser->reader, object, key))
		return fail_duplicate(parser, start, key);
	*seen |= bit;
	skip_space(parser);
	if (!is_at(parser, ':'))
		return fail_expected(parser, "a colon");
	parser->at++;
	return read_value(parser, key);
}

/* What stands between the brackets, from the opening one on. */
static int
read_members(struct parser *parser, uint32_t index, bool object)
{
	const char *start = parser->at++;
	char bracket = object ? '}' : ']';
	uint32_t children = 0;
	uint64_t seen = 0;

	skip_space(parser);
	while (!is_at(parser, bracket) || children > 0) {
		int result =
		    object ? read_member(parser, index, children, start, &seen)
			   : read_value(parser, (struct slice){ NULL, 0 });

		if (result == -1)
			return -1;
		children++;
		skip_space(parser);
		if (is_at(parser, bracket))
			break;
		if (!is_at(parser, ','))
			return fail_expected(parser,
			    object ? "a comma or '}'" : "a comma or ']'");
		parser->at++;
		skip_space(parser);
	}
	parser->at++;
	if (object && children > FEW_MEMBERS &&
	    check_many_keys(parser, index, children, start) == -1)
		return -1;
	parser->reader->nodes[index].children = children;
	return end_node(parser, index, object ? JSON_OBJECT : JSON_ARRAY,
	    (struct slice){ start, (size_t)(parser->at - start) });
}

static int
read_nested(struct parser *parser, uint32_t index, bool object)
{
	int result;

	if (parser->depth == JSON_READER_DEPTH)
		return fail_at(parser, parser->at, ERROR_TOO_DEEP,
		    "arrays and objects are nested too deep");
	parser->depth++;
	result = read_members(parser, index, object);
	parser->depth--;
	return result;
}

static int
read_value(struct parser *parser, struct slice key)
{
	uint32_t index = add_node(parser, key);
	struct slice text;

	skip_space(parser);
	if (parser->at == parser->end)
		return fail_expected(parser, "a value");
	switch (*parser->at) {
	case '"':
		if (read_string(parser, &text) == -1)
			return -1;
		return end_node(parser, index, JSON_STRING, text);
	case '{':
		return read_nested(parser, index, true);
	case '[':
		return read_nested(parser, index, false);
	case 't':
		return read_word(
		    parser, index, JSON_TRUE, SLICE_LITERAL("true"));
	case 'f':
		return read_word(
		    parser, index, JSON_FALSE, SLICE_LITERAL("false"));
	case 'n':
		return read_word(
		    parser, index, JSON_NULL, SLICE_LITERAL("null"));
	default:
		return read_number(parser, index);
	}
}

static int
read_text(struct parser *parser)
{
	size_t len = (size_t)(parser->end - parser->start);

	if (len > JSON_READER_BYTES)
		return error_set(parser->err, ERROR_TOO_LONG,
		    "the text has %zu bytes, more than %d", len,
		    JSON_READER_BYTES);
	if (read_value(parser, (struct slice){ NULL, 0 }) == -1)
		return -1;
	skip_space(parser);
	if (parser->at < parser->end)
		return fail_at(parser, parser->at, ERROR_BAD_JSON,
		    "something follows the value");
	return 0;
}

int
json_reader_read(
    struct json_reader *reader, struct slice text, struct error *err)
{
	const char *start = text.data == NULL ? "" : text.data;
	struct parser parser = {
		.reader = reader,
		.start = start,
		.at = start,
		.end = start + text.len,
		.err = err,
	};

	if (reader->capacity > KEPT_NODES)
		json_reader_free(reader);
	reader->count = 0;
	buf_reset(&reader->decoded);
	if (read_text(&parser) == 0)
		return 0;
	reader->count = 0;
	return -1;
}

void
json_reader_free(struct json_reader *reader)
{
	free(reader->nodes);
	free(reader->scratch);
	buf_free(&reader->decoded);
	*reader = (struct json_reader)JSON_READER_INIT;
}

const struct json_node *
json_reader_member(const struct json_reader *reader,
    const struct json_node *parent, const char *key)
{
	struct slice wanted = slice_of(key);
	const struct json_node *member;

	if (parent->type != JSON_OBJECT)
		return NULL;
	for (member = json_reader_first(reader, parent); member != NULL;
	     member = json_reader_next(reader, parent, member))
		if (slice_equal(member->key, wanted))
			return member;
	return NULL;
}

const char *
json_type_name(enum json_node_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_FALSE] = "false",
		[JSON_TRUE] = "true",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[type];
}
